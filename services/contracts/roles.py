"""Who may what, the one table of it: the gateway asks it at the door, the services at the desk.

Roles are named here; whose department, whose order and which area are the services' own rules. `admin` may everything
within his area and is named nowhere. What has no row opens to nobody.
"""

from __future__ import annotations

from services.contracts import (
    cameras,
    care,
    frontdesk,
    identity,
    insight,
    meters,
    party,
    property,
    registry,
    tasks,
    volunteers,
)
from services.contracts.messages import Command, Query

Roles = tuple[str, ...]
Contract = type[Command] | type[Query]

ANYONE = None
"""The public."""
SIGNED_IN: Roles = ()
"""Any account, for what is its own."""

DEPARTMENT: Roles = ("officer", "manager", "coordinator")
"""Who works in a department, for its own part of things."""
LEADS: Roles = ("manager", "coordinator")
DESK: Roles = ("clerk", "supervisor")
"""The front desk: takes every case of its area through its life."""
WATCHERS: Roles = ("supervisor", "auditor")
STAFF: Roles = (*DEPARTMENT, *DESK, "auditor")
"""Everybody who is employed to look; not a kiosk, not a company, not a device."""
SENDERS: Roles = ("device", "company", "terminal", "operator")
"""Whose readings and alarms are taken in over HTTP."""

ADMIN: Roles = ("admin",)
CREW: Roles = (*DEPARTMENT, "company")
COUNTER: Roles = (*CREW, *DESK, "terminal")
"""Where a resident asks property management for something."""
KEEPERS: Roles = (*DESK, "officer")
"""Who writes in the registry."""

MAY: dict[Contract, Roles | None] = {
    # -- front desk ------------------------------------------------------------------------------------
    frontdesk.ListMatters: ANYONE,
    frontdesk.GetMatter: ANYONE,
    frontdesk.GetCaseByToken: ANYONE,
    frontdesk.FileCase: ("terminal", "clerk", "company"),
    frontdesk.RegisterMaterial: ("terminal", "clerk", "company", *DEPARTMENT),
    # A terminal in the hall is anybody's: beyond filing it needs the receipt's token, like the resident himself.
    frontdesk.ListCases: (*STAFF, "company"),
    frontdesk.GetCase: (*STAFF, "company"),
    frontdesk.ListHistory: (*STAFF, "company"),
    frontdesk.SupplementCase: DESK,
    frontdesk.UrgeCase: DESK,
    frontdesk.WithdrawCase: DESK,
    frontdesk.RateCase: DESK,
    frontdesk.ReopenCase: DESK,
    frontdesk.RecordCallback: DESK,
    frontdesk.MergeCase: DESK,
    frontdesk.AnswerCase: DESK,
    frontdesk.DeclineCase: DESK,
    frontdesk.HandToEmergency: DESK,
    frontdesk.SuperviseCase: ("supervisor",),
    frontdesk.DecideReturn: DESK,
    frontdesk.DecideExtension: DESK,
    # -- front desk: care ------------------------------------------------------------------------------
    care.ListCallbacks: STAFF,
    care.RecordContact: (*DEPARTMENT, *DESK),
    care.ListHolders: STAFF,
    care.HandInLater: DESK,
    care.AskReview: DESK,
    care.ListTroubles: (*DESK, "auditor", "operator"),
    care.FixTrouble: ("supervisor", "operator"),
    care.RetryTrouble: ("supervisor", "operator"),
    care.RetryTroubles: ("supervisor", "operator"),
    # -- trays -----------------------------------------------------------------------------------------
    tasks.ListTasks: (*DEPARTMENT, *DESK),
    tasks.GetTask: (*DEPARTMENT, *DESK),
    tasks.SignTask: DEPARTMENT,
    tasks.StartTask: DEPARTMENT,
    tasks.FinishTask: DEPARTMENT,
    tasks.ReturnTask: DEPARTMENT,
    tasks.ExtendTask: LEADS,  # by the unit's head
    tasks.AskSupplement: DEPARTMENT,
    # -- property --------------------------------------------------------------------------------------
    property.ReportRepair: COUNTER,
    property.ListRepairs: (*CREW, *DESK, "auditor"),
    property.GetRepair: (*COUNTER, "auditor"),
    property.GradeRepair: (*CREW, *DESK),
    property.AssignRepair: (*DEPARTMENT, "supervisor"),
    property.GrabRepair: CREW,
    property.TransferRepair: (*CREW, "supervisor"),
    property.ArriveRepair: (*CREW, "supervisor"),
    property.QuoteRepair: (*CREW, "supervisor"),
    property.AcceptQuote: COUNTER,
    property.FinishRepair: (*CREW, "supervisor"),
    property.ConfirmRepair: COUNTER,
    property.RateRepair: COUNTER,
    property.GetHousehold: (*CREW, *DESK, "auditor"),
    property.GetFeeAccount: (*CREW, *DESK, "auditor"),
    property.ListArrears: (*CREW, *WATCHERS),
    property.ChargeFees: (*LEADS, "supervisor"),
    property.PayFee: COUNTER,
    # -- cameras ---------------------------------------------------------------------------------------
    cameras.ListCameras: (*STAFF, "operator"),
    cameras.GetCamera: (*STAFF, "operator"),
    cameras.ListAlarms: (*STAFF, "operator"),
    cameras.RegisterCamera: DEPARTMENT,
    cameras.RetireCamera: DEPARTMENT,
    cameras.AcknowledgeAlarm: DEPARTMENT,
    cameras.ClearAlarm: DEPARTMENT,
    cameras.RequestViewing: (*DEPARTMENT, "clerk"),
    cameras.ApproveViewing: (*LEADS, "supervisor"),
    cameras.NoteLookup: (*DEPARTMENT, *WATCHERS),
    cameras.ListViewings: (*DEPARTMENT, *WATCHERS),
    cameras.GetViewing: (*DEPARTMENT, *WATCHERS),
    cameras.CheckLookups: (*DEPARTMENT, *WATCHERS),
    cameras.ListGrants: (*DEPARTMENT, *DESK, "auditor"),
    # -- party -----------------------------------------------------------------------------------------
    party.GetTree: STAFF,
    party.ListMembers: (*DEPARTMENT, *WATCHERS),
    party.ListDuties: (*DEPARTMENT, *WATCHERS),
    party.RegisterUnit: DEPARTMENT,
    party.EnrolMember: DEPARTMENT,
    party.AdvanceMember: DEPARTMENT,
    party.ReceiveMember: DEPARTMENT,
    party.TransferMember: DEPARTMENT,
    party.ReportMember: DEPARTMENT,
    party.TakeDuty: DEPARTMENT,
    party.MeetDuty: DEPARTMENT,
    # -- volunteers ------------------------------------------------------------------------------------
    volunteers.GetVolunteerRecord: ANYONE,
    volunteers.ListVolunteers: (*DEPARTMENT, *WATCHERS),
    volunteers.ListDispatches: (*DEPARTMENT, *WATCHERS),
    volunteers.RegisterVolunteer: (*DEPARTMENT, "clerk"),
    volunteers.AcceptDispatch: DEPARTMENT,
    volunteers.DeclineDispatch: DEPARTMENT,
    volunteers.ReportVisit: DEPARTMENT,
    volunteers.ConfirmHours: DEPARTMENT,
    volunteers.DisputeHours: DEPARTMENT,
    # -- meters ----------------------------------------------------------------------------------------
    meters.ListReadings: (*STAFF, "operator"),
    meters.ListMeters: (*STAFF, "operator"),
    meters.GetMeter: (*STAFF, "operator"),
    meters.ReadSensorThings: (*STAFF, "operator"),
    meters.GetAccount: STAFF,
    meters.ListFindings: STAFF,
    meters.GetConsumption: STAFF,
    meters.ListVeeFindings: STAFF,
    meters.ListEdits: STAFF,
    meters.ListRegisters: STAFF,
    meters.ListQuarantine: DEPARTMENT,
    meters.ListTariffs: STAFF,
    meters.ListBills: STAFF,
    meters.GetBill: STAFF,
    meters.GetAccountLedger: STAFF,
    meters.ListBillRuns: (*DEPARTMENT, *WATCHERS),
    meters.GetBillRun: (*DEPARTMENT, *WATCHERS),
    meters.EditReading: DEPARTMENT,
    meters.RevertEdit: DEPARTMENT,
    meters.SetRegister: DEPARTMENT,
    meters.ExchangeMeter: DEPARTMENT,
    meters.ReleaseReading: DEPARTMENT,
    meters.DismissReading: DEPARTMENT,
    meters.RunBills: DEPARTMENT,
    meters.IssueBills: DEPARTMENT,
    meters.DisputeBill: (*DEPARTMENT, "clerk"),
    meters.SettleDispute: DEPARTMENT,
    meters.CorrectBill: DEPARTMENT,
    meters.CancelBill: DEPARTMENT,
    meters.SetTariff: DEPARTMENT,
    meters.RegisterMeter: DEPARTMENT,
    meters.AcknowledgeFinding: DEPARTMENT,
    meters.SetWelfareRule: DEPARTMENT,
    meters.SetAway: DEPARTMENT,
    # -- registry --------------------------------------------------------------------------------------
    registry.ListGrids: STAFF,
    registry.GridMap: STAFF,
    registry.ListBuildings: STAFF,
    registry.ListHouseholds: STAFF,
    registry.GetHousehold: STAFF,
    registry.FindResidents: STAFF,
    registry.ListLooks: WATCHERS,
    registry.Prefill: (*KEEPERS, "terminal"),
    registry.ImportGrids: ("supervisor",),
    registry.AddBuilding: KEEPERS,
    registry.AddHousehold: KEEPERS,
    registry.RegisterResident: KEEPERS,
    registry.MoveIn: KEEPERS,
    registry.MoveOut: KEEPERS,
    registry.SetContact: KEEPERS,
    registry.RecordConsent: (*KEEPERS, "terminal"),
    registry.LookAtResident: KEEPERS,
    # -- insight ---------------------------------------------------------------------------------------
    insight.GetOverview: STAFF,
    insight.GetDepartments: STAFF,
    insight.GetGrids: STAFF,
    insight.ListBehind: STAFF,
    insight.RebuildReadModels: ADMIN,
    # -- identity --------------------------------------------------------------------------------------
    identity.Login: ANYONE,
    identity.Refresh: ANYONE,
    identity.Logout: ANYONE,
    identity.GetAccount: SIGNED_IN,
    identity.SetPassword: SIGNED_IN,
    identity.ListAccounts: ADMIN,
    identity.CreateAccount: ADMIN,
    identity.RevokeAccount: ADMIN,
    identity.CreateApiKey: ADMIN,
    identity.RevokeApiKey: SIGNED_IN,
    identity.ListDevices: (*DEPARTMENT, "supervisor", "operator"),
    identity.RegisterDevice: ("operator",),
    identity.RevokeDevice: ("operator",),
    identity.ListAccesses: ("auditor",),
}

WHOLE: dict[Contract, Roles] = {
    frontdesk.GetCase: (*DEPARTMENT, *DESK),  # the form; the applicant to the clerk
    tasks.GetTask: (*DEPARTMENT, *DESK),  # the form and the applicant
    property.GetHousehold: DEPARTMENT,  # the members, to property management
    property.GetRepair: DEPARTMENT,  # who reported it, to property management
    cameras.ListGrants: (*DEPARTMENT, *DESK, "auditor"),  # whose door and whose car
    meters.GetAccount: STAFF,  # the holder's name
}
"""Questions whose answer holds whole personal values, and to whom; each such look is noted in the access log.

Everywhere else persons are masked (袁*, 135****0000). Three orders hand out whole values too and keep their own record:
LookAtResident and Prefill in the registry's list of looks, and a volunteer's visit as its dispatch.
"""


def may(contract: Contract) -> Roles:
    """The roles that may, as a service asks for them: with the administrator."""
    return (*(MAY[contract] or ()), *ADMIN)
