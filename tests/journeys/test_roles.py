"""Who is let in at the door is let in at the desk, and nobody else is: the whole table of roles, row by row."""

import random
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from deploy.demonstration import id_number
from gateway.routes import TABLE
from services.contracts import citizens, frontdesk, meters
from services.contracts.identity import ROLES
from services.contracts.roles import MAY, may

PLACE, GRID = "110105001001", "110105001001003"
ROWS = [row for row in TABLE if row.asks and MAY[row.asks]]
OWN_DEPARTMENT = ("party", "property", "cameras", "meters", "volunteers")
NOT_MADE = {
    "finding_id", "dispatch_id", "duty_id", "edit_id", "reading_id", "bill", "run", "webhook",
    "census_id", "household_id", "keying_id",  # of the census
    "approval_id", "number",  # of the certificate desk
    "consultation_id", "entry_id",  # of the intake
    "meeting_id", "election_id", "notice_id", "talk_id", "post_id", "appraisal_id",  # of party's branches
    "contract_id", "refund", "route", "finding", "meeting", "decision", "receipt",  # of the estate
    "change_id", "import_id", "proposal_id", "certificate", "breach_id",  # of the registry
    "evaluation", "objection", "trouble_id",
    "proposal", "assembly", "committee", "use",  # of the owners
}  # fmt: skip
"""What only a longer story brings about: the desk answers that there is none, to whoever may ask."""
AREA = {"type": "Polygon", "coordinates": [[[116.4, 39.9], [116.41, 39.9], [116.41, 39.91], [116.4, 39.9]]]}
NOT_THIS = {meters.GetAccountLedger}
"""The path's account is a person's here, and not a meter's."""
OWN_ONLY = {("company", frontdesk.GetCase), ("company", frontdesk.ListHistory)}
"""A company may see the cases it filed itself; this one it did not."""
NOT_OF_ROLE = {
    "not-your-order",
    "channel-not-yours",
    "own-work",
    "unknown-tariff",
    "unknown-draft",
    "unknown-company",
}
"""Refusals that come when the role was found right."""


@pytest.fixture(scope="module")
def things(platform):
    """One of everything that a path or a body names."""
    dice = random.Random()
    clerk, admin = platform.as_account("clerk"), platform.as_role("admin", None, "")

    def person(age=40):
        return id_number(dice, age)

    def credit_code():
        first = f"91110105{dice.randint(0, 999_999_999):09}"
        return first + citizens.credit_check_character(first)

    case_no, into = (platform.file(platform.repair())["case_no"] for _ in range(2))
    task_id = platform.task("property", case_no, "property")["task_id"]
    property_ = platform.as_account("property")
    order = property_.order(
        "/v1/repairs", place=GRID, address="3号楼", category="light", description="楼道灯不亮"
    )
    standing = clerk.ask("/v1/registry/buildings", place=GRID)["items"][0]
    building = standing["code"]

    def home():
        made = clerk.order(
            "/v1/registry/households", building=building, unit=9, door=uuid.uuid4().hex[:8].upper()
        )
        return made["household"]

    known = next(
        one["household"]
        for one in clerk.ask("/v1/registry/households", place=PLACE, lives_alone="true", elder="true")[
            "items"
        ]
        if platform.as_account("meters").get(f"/v1/meters/accounts/{one['household']}").status_code == 200
    )
    # A contact told to the registry is told on to meters: only then is there somebody to watch over.
    clerk.order(f"/v1/registry/households/{known}/contact", contact_name="周某", contact_phone="13800000000")
    watch = f"/v1/welfare/{known}/rule"
    platform.until(
        lambda: platform.as_account("meters").send_order(watch).status_code == 200, "meters know the home"
    )
    resident = clerk.order("/v1/registry/residents", household=home(), name="吴某", id_number=person())
    camera = f"{GRID[:8]}01132{dice.randint(1_000_000, 9_999_999)}"
    guard = platform.as_account("cameras")
    guard.order("/v1/cameras", camera=camera, name="车库", place=GRID, address="地下车库", site="garage")
    now = datetime.now(UTC)
    alarm = {"type": "fire", "at": now.isoformat(), "device": camera, "priority": 4}
    admin.order("/v1/devices", device=camera, kind="camera", place=GRID, secret="secret-of-the-camera")
    sent = platform.anybody()
    sent.auth = (camera, "secret-of-the-camera")
    assert sent.post("/v1/alarms", json={"alarms": [alarm]}).json()["accepted"] == 1
    alarms = platform.until(lambda: guard.ask("/v1/alarms", camera=camera)["items"], "the alarm is known")
    window = {
        "from_at": (now - timedelta(hours=2)).isoformat(),
        "until_at": (now - timedelta(hours=1)).isoformat(),
    }
    viewing = guard.order(
        "/v1/viewings",
        cameras=[camera],
        requester="李某",
        unit="派出所",
        reason="失窃",
        content="车辆",
        **window,
    )
    unit = credit_code()
    party = platform.as_account("party")
    party.order("/v1/party/units", code=unit, name_zh="某公司", place=GRID)
    member = party.order("/v1/party/members", name="赵某", id_number=person(), unit=unit)
    account = f"victim-{uuid.uuid4().hex[:8]}"
    admin.order("/v1/accounts", account=account, name="x", roles=[{"role": "company", "scope": PLACE}])
    device = f"device-{uuid.uuid4().hex[:8]}"
    admin.order("/v1/devices", device=device, kind="meter", place=GRID)

    # gridmap: something found, a part, an estate that is being handed over, and whoever walks the grid
    lead = platform.as_role("coordinator", "street")
    found = clerk.order("/v1/grid-events", kind="waste", place=GRID)
    part = f"{GRID[:6]}0101{dice.randint(0, 999_999):06}"
    point = {name: standing[name] for name in ("longitude", "latitude")}
    clerk.order("/v1/parts", code=part, kind="manhole", name="井盖", owner="排水", **point)
    record = {"community": PLACE, "number": dice.randint(1, 999_999), "name": "家园", "gated": True}
    estate = clerk.order("/v1/estates", **record)["estate"]
    handover = clerk.order("/v1/handovers", estate=estate, giver="甲", taker="乙")

    def on_duty():
        walker = f"walker-{uuid.uuid4().hex[:8]}"
        lead.order(f"/v1/grids/{GRID}/workers", account=walker, name="某人", part="assistant")
        return {"account": walker}

    grid_things = {
        "event_no": found["event_no"], "code": part, "estate": estate, "handover_id": handover["handover_id"],
        "version": 1, "map": {}, "gated": True, "giver": "甲", "taker": "乙", "side": "giver", "digest": "0" * 64,
        "passed": True, "result": "已处置", "unemployed": 1, "labour_force": 9, "counted_on": "2026-01-01",
        "source": "社保", "owners": [{"name": "周某"}], "since": "2026-01-01", "basis": "京房权证1号", "owner": "排水",
        **point,
    }  # fmt: skip

    # owners: property hears of the estate
    owner_things = {
        "stance": "for", "text": "说明", "opens_at": now.isoformat(), "closes_at": now.isoformat(),
        "agenda": [{"subject": "other", "title": "x"}], "principal": "x", "proxy": "x", "contractor": "乙",
        "estimate": "1.00", "elected_on": "2026-01-01", "term_until": "2030-01-01", "step": "filed", "on": "2026-01-01",
        "present": 3, "deposits": [{"household": "x", "amount": "1.00", "reference": "x"}],
        "seats": [{"household": "x", "name": "周某", "id_number": "x", "post": "委员"}],
    }  # fmt: skip
    heard = f"/v1/owners/{estate}/electorate"
    platform.until(lambda: property_.get(heard).status_code == 200, "property knows the estate")

    known_things = grid_things | owner_things | {
        "case_no": case_no, "into": into, "task_id": task_id, "order_no": order["order_no"], "household": known,
        "resident_id": resident["resident_id"], "camera": camera, "alarm_no": alarms[0]["alarm_no"],
        "viewing_no": viewing["viewing_no"], "member_id": member["member_id"], "account": account, "device": device,
        "meter": platform.new_meter(platform.home()), **dict.fromkeys(NOT_MADE, "none"), "reading_id": "0" * 64, "sender": "C-1",
        "reason": "试行", "why": "核对", "note": "试", "label": "x", "stars": 5, "level": 1, "reached": False,
        "until": (now + timedelta(days=9)).isoformat(), "items": ["身份证"], "decision": "designated",
        "granted": True, "kind": "water", "place": GRID, "community": PLACE, "grid": GRID, "address": "某号楼",
        "building": building, "unit": unit, "contact_name": "周某", "contact_phone": "13800000000",
        "purpose": "prefill", "given": True, "category": "light", "description": "灯不亮", "urgency": "ordinary",
        "worker": "li", "amount": "1.00", "period": "2020-01", "rule": "none", "channel": "cash",
        "name": "某人", "site": "street", "cameras": [camera], "requester": "李某", "content": "车辆",
        "viewer": "李某", "name_zh": "某公司", "stage": "formal", "origin": "某支部", "employer": "某单位",
        "destination": "某支部", "phone": "13500000000", "outcome": "well", "minutes": 30, "q": "吴",
        "form": "short", "block": 1,  # of the census
        "number": "ZM20200101-0000001", "document": "通知", "text": "code: x", "asked_by": "某公司",  # certificates
        "handled_by": "li", "sha256": "0" * 64,
        "on": now.date().isoformat(), "effective_on": now.date().isoformat(), "what": "误发",
        "found_at": now.isoformat(), "measures": "请留意",
        "evidence": [{"kind": "household-register"}], **window,
    }  # fmt: skip
    # -- intake
    known_things |= {
        "text": "楼道灯不亮",
        "matter": "complaint",
        "units": ["fire", "police"],
        "question": "谁负责",
    }
    known_things |= {"ruling": "裁定", "lead": "fire", "ledger": "visits", "draft": "x"}
    known_things |= {"confirmed_on": "2026-11-23", "reference": "x"}
    # -- the estate
    known_things |= {
        "company": credit_code(), "signed_on": "2020-01-01", "ends_on": "2021-01-01", "noticed_on": "2020-01-01",
        "filing_no": "x", "filed_on": "2020-01-02", "rules": ["residential"], "subject": "公示", "body": "内容",
        "held_on": "2020-01-01", "agenda": ["议题"], "present": ["community", "property"],
        "due_on": "2020-02-01", "receipt": "999999999999", "holds": True, "approved": True, "points": ["东门"],
        "windows": [{"opens": "08:00", "closes": "10:00"}], "quantity": "hot_water", "value": "1.000", "percent": "5",
    }  # fmt: skip
    # insight: evaluations and objections there are not
    known_things |= {
        "evaluation": 999_999,
        "objection": 999_999,
        "subject": "party",
        "answer": "无误",
        "fact": "RepairFinished",
    }
    # -- party's branches: development, meetings, dues, bonds
    known_things |= {
        "branch": GRID, "applied_on": "2026-01-01", "step": "talk", "taken_on": "2026-01-02", "evidence": "x",
        "reviewed_on": "2026-01-02", "months": 6, "resolution_id": "x", "topic": "x", "votes_for": 1,
        "seats": 1, "on": "2026-12-01", "approval": "x", "ballots_cast": 1, "category": "student",
        "ballots": [{"member_id": "x", "votes": 1}], "result": "x", "since": "2026-01-01", "body": "x",
        "post": "x", "ended_on": "2026-02-01", "held_on": "2026-01-01", "units": ["fire", "police"], "year": 2026,
    }  # fmt: skip
    fresh = {
        "id_number": person, "code": credit_code, "reference": lambda: uuid.uuid4().hex,
        "door": lambda: uuid.uuid4().hex[:8].upper(),
    }  # fmt: skip
    special = {
        "ListBehind": lambda: {"number": "in_hand"},
        "FileCase": lambda: platform.repair(),  # a company's comes through its own channel
        "RegisterMeter": lambda: {"meter": f"W-ROLE-{uuid.uuid4().hex[:8]}"},
        "RegisterCamera": lambda: {"camera": f"{GRID[:8]}01132{dice.randint(1_000_000, 9_999_999)}"},
        "RegisterDevice": lambda: {"device": f"device-{uuid.uuid4().hex[:8]}", "kind": "meter"},
        "CreateAccount": lambda: {"account": f"made-{uuid.uuid4().hex[:8]}"},
        "AddBuilding": lambda: {"number": dice.randint(100, 999)},
        "AddHousehold": lambda: {"unit": 9},
        "RegisterResident": lambda: {"household": home()},
        "MoveIn": lambda: {"residents": [{"name": "吴某", "id_number": person()}]},
        # people
        "RecordBirth": lambda: {"birth_date": now.date().isoformat()},
        "MoveResidents": lambda: {"residents": [{"resident_id": resident["resident_id"]}]},
        "RecordDeath": lambda: {"died_on": now.date().isoformat()},
        "ChangeResident": lambda: {"phone": "13500000000"},
        # exchange, privacy
        "ProposeChange": lambda: {"field": "phone", "value": "13900000000", "source": "police"},
        "ApplyImport": lambda: {"how": "portions"},
        "EraseResident": lambda: {"asked_by": "self", "identity_checked": True},
        "AskWhoSaw": lambda: {"identity_checked": True},
        "ReportBreach": lambda: {"residents": [resident["resident_id"]], "data_kinds": ["phone"]},
        "NoteTold": lambda: {"how": "phone"},
        "DecideProposal": lambda: {"accept": True},
        "ImportGrids": lambda: {"grids": [{"code": GRID, "name": "x", "geometry": {"type": "Polygon"}}]},
        "Prefill": lambda: {"place": GRID},
        "ReportGridEvent": lambda: {"kind": "waste", "place": GRID},
        "RecordEstate": lambda: {"number": dice.randint(1, 999_999)},
        "ReleaseGridWorker": on_duty,
        "ListTasks": lambda: {"unit": "property"},
        "WriteDiary": lambda: {"kind": "visit"},
        "RuleConsultation": lambda: {"minutes": "各方陈述"},
        "HandInLater": lambda: {"materials": [{"name": "photo"}]},
        "RequestViewing": lambda: {"unit": "派出所"},
        "RegisterWebhook": lambda: {"url": "https://company.example/", "kinds": ["fee.paid"]},
        "ReplayWebhook": lambda: {"since": now.isoformat()},
        # the estate
        "RegisterCompany": lambda: {"company": credit_code()},
        "SignContract": lambda: {"place": PLACE},
        "RunFees": lambda: {"rule": "residential", "period": "2026-01"},
        "RecordQuantity": lambda: {"period": f"{dice.randint(2000, 2019)}-01"},
        "GrantDiscount": lambda: {"since": "2020-01", "until": "2020-01"},
        "CallMeeting": lambda: {"place": PLACE, "units": ["community", "property"]},
        "MinuteMeeting": lambda: {"minutes": "x"},
        "PostNotice": lambda: {"place": PLACE, "kind": "other"},
        "ListNotices": lambda: {"place": PLACE},
        "CheckPublicity": lambda: {"place": PLACE},
        "CallJointPatrol": lambda: {"units": ["community", "property"]},
        "ScanPoint": lambda: {"code": "x"},
        # insight
        "SetCampaign": lambda: {
            "code": "clean-up",
            "zh": "清理",
            "en": "Clean-up",
            "first_day": "2026-01-01",
            "last_day": "2026-12-31",
            "target": 9,
        },
        "DraftEvaluation": lambda: {"of": "unit", "year": 2026},
        "HoldMeeting": lambda: {"minutes": "会议记录"},
        "SetDuesBasis": lambda: {"since": "2026-01"},
        "WaiveDues": lambda: {"since": "2026-01", "until": "2026-02"},
        "ConveneMeeting": lambda: {"kind": "theme-day", "at": now.isoformat()},
        "DelayElection": lambda: {"until": "2026-12-01"},
        "FoundJointBranch": lambda: {"units": [unit]},
        "AssessBranch": lambda: {"year": 2026},
        "IssueAppraisal": lambda: {"period": "2020"},
        "RecordPost": lambda: {"kind": "cross-post", "post": uuid.uuid4().hex},
        # owners
        "MakeProposal": lambda: {"outcome": "record"},
        "HoldCommitteeMeeting": lambda: {"minutes": "议事", "present": 3, "on": "2026-01-01"},
        "ChangeSeats": lambda: {
            "seats": [{"household": "x", "name": "周某", "id_number": "x", "post": "委员"}]
        },
        "NoteFiling": lambda: {"step": "filed", "on": "2026-01-01"},
        "CorrectChange": lambda: {"evidence": [{"kind": "household-register"}]},
        # census
        "PlanCensus": lambda: {"reference_at": "2020-11-01T00:00:00+08:00", "area": AREA},
        "ImportBuildings": lambda: {"csv": "building"},
        "AssignBlock": lambda: {"enumerator": "li"},
        "MoveCensus": lambda: {"to": "checking"},
        "AddHouseholds": lambda: {"households": [{"building": "B1", "door": "1"}]},
        "RecordVisit": lambda: {"outcome": "absent"},
        "SaveQuestionnaire": lambda: {"answers": {}},
        "ConfirmQuestionnaire": lambda: {"version": 1},
        "AssignKeying": lambda: {"keyer": "li"},
        "KeyAgain": lambda: {"answers": {}},
        "Adjudicate": lambda: {"item": "household.rooms", "verdict": "first"},
        "ListCleanUp": lambda: {"kind": "usual"},
    }

    in_path = {"TryMatter": {"code": "30"}}

    def given(row):
        """What the row's contract asks, whole and right."""
        path = re.findall(r"{(\w+)}", row.path)
        wanted = {name for name, one in row.asks.schema().fields.items() if one.required} - set(path)
        body = {name: fresh[name]() if name in fresh else known_things.get(name) for name in wanted}
        path_things = known_things | in_path.get(row.asks.__name__, {})
        return row.path.format_map(path_things), body | special.get(row.asks.__name__, dict)()

    return given


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.method} {row.path}" for row in ROWS])
def test_door_and_desk_agree(platform, things, row):
    department = row.asks.office() if row.asks.office() in OWN_DEPARTMENT else "property"
    wrong = []
    for role in ROLES:
        who = platform.as_role(role, department, "" if role in ("admin", "auditor") else PLACE)
        path, given = things(row)
        answer = who.get(path, params=given) if row.method == "GET" else who.send_order(path, **given)
        slug = answer.json().get("slug") if answer.status_code >= 400 else None
        if role not in may(row.asks):
            fine = answer.status_code == 403 and slug == "role-missing"
        elif (
            NOT_MADE & set(re.findall(r"{(\w+)}", row.path))
            or row.asks in NOT_THIS
            or (role, row.asks) in OWN_ONLY
        ):
            fine = answer.status_code == 404 and slug.startswith("unknown-")
        else:
            fine = answer.status_code < 500 and (
                answer.status_code not in (401, 403, 404) or slug in NOT_OF_ROLE
            )
        if not fine:
            wrong.append((role, answer.status_code, slug))
    assert not wrong
