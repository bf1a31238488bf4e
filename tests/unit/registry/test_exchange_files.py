"""Files as streets send them, and what is wrong with their rows."""

import io
from datetime import date

import pytest
from openpyxl import Workbook, load_workbook

from gateway import sheets
from services.contracts import citizens
from services.registry.exchange import files, model

TODAY = date(2026, 11, 25)
BODY = "11019919900307001"
NUMBER = BODY + citizens.id_check_digit(BODY)
HEAD = ["住户编码", "姓名", "身份证号", "出生日期", "电话", "与户主关系", "党员"]
HOME = "110105001001001-01-1-0101"


def lines(content):
    encoding, rows = files.read(content)
    return encoding, list(rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_encoding_is_found_by_itself(encoding):
    found, rows = lines("姓名,电话\n吴秀英,13500000000\n\n".encode(encoding))
    assert found == encoding
    assert rows == [(1, ["姓名", "电话"]), (2, ["吴秀英", "13500000000"])]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a,b\n\x00", bytes([0x81, 0x20, 0xFF])])
def test_what_is_no_text_is_said_to_be_none(content):
    with pytest.raises(files.UnreadableFile):
        lines(content)


def test_a_broken_quote_names_its_line():
    with pytest.raises(files.UnreadableFile, match="line"):
        lines('姓名\n"吴'.encode())


def workbook(*rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_workbook_is_read_as_text_and_numbers_without_a_point():
    kind, rows = lines(workbook(["单元", "日期", "空"], [3, date(2026, 1, 2), None], [None, None, None]))
    assert kind == "xlsx" and rows == [(1, ["单元", "日期", "空"]), (2, ["3", "2026-01-02"])]


def test_a_damaged_workbook_is_no_crash():
    with pytest.raises(files.UnreadableFile):
        lines(workbook(["a"])[:-100])


def test_a_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(files, "LARGEST_UNPACKED", 100)
    with pytest.raises(files.UnreadableFile, match="unpacks"):
        lines(workbook(["a"]))


def understood(cells, head=HEAD, kind="residents"):
    columns, faults = model.header(kind, head)
    assert not faults
    return model.understand(kind, columns, 2, cells, TODAY)


def faults_of(row):
    return [(one["column"], one["en"]) for one in row.faults]


def test_a_sound_row_is_understood_and_the_id_number_tells_birth_and_sex():
    row = understood([HOME, "吴秀英", NUMBER.lower(), "", "13500000000", "户主", "是"])
    assert not row.faults
    assert row.told["birth_date"] == date(1990, 3, 7) and row.told["sex"] == "male"
    assert row.told["relation"] == "self" and row.told["is_party_member"] is True


def test_every_fault_of_a_row_is_told_at_once_in_both_languages_with_a_way_out():
    row = understood(["x", "", "110105199002300018", "7.3.90", "abc", "", "也许"])
    assert [name for name, _ in faults_of(row)] == [
        "household",
        "name",
        "id_number",
        "birth_date",
        "phone",
        "is_party_member",
    ]
    assert all(one["zh"] and one["en"] and one["fix_zh"] and one["fix_en"] for one in row.faults)
    assert "birth date" in row.faults[2]["fix_en"]


@pytest.mark.parametrize(
    ("number", "way_out"),
    [
        (NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1"), "mistyped"),
        ("110105900307001", "18 characters instead"),
        ("12", "18 characters"),
    ],
)
def test_a_wrong_number_says_what_may_be_wrong_with_it(number, way_out):
    (fault,) = understood([HOME, "吴", number]).faults
    assert way_out in fault["fix_en"]


def test_digits_a_spreadsheet_lost_are_not_trusted():
    _, rows = lines(workbook(HEAD[:3], [HOME, "吴", int(NUMBER) if NUMBER.isdigit() else 110101199003070011]))
    row = understood(rows[1][1], HEAD[:3])
    assert "stored as a number" in row.faults[0]["en"]


def test_the_number_and_the_date_beside_it_may_not_disagree():
    assert faults_of(understood([HOME, "吴", NUMBER, "1990-03-08"])) == [
        ("birth_date", "The ID number says otherwise")
    ]


def test_a_missing_column_is_told_before_any_row():
    _, faults = model.header("residents", ["姓名", "姓名"])
    assert [(one["column"], one["en"]) for one in faults] == [
        ("name", "The column is there twice"), ("household", "The column is missing"),
    ]  # fmt: skip


def test_the_second_of_two_alike_names_the_first():
    rows = [
        understood([HOME, "吴", NUMBER]),
        understood([HOME, "郑", NUMBER]),
        understood([HOME, "吴", "", "1990-03-07"]),
    ]
    rows[1].line, rows[2].line = 3, 4
    rows += [understood([HOME, "吴", "", "1990-03-07"])]
    rows[3].line = 5
    model.find_twins("residents", rows)
    assert [row.outcome for row in rows] == ["new", "faulty", "new", "faulty"]
    assert "line 2" in rows[1].faults[0]["en"] and "line 4" in rows[3].faults[0]["en"]


@pytest.mark.parametrize("cell", ["=1+1", "+8613500000000", "-1", "@SUM(A1)", "\t=1"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_no_cell_of_an_export_is_a_formula_and_it_comes_back_as_it_was(cell, form):
    content = sheets.write(form, ["姓名"], [[cell]])
    if form == "xlsx":
        assert load_workbook(io.BytesIO(content)).active["A2"].data_type == "s"
    else:
        assert f"'{cell.strip()[0]}" in content.decode("utf-8-sig") or "'\t" in content.decode("utf-8-sig")
    _, rows = lines(content)
    assert rows[1][1][0].strip() == cell.strip()


def test_every_field_has_one_source_and_another_register_never_writes_it():
    sources = model.sources()
    assert {column.name for column in model.COLUMNS["residents"]} - {"household"} == {
        name for name, one in sources.items() if one.of == "resident"
    }
    assert sources["phone"].admits("resident") == "write" and sources["phone"].admits("police") == "propose"
    assert (
        sources["is_party_member"].admits("police") == "refuse"
        and sources["is_party_member"].admits("party") == "write"
    )


def test_an_import_goes_only_where_the_table_of_states_leads():
    assert model.move("checked", "apply") == "applying"
    for state, what in (
        ("applied", "apply"),
        ("failed", "apply"),
        ("applying", "drop"),
        ("checking", "apply"),
    ):
        with pytest.raises(model.ImportNotReady):
            model.move(state, what)
