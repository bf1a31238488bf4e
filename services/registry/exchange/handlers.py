"""Files in: announced, sent in parts, checked row by row, and stored only when somebody who has read the report says so."""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec

from services.chassis.database import Work
from services.chassis.identifiers import Caller, new_id, within
from services.contracts import citizens, exchange
from services.registry import access, model
from services.registry.exchange import files
from services.registry.exchange import model as rules
from services.registry.model import Resident, today
from services.registry.people.model import check_day

PORTION = 2000
"""Rows stored together."""
TIME_OF_A_TICK = 2.0
"""Seconds after which an import commits and lets others have a turn."""
FORGOTTEN_AFTER = timedelta(days=7)

FROM_FILE = "导入 · imported"

# -- a file arrives ------------------------------------------------------------------------------------


def open_import(work: Work, command: Any) -> dict[str, Any]:
    model.check_may(work.caller, exchange.OpenImport, command.place)
    import_id = new_id()
    work.store.add_import(
        import_id=import_id,
        kind=command.kind,
        place=command.place,
        name=command.name,
        source=command.source,
        size=command.size,
        sha256=command.sha256,
        state="receiving",
        account=work.caller.account,
        at=work.now,
    )
    return {"import_id": import_id, "state": "receiving"}


def add_import_part(work: Work, command: Any) -> dict[str, Any]:
    found = _import(work, command.import_id, exchange.AddImportPart)
    if found.state != "receiving":
        raise rules.ImportNotReady(state=found.state)
    try:
        content = base64.b64decode(command.content, validate=True)
    except binascii.Error:
        raise rules.NotTheFile() from None
    arrived = work.store.add_import_part(found.import_id, command.number, content)
    state = found.state
    if arrived > found.size:
        raise rules.NotTheFile()
    if arrived == found.size:
        if hashlib.sha256(work.store.file_of(found.import_id)).hexdigest() != found.sha256:
            raise rules.NotTheFile()
        state = rules.move(state, "complete")
        work.store.save_import(found.import_id, state=state)
    return {"import_id": found.import_id, "state": state, "arrived": arrived}


def apply_import(work: Work, command: Any) -> dict[str, Any]:
    found = _import(work, command.import_id, exchange.ApplyImport)
    state = rules.move(found.state, "apply")
    whole = command.how == "whole"
    if whole and (found.faulty or found.faults):
        raise rules.ImportHasFaults(faulty=found.faulty)
    work.store.save_import(
        found.import_id, state=state, whole=whole, reason=command.reason, done=0, position=0,
        account=work.caller.account,
    )  # fmt: skip
    return {"import_id": found.import_id, "state": state}


def drop_import(work: Work, command: Any) -> dict[str, Any]:
    found = _import(work, command.import_id, exchange.DropImport)
    state = rules.move(found.state, "drop")
    work.store.save_import(found.import_id, state=state, ended_at=work.now)
    work.store.forget_file(found.import_id)
    return {"import_id": found.import_id, "state": state}


def _import(work: Work, import_id: str, contract: Any) -> Any:
    found = work.store.import_(import_id, lock=True)
    if found is None or not any(within(found.place, scope) for scope in work.caller.scopes()):
        raise rules.UnknownImport()
    model.check_may(work.caller, contract, found.place)
    return found


# -- by the clock --------------------------------------------------------------------------------------


def work_off_imports(work: Work) -> None:
    """How far an import is stands in its row and is committed with what was stored: it may die anywhere."""
    found = work.store.next_import()
    if found is None:
        return
    if found.state == "checking":
        _check(work, found)
    else:
        _apply(work, found)


def forget_imports(work: Work) -> None:
    """What nobody decided about for a week is dropped: a file of persons is not left lying about."""
    for found in work.store.old_imports(work.now - FORGOTTEN_AFTER):
        work.store.save_import(found.import_id, state=rules.move(found.state, "drop"), ended_at=work.now)
        work.store.forget_file(found.import_id)


def _check(work: Work, found: Any) -> None:
    """The dry run: stores nothing but its report."""
    try:
        encoding, lines = files.read(work.store.file_of(found.import_id))
        _, first = next(lines, (1, []))
        columns, faults = rules.header(found.kind, first)
        day = today(work.now)
        rows = [] if faults else [rules.understand(found.kind, columns, n, cells, day) for n, cells in lines]
    except files.UnreadableFile as error:
        fix = ("另存为 XLSX 或 UTF-8 的 CSV", "Save it as XLSX or CSV in UTF-8")
        fault = rules.fault_of(None, (error.chinese, error.en), fix)
        work.store.save_import(
            found.import_id, state=rules.move(found.state, "unreadable"), faults=[fault], ended_at=work.now
        )
        return
    if faults:
        work.store.save_import(
            found.import_id, state=rules.move(found.state, "unreadable"), faults=faults, encoding=encoding,
            ended_at=work.now,
        )  # fmt: skip
        return
    rules.find_twins(found.kind, rows)
    _COMPARE[found.kind](work, found, [row for row in rows if row.outcome != "faulty"])
    work.store.put_rows(found.import_id, [vars(row) for row in rows])
    work.store.save_import(
        found.import_id,
        state=rules.move(found.state, "sound"),
        encoding=encoding,
        rows=len(rows),
        faulty=sum(row.outcome == "faulty" for row in rows),
    )


OUTSIDE = (("不在本次导入的范围内", "Outside the place of this import"), ("核对编码，或另行导入", "Check the code, or import it apart"))  # fmt: skip


def _compare_buildings(work: Work, found: Any, rows: Sequence[rules.Row]) -> None:
    known = work.store.known_buildings(found.place)
    grids = {code for code in {row.told["grid"] for row in rows} if work.store.grid(code)}
    for row in rows:
        values = row.told
        if not within(values["grid"], found.place):
            row.wrong("buildings", "grid", *OUTSIDE)
        elif values["grid"] not in grids:
            row.wrong(
                "buildings",
                "grid",
                ("没有这个网格", "There is no such grid"),
                ("先导入网格", "Import the grids first"),
            )
        elif model.building_code(values["grid"], values["number"]) in known:
            row.outcome = "same"


def _compare_households(work: Work, found: Any, rows: Sequence[rules.Row]) -> None:
    standing, homes = work.store.known_buildings(found.place), work.store.known_homes(found.place)
    for row in rows:
        values = row.told
        if not within(values["building"], found.place):
            row.wrong("households", "building", *OUTSIDE)
        elif values["building"] not in standing:
            fix = ("先导入楼栋，或核对楼栋编码", "Import the buildings first, or check the code")
            row.wrong("households", "building", ("没有这栋楼", "There is no such building"), fix)
        elif model.household_code(values["building"], values["unit"], values["door"]) in homes:
            row.outcome = "same"


def _compare_residents(work: Work, found: Any, rows: Sequence[rules.Row]) -> None:
    homes = work.store.known_homes(found.place)
    numbered = work.store.by_numbers(row.told["id_number"] for row in rows if "id_number" in row.told)
    named = {
        (one.household, one.name, one.birth_date): one
        for one in work.store.living_together(row.told["household"] for row in rows)
    }
    for row in rows:
        values = row.told
        code = values["household"]
        if not within(code, found.place):
            row.wrong("residents", "household", *OUTSIDE)
            continue
        if code not in homes:
            fix = ("先导入户，或核对住户编码", "Import the households first, or check the code")
            row.wrong("residents", "household", ("没有这一户", "There is no such household"), fix)
            continue
        number = values.get("id_number")
        alike = named.get((code, values["name"], values.get("birth_date")))
        if number and alike is not None and alike.id_number not in (None, number):
            alike = None
        known = numbered.get(number) if number else None
        known = known if known is not None else alike
        if known is not None:
            _compare_person(row, known, found.source)


def _compare_person(row: rules.Row, known: Any, source: str) -> None:
    """Somebody who is registered: what is new of him is written, proposed or refused, as the sources have it."""
    values = row.told
    if known.died_on is not None:
        fix = (
            "核对身份证号；登记有误的请更正历史记录",
            "Check the ID number; a wrong entry is corrected in the history",
        )
        row.wrong("residents", "id_number", ("该居民已登记死亡", "This resident is registered as dead"), fix)
        return
    if known.household != values["household"] and known.move_out_date is None:
        fix = ("请办理迁居，不能通过导入迁移", "Register the move; an import moves nobody")
        row.wrong(
            "residents",
            "household",
            ("该居民登记在另一户", "This resident is registered in another home"),
            fix,
        )
        return
    row.resident_id, row.outcome = known.resident_id, "same"
    if known.move_out_date is not None:
        row.outcome = "returns"
    for name, source_of in rules.sources().items():
        new, old = values.get(name), getattr(known, name, None)
        if source_of.of != "resident" or new is None or new == old or (name == "is_party_member" and not new):
            continue
        word = "write" if old is None else source_of.admits(source)
        if word == "refuse":
            fault = (
                f"{source_of.zh}的数据源为 {source_of.source}，不能改写",
                f"Its source is {source_of.source}",
            )
            row.wrong(
                "residents", name, fault, ("去掉该值，或请来源部门更正", "Leave it out, or ask the source")
            )
            return
        if word == "propose":
            row.proposals.append({"field": name, "value": str(new)})
            values.pop(name)
        if row.outcome != "returns":
            row.outcome = "changes"


_COMPARE = {
    "buildings": _compare_buildings,
    "households": _compare_households,
    "residents": _compare_residents,
}


# -- storing -------------------------------------------------------------------------------------------


class _Overtaken(Exception):
    """Somebody registered one of the rows since the dry run."""


def _apply(work: Work, found: Any) -> None:
    begun = time.monotonic()
    # What is stored is written in the name of who ordered it.
    clock, work.caller = work.caller, Caller(found.account, "staff", None, ())
    position, done, faulty = found.position, found.done, found.faulty
    try:
        while True:
            rows = work.store.sound_rows(found.import_id, position, None if found.whole else PORTION)
            if not rows:
                break
            try:
                with work.attempt():
                    late = _STORE[found.kind](work, found, rows)
                    if late and found.whole:
                        raise _Overtaken()
            except _Overtaken:
                # Nothing was stored; the dry run is made again and says what has changed.
                work.store.forget_lines()
                work.store.save_import(
                    found.import_id, state=rules.move(found.state, "overtaken"), done=0, position=0
                )
                return
            faulty += late
            done, position = done + len(rows) - late, rows[-1].line
            if time.monotonic() - begun > TIME_OF_A_TICK:
                work.store.save_import(found.import_id, done=done, position=position, faulty=faulty)
                return
    finally:
        work.caller = clock
    state = rules.move(found.state, "done")
    work.store.save_import(
        found.import_id, state=state, done=done, position=position, faulty=faulty, ended_at=work.now
    )
    work.store.forget_file(found.import_id)


MEANWHILE = (("导入期间已被登记", "It was registered meanwhile"), ("无需再导入，或核对后重新导入", "Nothing to do, or check and import again"))  # fmt: skip


def _late(work: Work, found: Any, row: Any) -> None:
    work.store.fault_row(found.import_id, row.line, [rules.fault_of(None, *MEANWHILE)])


def _store_buildings(work: Work, found: Any, rows: Sequence[Any]) -> int:
    told = {}
    for row in rows:
        values = row.told
        code = model.building_code(values["grid"], values["number"])
        told[code] = row, {
            "code": code, "grid": values["grid"], "address": values["address"], "units": values.get("units", 1),
            "floors": values.get("floors", 6), "built": values.get("built"), "longitude": values.get("longitude"),
            "latitude": values.get("latitude"),
        }  # fmt: skip
    stored = work.store.insert_buildings([one for _, one in told.values()])
    for code, (row, values) in told.items():
        if code not in stored:
            _late(work, found, row)
            continue
        work.store.note_change(
            "building-added", at=work.now, on=today(work.now), place=values["grid"], building=code,
            who=work.caller.account, reason=FROM_FILE,
        )  # fmt: skip
    return len(rows) - len(stored)


def _store_households(work: Work, found: Any, rows: Sequence[Any]) -> int:
    standing = work.store.known_buildings(found.place)
    told = {}
    for row in rows:
        values = row.told
        building = standing[values["building"]]
        code = model.household_code(building.code, values["unit"], values["door"])
        told[code] = (
            row,
            {
                "household": code,
                "place": building.grid,
                "building": building.code,
                "unit": values["unit"],
                "door": values["door"],
                "address": f"{building.address}{values['unit']}单元{values['door']}室",
                "area": values.get("area"),
                "collective": values.get("collective", False),
                "contact_name": values.get("contact_name"),
                "contact_phone": values.get("contact_phone"),
                "changed_at": work.now,
            },
        )
    stored = work.store.insert_households([one for _, one in told.values()])
    for code, (row, values) in told.items():
        if code not in stored:
            _late(work, found, row)
        else:
            access.write_down(work, "household-added", SimpleNamespace(**values), reason=FROM_FILE)
    return len(rows) - len(stored)


def _store_residents(work: Work, found: Any, rows: Sequence[Any]) -> int:
    day = today(work.now)
    homes = {home.household: home for home in work.store.homes_called(row.told["household"] for row in rows)}
    known = {
        one.resident_id: one
        for one in work.store.residents(row.resident_id for row in rows if row.resident_id)
    }
    told = {row.line: _person(row, known, day) for row in rows}
    new = [told[row.line] for row in rows if row.resident_id is None]
    stored = work.store.insert_residents(new, work.now)
    old = [told[row.line] for row in rows if row.resident_id is not None]
    work.store.put_residents(old, work.now)
    late = 0
    touched: set[str] = set()
    for row in rows:
        person = told[row.line]
        home = homes[person.household]
        if row.resident_id is None and person.resident_id not in stored:
            _late(work, found, row)
            late += 1
            continue
        touched.add(person.household)
        _write(work, row, home, person)
        for one in row.proposals:
            work.store.add_proposal(
                proposal_id=new_id(), resident_id=person.resident_id, place=home.place, source=found.source,
                reason=found.reason or FROM_FILE, account=found.account, at=work.now, **one,
            )  # fmt: skip
    living: defaultdict[str, list[Resident]] = defaultdict(list)
    for one in work.store.living_together(touched):
        living[one.household].append(_resident_of(one))
    spoke = work.store.who_spoke(touched, "welfare-watch")
    for code in sorted(touched):
        access.tell(work, homes[code], living[code], spoke)
    return late


def _write(work: Work, row: Any, home: Any, person: Resident) -> None:
    if row.outcome in ("new", "returns"):
        access.write_down(work, "imported", home, person, person.move_in_date, reason=FROM_FILE)
    else:
        fields = sorted(set(row.told) - {"household"})
        if "relation" in fields:
            access.write_down(work, "relation", home, person, reason=FROM_FILE, fields=["relation"])
        access.write_down(work, "details", home, person, reason=FROM_FILE, fields=fields)


def _person(row: Any, known: dict[str, Any], day: date) -> Resident:
    values = msgspec.convert(row.told, _Told, strict=False)
    if row.resident_id is None:
        person = Resident(household=values.household, name=values.name)
    else:
        person = _resident_of(known[row.resident_id])
        person.household = values.household
    for name in ("name", "id_number", "birth_date", "sex", "phone", "relation"):
        if (value := getattr(values, name)) is not None:
            setattr(person, name, value)
    person.is_party_member = person.is_party_member or values.is_party_member
    if row.outcome in ("new", "returns"):
        person.move_in_date, person.move_out_date = values.move_in_date or day, None
    return person


class _Told(msgspec.Struct):
    household: str
    name: str
    id_number: str | None = None
    birth_date: date | None = None
    sex: str | None = None
    phone: str | None = None
    relation: str | None = None
    is_party_member: bool = False
    move_in_date: date | None = None


NAMES = tuple(Resident.__dataclass_fields__)


def _resident_of(row: Any) -> Resident:
    return Resident(**{name: getattr(row, name) for name in NAMES})


_STORE = {
    "buildings": _store_buildings,
    "households": _store_households,
    "residents": _store_residents,
}

# -- one number, one source ----------------------------------------------------------------------------


def propose_change(work: Work, command: Any) -> dict[str, Any]:
    """From the source itself it is written; from another it waits, or is refused."""
    person, home = access.resident(work, command.resident_id, exchange.ProposeChange)
    source = rules.sources().get(command.field)
    if source is None or source.of != "resident":
        raise rules.UnknownField(field=command.field)
    value = _value(command.field, command.value, work)
    if source.admits(command.source) == "refuse":
        raise rules.NotTheSource(field_zh=source.zh, field_en=source.en, source=source.source)
    proposal_id = new_id()
    work.store.add_proposal(
        proposal_id=proposal_id, resident_id=person.resident_id, place=home.place, field=command.field,
        value=str(value), source=command.source, reason=command.reason, account=work.caller.account, at=work.now,
    )  # fmt: skip
    if source.admits(command.source) == "propose":
        return {"proposal_id": proposal_id, "state": "open"}
    return _decide(work, work.store.proposal(proposal_id), True, command.reason)


def decide_proposal(work: Work, command: Any) -> dict[str, Any]:
    proposal = work.store.proposal(command.proposal_id)
    if proposal is None or not any(within(proposal.place, scope) for scope in work.caller.scopes()):
        raise rules.UnknownProposal()
    model.check_may(work.caller, exchange.DecideProposal, proposal.place)
    if proposal.state != "open":
        raise rules.ProposalDecided(state=proposal.state)
    return _decide(work, proposal, command.accept, command.reason)


def _decide(work: Work, proposal: Any, accept: bool, reason: str) -> dict[str, Any]:
    state = "accepted" if accept else "left"
    if accept:
        person = work.store.resident(proposal.resident_id)
        home = work.store.household(person.household)
        value = _value(proposal.field, proposal.value, work)
        before = getattr(person, proposal.field)
        setattr(person, proposal.field, value)
        work.store.put_residents([person], work.now)
        kind = "relation" if proposal.field == "relation" else "details"
        plain = before.isoformat() if isinstance(before, date) else before
        kept = None if before is None or kind == "relation" else {proposal.field: plain}
        access.write_down(work, kind, home, person, reason=reason, fields=[proposal.field], before=kept)
        access.tell(work, home, work.store.living_in(home.household))
    work.store.decide_proposal(
        proposal.proposal_id, state=state, decided_by=work.caller.account, decided_at=work.now,
        decision_reason=reason, value=proposal.value if not accept else "",
    )  # fmt: skip
    return {"proposal_id": proposal.proposal_id, "state": state}


def _value(name: str, text: str, work: Work) -> Any:
    column = next(one for one in rules.COLUMNS["residents"] if one.name == name)
    try:
        value = column.read(text.strip())
    except rules.Wrong as wrong:
        (zh, en), (fix_zh, fix_en) = wrong.fault, wrong.fix
        raise model.Invalid.fields({"value": (f"{zh}：{fix_zh}。", f"{en}: {fix_en}.")}) from None
    if isinstance(value, date):
        check_day(value, today(work.now))
    return value


# -- files out -----------------------------------------------------------------------------------------


def export_registry(work: Work, command: Any) -> dict[str, Any]:
    """Masked for everybody who may list; whole for the supervisor, with a reason and a noted look for each person."""
    model.check_may(work.caller, exchange.ExportRegistry, command.place)
    if command.whole:
        if not work.caller.may(("supervisor", "admin"), command.place):
            raise rules.NotWhole()
        if not command.why:
            raise rules.WhyWhole.fields({"why": (rules.WhyWhole.zh, "Give the reason.")})
    rows = work.store.export(command.kind, command.place, command.cursor, command.limit + 1)
    kept, more = rows[: command.limit], len(rows) > command.limit
    columns = rules.COLUMNS[command.kind]
    if command.kind == "residents" and command.whole:
        for row in kept:
            access.note_look(work, row, [column.name for column in columns], f"导出 · export: {command.why}")
    shown = [_shown(command.kind, row, command.whole) for row in kept]
    return {
        "columns": [{"name": column.name, "zh": column.zh, "en": column.en} for column in columns],
        "rows": [[row[column.name] for column in columns] for row in shown],
        "next": str(kept[-1].key) if more else None,
        "masked": not command.whole,
    }


def _shown(kind: str, row: Any, whole: bool) -> dict[str, Any]:
    values = dict(row._mapping)
    if kind == "buildings":
        return values | {"number": int(row.code.rsplit("-", 1)[1])}
    if whole:
        return values
    hidden = {
        "name": citizens.mask_name, "contact_name": citizens.mask_name, "phone": citizens.mask_phone,
        "contact_phone": citizens.mask_phone, "id_number": citizens.mask_id,
    }  # fmt: skip
    shown = {
        name: hidden[name](value) if value and name in hidden else value for name, value in values.items()
    }
    return shown | ({"birth_date": row.birth_date and row.birth_date.year} if kind == "residents" else {})


COMMANDS: dict[type[Any], Callable[[Work, Any], dict[str, Any]]] = {
    exchange.OpenImport: open_import,
    exchange.AddImportPart: add_import_part,
    exchange.ApplyImport: apply_import,
    exchange.DropImport: drop_import,
    exchange.ExportRegistry: export_registry,
    exchange.ProposeChange: propose_change,
    exchange.DecideProposal: decide_proposal,
}
TIMERS: dict[Callable[[Work], None], timedelta] = {
    work_off_imports: timedelta(seconds=1),
    forget_imports: timedelta(hours=1),
}
