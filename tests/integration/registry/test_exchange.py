"""S13.2 exchange: files in with a dry run, files out, and a feed that no late commit can slip past."""

import base64
import hashlib
import threading

import pytest
from sqlalchemy import text

from services.contracts import exchange, people, registry
from services.registry import handlers
from services.registry.exchange import model as rules
from tests.integration.registry.conftest import caller
from tests.waiting import until

HEAD = "住户编码,姓名,身份证号,电话,与户主关系,党员\n"


def send(office, kind, place, content, who=None, **more):
    """The file in two parts, and the dry run worked off."""
    content = content if isinstance(content, bytes) else content.encode()
    given = {"kind": kind, "place": place, "name": "a.csv", "size": len(content), **more}
    who = who or caller("supervisor", place[:12])
    opened = office(exchange.OpenImport, who, sha256=hashlib.sha256(content).hexdigest(), **given)
    half = len(content) // 2
    for number, piece in enumerate((content[:half], content[half:])):
        part = {
            "import_id": opened["import_id"],
            "number": number,
            "content": base64.b64encode(piece).decode(),
        }
        office(exchange.AddImportPart, who, **part)
    tick(office, opened["import_id"])
    return opened["import_id"]


def tick(office, import_id, until=("checked", "failed", "applied")):
    for _ in range(200):
        with office.ledger.work() as work:
            work.now = work.now
            handlers.exchange.work_off_imports(work)
        if (state := office(exchange.GetImport, import_id=import_id)["state"]) in until:
            return state
    raise AssertionError(f"the import stays {state}")


def apply(office, import_id, how="portions"):
    office(exchange.ApplyImport, import_id=import_id, how=how, reason="年度核对")
    return tick(office, import_id, ("applied", "checked"))


def report(office, import_id):
    return {one["line"]: one for one in office(exchange.ListImportRows, import_id=import_id)["items"]}


def rows_for(homes, number, count=2):
    return [f"{home},吴{n},{number()},13500000000,户主,否" for home in homes for n in range(count)]


def test_a_dry_run_stores_nothing_and_reports_each_row(office, estate, number):
    twice = number()
    content = HEAD + "\n".join(
        [
            f"{estate.homes[0]},吴,{number()},13500000000,户主,是",
            f"{estate.homes[0]},郑,{twice},13500000000,配偶,否",
            f"{estate.homes[1]},郑,{twice},13500000000,户主,否",
            f"{estate.building}-9-0909,王,,,户主,否",
            f"{estate.other_grid[:12]}999-01-1-0101,王,,,户主,否",
        ]
    )
    import_id = send(office, "residents", estate.grid, content.encode("gb18030"))
    found = office(exchange.GetImport, import_id=import_id)
    assert (found["state"], found["encoding"], found["rows"], found["faulty"]) == ("checked", "gb18030", 5, 3)
    lines = report(office, import_id)
    assert {n: one["faults"][0]["en"] for n, one in lines.items()} == {
        4: "The same as line 3",
        5: "There is no such household",
        6: "Outside the place of this import",
    }
    assert office(registry.GetHousehold, household=estate.homes[0])["persons"] == 0
    with pytest.raises(rules.ImportHasFaults):
        office(exchange.ApplyImport, import_id=import_id, how="whole", reason="x")


def test_sound_rows_are_stored_told_written_down_and_the_file_is_gone(office, estate, number):
    import_id = send(office, "residents", estate.community, HEAD + "\n".join(rows_for(estate.homes, number)))
    assert apply(office, import_id, "whole") == "applied"
    found = office(exchange.GetImport, import_id=import_id)
    assert (found["done"], found["faulty"]) == (4, 0)
    for home in estate.homes:
        assert office(registry.GetHousehold, household=home)["persons"] == 2
        assert [data["persons"] for name, data in office.said(home) if name == "HouseholdChanged"] == [2]
        kinds = [one["kind"] for one in office(people.ListHouseholdChanges, household=home)["items"]]
        assert kinds[:2] == ["imported", "imported"]
    with office.ledger.engine.connect() as connection:
        left = connection.execute(
            text("SELECT count(*) FROM import_parts WHERE import_id = :id"), {"id": import_id}
        ).scalar()
        told = connection.execute(
            text("SELECT DISTINCT told::text FROM import_rows WHERE import_id = :id"), {"id": import_id}
        ).scalars()
        assert left == 0 and list(told) == ["{}"]
    again = send(office, "residents", estate.community, HEAD + f"{estate.homes[0]},吴0,,,,\n")
    assert office(exchange.GetImport, import_id=again)["outcomes"] == {
        "new": 1
    }  # no number, another birth date


def test_buildings_and_homes_come_the_same_way(office, estate):
    content = f"网格,楼号,地址\n{estate.grid},77,一口社区77号楼\n{estate.grid},3,已有\n{estate.community}999,1,无此网格\n"
    buildings = send(office, "buildings", estate.community, content)
    assert office(exchange.GetImport, import_id=buildings)["outcomes"] == {"new": 1, "same": 1, "faulty": 1}
    assert apply(office, buildings) == "applied"
    code = f"{estate.grid}-77"
    homes = send(
        office,
        "households",
        estate.community,
        f"楼栋,单元,门牌号,面积\n{code},1,0101,63.75\n{code},1,0102,多大\n",
    )
    assert [one["faults"][0]["column"] for one in report(office, homes).values()] == ["area"]
    assert apply(office, homes) == "applied"
    home = office(registry.GetHousehold, household=f"{code}-1-0101")
    assert home["address"] == "一口社区77号楼1单元0101室" and str(home["area"]) == "63.75"


def test_one_number_one_source_another_register_proposes_or_is_refused(office, estate, number):
    home, who = estate.homes[0], number()
    person = {"name": "吴秀英", "id_number": who, "phone": "13500000000"}
    (resident,) = office(registry.MoveIn, household=home, residents=[person])["residents"]
    import_id = send(
        office, "residents", estate.community, HEAD + f"{home},吴秀英,{who},13911112222,,\n", source="police"
    )
    assert apply(office, import_id) == "applied"
    assert office(registry.LookAtResident, resident_id=resident, why="核对")["phone"] == "13500000000"
    (proposal,) = office(exchange.ListProposals, caller("clerk", estate.community), open=True)["items"]
    assert (proposal["field"], proposal["value"], proposal["source"]) == ("phone", "139****2222", "police")
    office(exchange.DecideProposal, proposal_id=proposal["proposal_id"], accept=True, reason="本人确认")
    assert office(registry.LookAtResident, resident_id=resident, why="核对")["phone"] == "13911112222"
    with pytest.raises(rules.ProposalDecided):
        office(exchange.DecideProposal, proposal_id=proposal["proposal_id"], accept=False, reason="x")
    with pytest.raises(rules.NotTheSource):
        office(
            exchange.ProposeChange,
            resident_id=resident,
            field="is_party_member",
            value="是",
            source="police",
            reason="x",
        )
    answer = office(
        exchange.ProposeChange,
        resident_id=resident,
        field="is_party_member",
        value="是",
        source="party",
        reason="名册",
    )
    assert answer["state"] == "accepted"


def test_who_lives_elsewhere_is_moved_by_no_file(office, estate, number):
    who = number()
    office(registry.MoveIn, household=estate.homes[0], residents=[{"name": "吴", "id_number": who}])
    import_id = send(office, "residents", estate.community, HEAD + f"{estate.homes[1]},吴,{who},,,\n")
    assert "another home" in report(office, import_id)[2]["faults"][0]["en"]


def test_registered_meanwhile_the_whole_is_not_stored_and_the_dry_run_is_made_again(office, estate, number):
    who = number()
    content = HEAD + f"{estate.homes[0]},吴,{who},,,\n" + "\n".join(rows_for(estate.homes[1:], number))
    import_id = send(office, "residents", estate.community, content)
    office(registry.MoveIn, household=estate.homes[1], residents=[{"name": "吴", "id_number": who}])
    assert apply(office, import_id, "whole") == "checked"
    assert office(registry.GetHousehold, household=estate.homes[1])["persons"] == 1
    assert "another home" in report(office, import_id)[2]["faults"][0]["en"]
    assert apply(office, import_id, "portions") == "applied"
    assert office(registry.GetHousehold, household=estate.homes[1])["persons"] == 3


def test_an_import_that_dies_goes_on_after_the_last_row_that_was_committed(
    office, estate, number, monkeypatch
):
    monkeypatch.setattr(handlers.exchange, "PORTION", 2)
    monkeypatch.setattr(handlers.exchange, "TIME_OF_A_TICK", 0.0)  # one portion a tick
    import_id = send(
        office, "residents", estate.community, HEAD + "\n".join(rows_for(estate.homes, number, 3))
    )
    office(exchange.ApplyImport, import_id=import_id, how="portions", reason="x")
    with office.ledger.work() as work:
        handlers.exchange.work_off_imports(work)
    assert office(exchange.GetImport, import_id=import_id)["done"] == 2
    with pytest.raises(RuntimeError), office.ledger.work() as work:
        handlers.exchange.work_off_imports(work)
        raise RuntimeError("the process dies before the commit")
    assert office(exchange.GetImport, import_id=import_id)["done"] == 2
    assert tick(office, import_id, ("applied",)) == "applied"
    assert [office(registry.GetHousehold, household=home)["persons"] for home in estate.homes] == [3, 3]


def test_what_arrives_is_what_was_announced(office, estate):
    opened = office(
        exchange.OpenImport, kind="residents", place=estate.grid, name="a", size=3, sha256="0" * 64
    )
    with pytest.raises(rules.NotTheFile):
        office(
            exchange.AddImportPart,
            import_id=opened["import_id"],
            number=0,
            content=base64.b64encode(b"abc").decode(),
        )
    with pytest.raises(rules.NotTheFile):
        office(exchange.AddImportPart, import_id=opened["import_id"], number=0, content="abcdefgh")


def test_a_file_without_the_columns_fails_with_what_is_missing(office, estate):
    import_id = send(office, "residents", estate.grid, "电话\n13500000000\n")
    found = office(exchange.GetImport, import_id=import_id)
    assert found["state"] == "failed" and [one["column"] for one in found["faults"]] == ["household", "name"]


def test_another_areas_import_does_not_exist(office, estate, number):
    import_id = send(office, "residents", estate.grid, HEAD + "\n".join(rows_for(estate.homes, number)))
    stranger = caller("supervisor", "880000000000")
    for contract, more in (
        (exchange.GetImport, {}),
        (exchange.ListImportRows, {}),
        (exchange.ApplyImport, {"how": "portions", "reason": "x"}),
        (exchange.DropImport, {}),
    ):
        with pytest.raises(rules.UnknownImport):
            office(contract, stranger, import_id=import_id, **more)


def test_an_export_is_masked_and_a_whole_one_notes_a_look_for_each_person(office, estate, number):
    who = number()
    person = {"name": "吴秀英", "id_number": who, "phone": "13500000000"}
    (resident,) = office(registry.MoveIn, household=estate.homes[0], residents=[person])["residents"]
    clerk, supervisor = caller("clerk", estate.community), caller("supervisor", estate.community)
    masked = office(exchange.ExportRegistry, clerk, kind="residents", place=estate.community)
    assert "吴**" in masked["rows"][0] and who not in str(masked) and "1950-01-01" not in str(masked)
    assert office(registry.ListLooks, supervisor)["items"] == []
    with pytest.raises(rules.NotWhole):
        office(exchange.ExportRegistry, clerk, kind="residents", place=estate.community, whole=True, why="x")
    with pytest.raises(rules.WhyWhole):
        office(exchange.ExportRegistry, supervisor, kind="residents", place=estate.community, whole=True)
    whole = office(
        exchange.ExportRegistry, supervisor, kind="residents", place=estate.community, whole=True, why="年报"
    )
    assert who in whole["rows"][0]
    (look,) = office(registry.ListLooks, supervisor)["items"]
    assert look["resident_id"] == resident and "年报" in look["why"]


# -- the feed ------------------------------------------------------------------------------------------


def test_the_feed_goes_on_from_its_own_number(office, estate, number):
    start = office(exchange.ListChanges, place=estate.community)
    office(registry.MoveIn, household=estate.homes[0], residents=[{"name": "吴", "id_number": number()}])
    seen, after = [], start["next"]
    while True:
        portion = office(exchange.ListChanges, place=estate.community, after=after, limit=1)
        seen += [one["kind"] for one in portion["items"]]
        after = portion["next"]
        if not portion["items"]:
            break
    assert seen == ["moved-in"]
    assert "吴" not in str(office(exchange.ListChanges, place=estate.community))


def test_of_two_overlapping_transactions_the_late_one_is_never_behind_what_was_read(office, estate, number):
    """The first writes its line and does not commit yet; the second wants to overtake it. With a plain sequence a reader
    would see the second's larger number and go past the first's. Here the second waits for the first."""
    first_written, second_done, let_first_go = threading.Event(), threading.Event(), threading.Event()
    after = office(exchange.ListChanges)["newest"]
    clerk = caller("clerk", estate.community)

    def write(home, before_commit):
        order = registry.MoveIn.read(
            {"household": home, "residents": [{"name": "吴", "id_number": number()}]}
        )
        with office.ledger.work(clerk) as work:
            handlers.move_in(work, order)
            before_commit(work)

    def hold(work):
        work.store.write_changes()
        first_written.set()
        assert let_first_go.wait(20)

    def late():
        write(estate.homes[1], lambda work: None)
        second_done.set()

    one = threading.Thread(target=write, args=(estate.homes[0], hold))
    two = threading.Thread(target=late)
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    one.start()
    assert first_written.wait(20)
    two.start()
    try:
        with office.ledger.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            until(
                lambda: connection.execute(waiting).scalar() or second_done.is_set(),
                20,
                "the second comes to the lock",
            )
        assert not second_done.is_set()
        assert office(exchange.ListChanges, after=after, place=estate.community)["items"] == []
    finally:
        let_first_go.set()
    one.join(20)
    two.join(20)
    items = office(exchange.ListChanges, after=after, place=estate.community)["items"]
    assert [line["household"] for line in items] == estate.homes
    assert items[0]["no"] < items[1]["no"]


def test_under_many_writers_a_reader_who_keeps_up_misses_nothing(office, estate, number):
    building, writers, each = estate.building, 6, 8
    after = office(exchange.ListChanges)["newest"]
    seen, stop = [], threading.Event()

    def read():
        cursor = after
        while True:
            last = stop.is_set()
            portion = office(exchange.ListChanges, after=cursor)
            seen.extend(one["no"] for one in portion["items"])
            cursor = portion["next"]
            if last and not portion["items"]:
                return

    def write(unit):
        for door in range(each):
            office(registry.AddHousehold, building=building, unit=unit + 2, door=f"{door:04}")

    reader = threading.Thread(target=read)
    reader.start()
    threads = [threading.Thread(target=write, args=(unit,)) for unit in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    reader.join()
    assert len(seen) >= writers * each and seen == list(range(seen[0], seen[0] + len(seen)))
