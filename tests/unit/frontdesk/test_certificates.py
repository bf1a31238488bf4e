"""The certificate desk (S18.6-7): the blocklist of 民发〔2020〕20号, the wording, and the paper."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pypdf
import pytest

from services.chassis.settings import settings
from services.frontdesk.certificates import blocklist, codes, document
from services.frontdesk.certificates.model import Wording, number_of, placeholders, state

DAY = date(2026, 11, 25)
BEIJING, HUBEI = "110105001001", "420106001001"

PAPER = document.Paper(
    number="ZM20261125-0000012",
    code="ABCDEFGHJK",
    page="http://desk/c/ZM20261125-0000012?code=ABCDEFGHJK",
    title_zh="居住证明",
    title_en="Residence certificate",
    says_zh="兹证明张某（公民身份号码110105198001010010）自2019年3月1日起在示范街道一口社区3号楼2单元502室居住。",
    says_en="This is to certify that 张某 has lived here since 2019-03-01.",
    facts=(("用途 Purpose", "子女入学"),),
    issuer_zh="一口社区居民委员会",
    issuer_en="Residents' Committee",
    issued_on=DAY,
    valid_until=date(2027, 2, 23),
)


def text_of(content):
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


# -- the blocklist --


def test_the_twenty_certificates_a_residents_committee_does_not_issue():
    found = blocklist.blocked(BEIJING, DAY)
    assert len(found) == 20
    for one in found:
        plain = one.as_dict()
        assert all(plain[f"{name}_zh"] and plain[f"{name}_en"] for name in ("title", "why", "instead"))
        assert "20号" in plain["source"]


def test_the_list_holds_from_its_day():
    assert blocklist.blocked(BEIJING, date(2020, 4, 27)) == []
    assert len(blocklist.blocked(BEIJING, date(2020, 4, 28))) == 20


def test_a_place_adds_to_the_list_and_leaves_out_of_it():
    here = {one.item.code for one in blocklist.blocked(BEIJING, DAY)}
    there = {one.item.code for one in blocklist.blocked(HUBEI, DAY)}
    assert there - here == {"lost-receipt", "school-transfer"} and here - there == {"alive"}


@pytest.mark.parametrize("name", ["no-crime", "no-crime-certificate", "无犯罪记录证明"])
def test_asking_for_one_is_refused_with_the_reason_and_who_does_it_instead(name):
    with pytest.raises(blocklist.CertificateNotIssued) as refused:
        blocklist.refuse_blocked(BEIJING, DAY, name)
    assert "派出所" in refused.value.chinese and "police" in refused.value.en
    blocklist.refuse_blocked(HUBEI, DAY, "alive")


# -- wording --


def test_the_first_that_is_known_is_said_and_what_is_missing_is_named():
    wording = Wording()
    assert wording.fill("{grid.address|address}", {"address": "甲", "grid.address": "乙"}) == "乙"
    assert wording.fill("{grid.address|address}", {"address": "甲", "grid.address": ""}) == "甲"
    assert wording.missing == []
    assert wording.fill("{a}和{b}和{a}", {"b": "乙"}) == "和乙和"
    assert wording.missing == ["a"]
    assert list(placeholders("{a|b.c} {d}")) == ["a", "b.c", "d"]


def test_what_an_applicant_writes_is_never_taken_for_a_placeholder():
    wording = Wording()
    assert wording.fill("{reason}", {"reason": "{id_number}", "id_number": "1"}) == "{id_number}"
    assert wording.missing == []


def test_numbers_follow_the_case_and_validity_ends_after_its_last_day():
    assert number_of("20261125-0000012", 0) == "ZM20261125-0000012"
    assert number_of("20261125-0000012", 1) == "ZM20261125-0000012-2"
    assert state(None, DAY, DAY) == "valid"
    assert state(None, date(2026, 11, 24), DAY) == "expired"
    assert state(None, None, DAY) == "valid"
    assert state(datetime(2026, 11, 1, tzinfo=UTC), None, DAY) == "revoked"


def test_a_code_fits_its_number_and_no_other_however_it_is_typed(monkeypatch):
    monkeypatch.setenv("YIKOU_TRACKING_SECRET", "s" * 32)
    settings.cache_clear()
    code = codes.code_of("ZM20261125-0000012")
    assert len(code) == 10 and not set(code) & set("01ILO")
    assert codes.fits("ZM20261125-0000012", f"{code[:5]}-{code[5:]}".lower() + " ")
    assert not codes.fits("ZM20261125-0000013", code) and not codes.fits("ZM20261125-0000012", "")
    settings.cache_clear()


# -- the paper --


def test_the_text_can_be_read_back_and_the_font_is_inside():
    content = document.render(PAPER)
    text = text_of(content)
    for said in (
        "居住证明",
        "ZM20261125-0000012",
        "2019年3月1日",
        "ABCDE-FGHJK",
        "2026-11-25",
        "2027-02-23",
        "子女入学",
    ):
        assert said in text.replace("\n", "")
    page = pypdf.PdfReader(io.BytesIO(content)).pages[0]
    for font in page["/Resources"]["/Font"].values():
        found = font.get_object()
        if "MicroHei" in str(found["/BaseFont"]):
            assert "/FontFile2" in found["/FontDescriptor"] and "/ToUnicode" in found
            break
    else:
        pytest.fail("no Chinese font in the file")


def test_the_same_content_is_the_same_file():
    assert document.render(PAPER) == document.render(PAPER)
    assert document.render(PAPER) != document.render(replace(PAPER, code="ABCDEFGHJM"))


def test_a_sign_the_font_does_not_have_is_written_by_its_number():
    assert document.drawable("张𠮷\u0000") == "张〔U+20BB7〕"
    assert "张〔U+20BB7〕" in text_of(document.render(replace(PAPER, says_zh="兹证明张𠮷居住。")))


def test_lines_break_before_a_date_and_not_within_it():
    document.font()
    lines = document.wrapped("证" * 29 + "自2019-03-01起居住，" + "明" * 40, 14)
    assert "".join(lines).count("2019-03-01") == 1 and sum("2019-03-01" in line for line in lines) == 1
    assert not any(line.startswith(("，", "。")) for line in lines)


def test_a_long_text_goes_on_another_page():
    content = document.render(replace(PAPER, says_zh="情况如下：" + "甲" * 2000 + "终。"))
    text = text_of(content).replace("\n", "")
    assert text.count("甲") == 2000 and "终。" in text and "ABCDE-FGHJK" in text
    lowest = []
    for page in pypdf.PdfReader(io.BytesIO(content)).pages:
        page.extract_text(visitor_text=lambda said, _, at, *more: "甲" in said and lowest.append(at[5]))
    assert min(lowest) >= document.FOOT - 1, "nothing runs into how to check it, or off the page"


def test_without_a_font_the_desk_does_not_open(monkeypatch):
    monkeypatch.setenv("YIKOU_FONT", "/nowhere.ttc")
    settings.cache_clear()
    document.font.cache_clear()
    with pytest.raises(document.NoFont, match="fonts-wqy-microhei"):
        document.font()
    monkeypatch.undo()
    settings.cache_clear()
    document.font.cache_clear()
