"""Who may what, the one table of it: the gateway asks it at the door, the services at the desk.

Roles are named here; whose department, whose order and which area are the services' own rules. `admin` may everything
within his area and is named nowhere. What has no row opens to nobody.
"""

from __future__ import annotations

from services.contracts import (
    approvals,
    cameras,
    census,
    certificates,
    channels,
    classes,
    estates,
    events,
    frontdesk,
    gridmap,
    identity,
    insight,
    intake,
    meters,
    party,
    property,
    registry,
    tasks,
    trials,
    volunteers,
    webhooks,
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

# census: a house of its own (docs/decisions/0012); who works in it has these roles and needs no other.
CENSUS: Roles = ("enumerator", "census-leader")
CENSUS_LEADER: Roles = ("census-leader",)
SHUT = ("census",)
"""Offices whose rows the administrator may not open either: he appoints who works there and sees nothing of it."""

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
    # -- approvals -------------------------------------------------------------------------------------
    approvals.ListApprovals: ANYONE,
    approvals.RevokeApproval: ("supervisor",),
    # -- certificates ----------------------------------------------------------------------------------
    certificates.ListBlockedCertificates: ANYONE,
    certificates.VerifyCertificate: ANYONE,
    certificates.ListCertificates: STAFF,
    certificates.GetCertificateDocument: ("officer", *DESK),
    certificates.IssueCertificate: (*DEPARTMENT, *DESK),
    certificates.RevokeCertificate: DESK,
    certificates.RegisterSealUse: (*LEADS, "supervisor"),
    certificates.ListSealUses: STAFF,
    # -- channels --------------------------------------------------------------------------------------
    channels.ListChannels: ANYONE,
    channels.ListStatutoryChannels: ANYONE,
    # -- trials of matters -----------------------------------------------------------------------------
    trials.CheckMatter: ADMIN,
    trials.TryMatter: ADMIN,
    # -- intake: beside the front desk's cases
    intake.FindSimilar: ("terminal", "company", *DESK),
    intake.ListSimilar: STAFF,
    intake.SuggestRouting: DESK,
    intake.ListIncidents: STAFF,
    intake.ListReports: STAFF,
    intake.ListBroadcasts: ANYONE,
    intake.BlowWhistle: DESK,
    intake.OpenConsultation: DESK,
    intake.RuleConsultation: DESK,
    intake.ListConsultations: STAFF,
    intake.RecordConfirmation: DESK,
    intake.SaveDraft: ("terminal", "clerk"),
    intake.ResumeDraft: ("terminal", "clerk"),
    intake.WriteDiary: KEEPERS,
    intake.ListDiary: STAFF,
    intake.OpenCaseFromDiary: KEEPERS,
    intake.ListLedgers: STAFF,
    intake.ReadLedger: STAFF,
    intake.ExportLedger: (*WATCHERS, "clerk"),
    # -- trays -----------------------------------------------------------------------------------------
    tasks.ListTasks: (*DEPARTMENT, *DESK),
    tasks.GetTask: (*DEPARTMENT, *DESK),
    tasks.SignTask: DEPARTMENT,
    tasks.StartTask: DEPARTMENT,
    tasks.FinishTask: DEPARTMENT,
    tasks.ReturnTask: DEPARTMENT,
    tasks.ExtendTask: DEPARTMENT,
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
    # -- webhooks --------------------------------------------------------------------------------------
    webhooks.RegisterWebhook: ("company", *LEADS),
    webhooks.ChangeWebhook: ("company", *LEADS),
    webhooks.RotateWebhookSecret: ("company", *LEADS),
    webhooks.DisableWebhook: ("company", *LEADS),
    webhooks.EnableWebhook: ("company", *LEADS),
    webhooks.TestWebhook: ("company", *LEADS),
    webhooks.ReplayWebhook: ("company", *LEADS),
    webhooks.ListWebhooks: ("company", *LEADS),
    webhooks.ListDeliveries: ("company", *LEADS),
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
    meters.GetSeries: STAFF,
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
    meters.BindMeter: DEPARTMENT,
    meters.BindConcentrator: DEPARTMENT,
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
    registry.ListBuildings: (*STAFF, "terminal"),  # the terminal offers addresses to choose from
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
    # gridmap: parts and events; who finds something may be anybody, who directs it is the community
    events.RegisterPart: KEEPERS,
    events.RetirePart: KEEPERS,
    events.ListParts: STAFF,
    events.ReportGridEvent: (*DEPARTMENT, *DESK, "terminal", "company", "device"),
    events.FileGridEvent: (*DESK, "coordinator"),
    events.DismissGridEvent: (*DESK, "coordinator"),
    events.MergeGridEvent: (*DESK, "coordinator"),
    events.DispatchGridEvent: (*DESK, "coordinator"),
    events.GiveBackGridEvent: (*DEPARTMENT, *DESK),
    events.HandleGridEvent: (*DEPARTMENT, *DESK),
    events.CheckGridEvent: (*DEPARTMENT, *DESK),
    events.CloseGridEvent: (*DESK, "coordinator"),
    events.HandOverGridEvent: (*DESK, "coordinator"),
    events.TakeBackGridEvent: (*DESK, "coordinator"),
    events.ListEventKinds: ANYONE,
    events.GetGridEvent: STAFF,
    events.ListGridEvents: STAFF,
    events.GetGridFigures: STAFF,
    # gridmap: estates, owners, handings over; a company signs for itself
    estates.RecordEstate: KEEPERS,
    estates.ChangeEstate: KEEPERS,
    estates.DismissCompany: KEEPERS,
    estates.ListEstates: (*STAFF, "company"),
    estates.GetEstate: (*STAFF, "company"),
    estates.GetCrossSection: STAFF,
    estates.RecordOwners: KEEPERS,
    estates.ListOwners: STAFF,
    estates.GetOwnersRoll: (*STAFF, "company"),
    estates.BeginHandover: KEEPERS,
    estates.SetHandoverItems: (*KEEPERS, "company"),
    estates.ListHandover: (*KEEPERS, "company"),
    estates.SignHandover: (*DEPARTMENT, *DESK, "company"),
    estates.DisputeHandover: (*DEPARTMENT, *DESK, "company"),
    estates.ReopenHandover: KEEPERS,
    estates.AbandonHandover: ("supervisor",),
    estates.GetHandover: (*STAFF, "company"),
    estates.ListHandovers: (*STAFF, "company"),
    # gridmap: classes of community
    classes.EnterUnemployment: KEEPERS,
    classes.GetCommunityClass: STAFF,
    classes.ListCommunityClasses: STAFF,
    classes.ListClassHistory: STAFF,
    # gridmap: the map as a whole
    gridmap.DrawGridMap: ("supervisor",),
    gridmap.AssignGridWorker: ("supervisor", "coordinator"),
    gridmap.ReleaseGridWorker: ("supervisor", "coordinator"),
    gridmap.FindGridAt: (*STAFF, "terminal", "company", "device"),
    gridmap.ListNeighbours: STAFF,
    gridmap.ListMapVersions: STAFF,
    gridmap.GetMapVersion: STAFF,
    gridmap.ListGridWorkers: STAFF,
    # -- census ----------------------------------------------------------------------------------------
    census.GetPublication: ANYONE,
    census.ListCensuses: CENSUS,
    census.GetCensus: CENSUS,
    census.GetForms: CENSUS,
    census.ListBlocks: CENSUS,
    census.GetBlockMap: CENSUS,
    census.ListHouseholds: CENSUS,
    census.GetQuestionnaire: CENSUS,
    census.ListKeyings: CENSUS,
    census.GetProgress: CENSUS_LEADER,
    census.GetQuality: CENSUS_LEADER,
    census.ListCleanUp: CENSUS_LEADER,
    census.ListDifferences: CENSUS_LEADER,
    census.GetErasureCertificate: CENSUS_LEADER,
    census.PlanCensus: CENSUS_LEADER,
    census.ImportBuildings: CENSUS_LEADER,
    census.DrawBlocks: CENSUS_LEADER,
    census.AssignBlock: CENSUS_LEADER,
    census.MoveCensus: CENSUS_LEADER,
    census.AssignKeying: CENSUS_LEADER,
    census.Adjudicate: CENSUS_LEADER,
    census.AddHouseholds: CENSUS,
    census.RecordVisit: CENSUS,
    census.SaveQuestionnaire: CENSUS,
    census.ReadBack: CENSUS,
    census.ConfirmQuestionnaire: CENSUS,
    census.KeyAgain: CENSUS,
    # -- insight ---------------------------------------------------------------------------------------
    insight.GetOverview: STAFF,
    insight.GetDepartments: STAFF,
    insight.GetGrids: STAFF,
    insight.ListBehind: STAFF,
    insight.RebuildReadModels: ADMIN,
    insight.GetRebuild: ADMIN,
    insight.GetFigures: STAFF,
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
    census.GetQuestionnaire: CENSUS,  # what a household answered, to the enumerator of its block and his leader
    census.ListCleanUp: CENSUS_LEADER,
    census.ListDifferences: CENSUS_LEADER,
}
"""Questions whose answer holds whole personal values, and to whom; each such look is noted in the access log.

Everywhere else persons are masked (袁*, 135****0000). Four orders hand out whole values too and keep their own record:
LookAtResident and Prefill in the registry's list of looks, a volunteer's visit as its dispatch, and the census's ReadBack
on the version that was read.
"""


def may(contract: Contract) -> Roles:
    """The roles that may, as a service asks for them: with the administrator, where an office is not shut to him."""
    named = MAY[contract] or ()
    return named if contract.office() in SHUT else (*named, *ADMIN)
