"""What the front desk does, a file a use case; this one is the table from message to function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from services.chassis.database import Work
from services.contracts import approvals, care, certificates, frontdesk, intake, privacy, tasks
from services.contracts.messages import Command, Event
from services.frontdesk.handlers.answers import (
    note_extension_asked,
    note_finished,
    note_returned,
    note_signed,
    note_started,
    note_stood_down,
    note_supplement_asked,
)
from services.frontdesk.handlers.approving import revoke_approval
from services.frontdesk.handlers.at_the_desk import answer_case, decline_case, hand_to_emergency
from services.frontdesk.handlers.bursts import collapse_bursts, open_topics
from services.frontdesk.handlers.certifying import issue_certificate, register_seal_use, revoke_certificate
from services.frontdesk.handlers.confirmations import record_confirmation
from services.frontdesk.handlers.contacts import record_contact
from services.frontdesk.handlers.deadlines import watch_deadlines
from services.frontdesk.handlers.demonstration import load_demonstration
from services.frontdesk.handlers.diary import open_case_from_diary, write_diary
from services.frontdesk.handlers.drafts import expire_drafts, save_draft
from services.frontdesk.handlers.ending import withdraw_case
from services.frontdesk.handlers.erasure import answer_erasure
from services.frontdesk.handlers.extensions import decide_extension
from services.frontdesk.handlers.filing import complete_receipt, file_case, register_material
from services.frontdesk.handlers.findings import open_finding, retract_finding, update_finding
from services.frontdesk.handlers.merging import merge_case
from services.frontdesk.handlers.one_window import hand_in_later
from services.frontdesk.handlers.petitions import ask_review
from services.frontdesk.handlers.redo import rate_case, record_callback, reopen_case
from services.frontdesk.handlers.returns import decide_return
from services.frontdesk.handlers.supplements import supplement_case
from services.frontdesk.handlers.telling import publish_changes
from services.frontdesk.handlers.troubles import fix_trouble, note_mishap, retry_trouble, retry_troubles
from services.frontdesk.handlers.urging import supervise_case, urge_case
from services.frontdesk.handlers.whistles import blow_whistle, open_consultation, rule_consultation

__all__ = ["COMMANDS", "COMPLETES", "EVENTS", "TIMERS", "note_mishap", "publish_changes", "watch_deadlines"]

EVENTS: dict[type[Event], Callable[..., None]] = {
    tasks.TaskSigned: note_signed,
    tasks.TaskStarted: note_started,
    tasks.TaskFinished: note_finished,
    tasks.TaskReturned: note_returned,
    tasks.TaskExtensionAsked: note_extension_asked,
    tasks.TaskSupplementAsked: note_supplement_asked,
    tasks.TaskStoodDown: note_stood_down,
    frontdesk.WelfareConcernRaised: open_finding,
    frontdesk.HouseholdRecheckDue: open_finding,
    privacy.ResidentErased: answer_erasure,
    frontdesk.LeakSuspected: open_finding,
    frontdesk.MeterFaultFound: open_finding,
    frontdesk.AlarmRaised: open_finding,
    frontdesk.CameraOfflineFound: open_finding,
    frontdesk.GridEventFiled: open_finding,
    frontdesk.FindingUpdated: update_finding,
    frontdesk.FindingRetracted: retract_finding,
}
COMMANDS: dict[type[Command], Callable[..., Any]] = {
    frontdesk.FileCase: file_case,
    frontdesk.SupplementCase: supplement_case,
    frontdesk.UrgeCase: urge_case,
    frontdesk.SuperviseCase: supervise_case,
    frontdesk.WithdrawCase: withdraw_case,
    frontdesk.RateCase: rate_case,
    frontdesk.ReopenCase: reopen_case,
    frontdesk.RecordCallback: record_callback,
    frontdesk.MergeCase: merge_case,
    frontdesk.AnswerCase: answer_case,
    frontdesk.DeclineCase: decline_case,
    frontdesk.HandToEmergency: hand_to_emergency,
    frontdesk.DecideReturn: decide_return,
    frontdesk.DecideExtension: decide_extension,
    frontdesk.RegisterMaterial: register_material,
    frontdesk.LoadDemonstration: load_demonstration,
    # Rooms: approvals, certificates
    approvals.RevokeApproval: revoke_approval,
    certificates.IssueCertificate: issue_certificate,
    certificates.RevokeCertificate: revoke_certificate,
    certificates.RegisterSealUse: register_seal_use,
    # -- intake
    intake.BlowWhistle: blow_whistle,
    intake.OpenConsultation: open_consultation,
    intake.RuleConsultation: rule_consultation,
    intake.RecordConfirmation: record_confirmation,
    intake.SaveDraft: save_draft,
    intake.WriteDiary: write_diary,
    intake.OpenCaseFromDiary: open_case_from_diary,
    # care
    care.RecordContact: record_contact,
    care.HandInLater: hand_in_later,
    care.AskReview: ask_review,
    care.FixTrouble: fix_trouble,
    care.RetryTrouble: lambda work, command: retry_trouble(work, command, EVENTS),
    care.RetryTroubles: lambda work, command: retry_troubles(work, command, EVENTS),
}
COMPLETES: dict[type[Command], Callable[[Any], Any]] = {frontdesk.FileCase: complete_receipt}
TIMERS: Mapping[Callable[[Work], None], timedelta] = {
    watch_deadlines: timedelta(seconds=2),
    # -- intake
    collapse_bursts: timedelta(seconds=1),
    open_topics: timedelta(minutes=1),
    expire_drafts: timedelta(minutes=5),
}
