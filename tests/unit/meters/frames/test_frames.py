"""Frames as they are printed in manuals, frames with each thing wrong, and what is made of them."""

import json
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from services.meters import frames
from services.meters.frames import Fault, Found, Item, Stream, cjt188, dlt645, profiles
from services.meters.frames.items import entry

METER = "123456789012"
POWER = dlt645.encode(dlt645.reply(METER, "00010000", [Item("", "", "", Decimal("123.45"))]), 4)
WATER = bytes.fromhex(
    "FE FE FE FE 68 10 18 02 12 20 20 00 00 81 16 90 1F 00 00 02 00 00 2C 00 02 00 00 2C 00 00 00 00 00 00 00 00 FF 85 16"
)


def told(text):
    return frames.tell(bytes.fromhex(text))


# -- as printed in manuals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "FE FE FE FE 68 AA AA AA AA AA AA AA AA 03 03 81 0A 00 49 16",
            {"protocol": "CJ/T 188-2004", "meter": "A" * 14, "function": "read-address", "kind": "request"},
        ),
        (
            "FE FE FE FE 68 10 18 02 12 20 20 00 00 83 03 81 0A 00 F5 16",
            {"function": "read-address", "kind": "reply", "meter": "00002020120218", "type": "cold-water"},
        ),
        (
            "FE FE FE FE 68 10 18 02 12 20 20 00 00 01 03 90 1F 00 97 16",
            {"function": "read", "kind": "request"},
        ),
        (
            "FE FE FE FE 68 10 44 33 22 11 00 33 78 01 03 1F 90 00 80 16",
            {"protocol": "CJ/T 188-2018", "identifier": "901F", "meter": "78330011223344"},
        ),
        (
            "FE FE FE FE 68 10 69 05 90 05 15 33 78 04 04 A0 17 01 55 50 16",
            {"function": "write", "command": "open", "serial": 1},
        ),
        ("68 10 69 05 90 05 15 33 78 04 04 A0 17 01 99 94 16", {"command": "close"}),
        (
            "68 03 00 00 00 00 00 68 81 04 44 E9 33 34 EC 16",
            {"protocol": "DL/T 645-1997", "meter": "000000000003", "byte": 8},
        ),
    ],
)
def test_a_printed_frame_says_what_the_manual_says(text, expected):
    found = told(text)
    assert found | expected == found


def test_a_printed_answer_of_a_water_meter():
    found = frames.tell(WATER)
    items = {item["name"]: (item["value"], item.get("unit")) for item in found["items"]}
    assert items["total"] == items["settlement"] == ("2.00", "m3")
    assert items["clock"] == (None, None), "never set"
    assert found["status"] == {"valve": "open", "battery": "good"}


def test_the_2018_order_of_an_answer_and_its_clock():
    question = cjt188.read_request(0x10, "78330011223344", serial=9, swapped=True)
    sent = cjt188.encode(
        cjt188.request(
            0x10, question.address, 0x81, "901F", 9,
            bytes.fromhex("00 77 66 55 2C 00 77 66 55 2C 31 01 22 11 05 15 20 05 84"), True,
        )
    )  # fmt: skip
    found = frames.tell(sent)
    assert (found["protocol"], found["serial"]) == ("CJ/T 188-2018", 9)
    assert [item["value"] for item in found["items"]] == [
        "556677.00",
        "556677.00",
        "2015-05-11T22:01:31",
        "0584",
    ]
    assert found["status"] == {"valve": "closed", "battery": "low"}


# -- DL/T 645 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identifier", "data", "expected"),
    [
        ("00010000", "45 23 01 00", [("forward_active_energy_total", "123.45", "total")]),
        ("00000000", "45 23 01 80", [("combined_active_energy_total", "-123.45", "combined_total")]),
        ("00020200", "00 00 00 00", [("reverse_active_energy_peak", "0.00", "reverse_peak")]),
        ("00010001", "45 23 01 00", [("forward_active_energy_total_1_settlements_ago", "123.45", None)]),
        (
            "0001FF00",
            "99 99 99 99 01 00 00 00 02 00 00 00 03 00 00 00 FF FF FF FF",
            [
                ("forward_active_energy_total", "999999.99", "total"),
                ("forward_active_energy_sharp", "0.01", "sharp"),
                ("forward_active_energy_peak", "0.02", "peak"),
                ("forward_active_energy_flat", "0.03", "flat"),
                ("forward_active_energy_valley", None, "valley"),
            ],
        ),
        ("02010100", "05 22", [("voltage_a", "220.5", None)]),
        ("0201FF00", "05 22 06 22 FF FF", [("voltage_a", "220.5", None), ("voltage_b", "220.6", None), ("voltage_c", None, None)]),
        ("02020100", "34 12 80", [("current_a", "-1.234", None)]),
        ("02030000", "56 34 92", [("active_power_total", "-12.3456", None)]),
        ("02060000", "99 09", [("power_factor_total", "0.999", None)]),
        ("02060000", "00 90", [("power_factor_total", "-1.000", None)]),
        ("02800002", "00 50", [("frequency", "50.00", None)]),
        ("04000101", "00 01 03 26", [("date", "2026-03-01", None)]),
        ("04000102", "59 58 23", [("time", "23:58:59", None)]),
        ("0400010C", "59 58 23 00 01 03 26", [("date_and_time", "2026-03-01T23:58:59", None)]),
        ("04000501", "01 80", [("status_word_1", "8001", None)]),
    ],
)  # fmt: skip
def test_values_are_read_by_the_table(identifier, data, expected):
    frame = dlt645.Frame(METER, 0x91, bytes.fromhex(identifier)[::-1] + bytes.fromhex(data))
    found = dlt645.items(frame)
    assert [
        (item.name, None if item.value is None else str(item.value), item.register) for item in found
    ] == expected
    assert dlt645.reply(METER, identifier, found) == frame


def test_a_maximum_demand_tells_when_it_was():
    (item,) = dlt645.items(dlt645.Frame(METER, 0x91, bytes.fromhex("00 00 01 01 56 34 12 30 08 01 03 26")))
    assert (item.value, item.unit, item.when) == (Decimal("12.3456"), "kW", "2026-03-01T08:30")


def test_the_table_has_every_tariff_and_phase_and_settlement():
    assert entry("00013F0C").fields[0].name == "forward_active_energy_tariff_63_12_settlements_ago"
    assert entry("02030300").fields[0].zh == "C相瞬时有功功率"
    assert entry("00014000") is entry("0001000D") is entry("02010400") is entry("09000000") is None


def test_what_is_sent_to_an_electricity_meter():
    sent = [
        dlt645.read_request(METER, "00010000"),
        dlt645.read_more_request(METER, "0001FF00", 1),
        dlt645.address_request(),
        dlt645.address_reply(METER),
        dlt645.error_reply(METER, 0x11, "no-such-data", "other"),
        dlt645.set_clocks("2026-03-01T08:00:00"),
        dlt645.relay_request(METER, "open", "2026-03-01T08:00:00", "02123456", "00000001"),
    ]
    said = [frames.tell(frames.encode(frame)) for frame in sent]
    assert [one["kind"] for one in said] == ["request"] * 3 + ["reply", "error"] + ["request"] * 2
    assert said[3]["items"][0]["value"] == METER
    assert [fault["slug"] for fault in said[4]["refused"]] == ["other", "no-such-data"]
    assert said[5]["meter"] == dlt645.EVERYBODY
    assert (said[6]["command"], said[6]["until"]) == ("open", "2026-03-01T08:00:00")
    assert not any("error" in one for one in said)


def test_an_answer_in_parts_is_whole_only_with_all_of_them():
    whole = dlt645.reply(METER, "0001FF00", [Item("", "", "", Decimal(n)) for n in range(20)])
    parts = dlt645.replies(whole, 30)
    assert [part.control for part in parts] == [0xB1, 0xB2, 0x92]
    assert dlt645.joined(parts) == whole
    for wrong, slug in (
        (parts[:2], "unfinished"),
        ([parts[0], parts[2]], "out-of-sequence"),
        ([parts[0], dlt645.Frame("0" * 12, 0x92, parts[1].data)], "unfinished"),
    ):
        with pytest.raises(Fault) as fault:
            dlt645.joined(wrong)
        assert fault.value.slug == slug
    assert frames.tell(frames.encode(parts[0]))["more"] is True


# -- CJ/T 188 ----------------------------------------------------------------------------------------------


def test_what_is_sent_to_a_water_meter_and_what_it_answers():
    valve = cjt188.valve_request(0x10, "78331505900569", "close", serial=3, swapped=True)
    sent = [
        cjt188.read_request(0x30, "00000000000001"),
        cjt188.address_request(),
        cjt188.address_reply(0x10, "78331505900569"),
        valve,
        cjt188.valve_reply(valve, b"\x03\x00"),
        cjt188.error_reply(valve, b"\x04\x00"),
        cjt188.set_clock(0x10, "78331505900569", "2026-03-01T08:00:00"),
    ]
    said = [frames.tell(frames.encode(frame)) for frame in sent]
    assert not any("error" in one for one in said)
    assert said[0]["type"] == "gas"
    assert said[2]["items"][0]["value"] == "78331505900569"
    assert (said[3]["protocol"], said[3]["command"]) == ("CJ/T 188-2018", "close")
    assert said[4]["status"] == {"valve": "fault", "battery": "good"}
    assert (said[5]["kind"], said[5]["status"]["battery"]) == ("error", "low")


def test_a_makers_way_is_data(tmp_path, monkeypatch):
    text = profiles.FILE.read_text().replace(
        "unit-first:     # the unit's code before the value\n    makers: []",
        "unit-first:\n    makers: ['7833']",
    )
    file = tmp_path / "profiles.yaml"
    file.write_text(text)
    monkeypatch.setenv("YIKOU_FRAME_PROFILES", str(file))
    profiles._book.cache_clear()
    try:
        question = cjt188.read_request(0x10, "78330011223344")
        rest = bytes.fromhex("2C 00 77 66 55 29 00 77 66 55 00 00 00 00 00 00 00 00 00")
        frame = cjt188.request(0x10, question.address, 0x81, "901F", 0, rest)
        told = cjt188.items(frame)
        assert [(str(item.value), item.unit) for item in told[:2]] == [
            ("556677.00", "m3"),
            ("556677.00", "L"),
        ]
        assert cjt188.reply(question, told) == frame
    finally:
        monkeypatch.undo()
        profiles._book.cache_clear()


def test_status_bits_are_read_by_the_profile():
    closed_low = b"\x60\x00"
    said = {
        name: [f"{bits.name}-{word}" for bits, word in profiles.named(name).told_by(closed_low)]
        for name in profiles.names()
    }
    assert said["high-bits"] == ["valve-closed", "battery-low"]
    assert said["standard"] == ["valve-open", "battery-good"]
    assert profiles.named("high-bits").alarms(closed_low) == ["battery-low"]


# -- what is wrong, and where ------------------------------------------------------------------------------


def changed(sent, position, *values):
    """With the checksum put right, so that nothing else is wrong."""
    body = bytearray(sent.lstrip(b"\xfe"))
    body[position : position + len(values)] = bytes(values)
    body[-2] = sum(body[:-2]) & 0xFF
    return bytes(body)


def with_data(*values):
    return dlt645.encode(dlt645.Frame(METER, 0x91, bytes(values)))


@pytest.mark.parametrize(
    ("sent", "slug", "byte"),
    [
        (b"", "empty", 0),
        (b"\xfe\xfe", "truncated", 2),
        (b"\xfe" + POWER, "long-preamble", 4),
        (b"\xfe\x33" + POWER, "no-start", 1),
        (POWER[:10], "truncated", 10),
        (POWER[:-1], "truncated", len(POWER) - 1),
        (POWER + b"\x00", "trailing", len(POWER)),
        (POWER[:-1] + b"\x17", "no-end", len(POWER) - 1),
        (POWER[:-2] + b"\x00\x16", "checksum", len(POWER) - 2),
        (changed(POWER, 7, 0x69), "no-second-start", 7),
        (changed(POWER, 7, 0x69) + b"\x00", "truncated", len(POWER) - 3),  # 12 may be a meter type
        (changed(POWER, 1, 0xB2), "address", 1),
        (changed(POWER, 8, 0x9F), "unknown-control", 8),
        (changed(POWER, 8, 0x81), "old-standard", 8),
        (with_data(0, 0), "short-data", 12),
        (with_data(0, 0, 1, 0, 0x45, 0x23, 1), "short-data", 17),
        (with_data(0, 0, 1, 0, 0x45, 0x23, 1, 0, 9), "long-data", 18),
        (with_data(0, 0, 1, 0, 0x45, 0x2A, 1, 0), "not-bcd", 15),
        (with_data(0, 0, 1, 9, 0x45, 0x23, 1, 0), "unknown-identifier", 14),
        (with_data(1, 1, 0, 4, 0, 0x30, 2, 0x26), "not-a-date", 14),
        (changed(WATER, 1, 0x45), "unknown-protocol", 1),
        (changed(WATER, 2, 0x0A), "address", 2),
        (changed(WATER, 9, 0x91), "unknown-control", 9),
        (changed(WATER, 11, 0x99), "unknown-identifier", 11),
        (changed(WATER, 18, 0x99), "unknown-unit", 18),
        (changed(WATER, 14, 0x0A), "not-bcd", 14),
        (changed(WATER, 24, 0, 0, 0, 1, 13, 0x15, 0x20), "not-a-date", 24),
        (changed(WATER, 1, 0x20), "unknown-unit", 28),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_byte(sent, slug, byte):
    found = frames.tell(sent)
    assert (found["error"]["slug"], found["byte"]) == (slug, byte), found


def test_a_stray_68_before_a_frame_does_not_hide_it():
    bare = POWER.lstrip(b"\xfe")
    for strays in range(1, 12):
        stream = Stream()
        found = stream.feed(b"\x68" * strays + bare + bare) + stream.finish()
        assert [each.raw for each in found if isinstance(each, Found)] == [bare, bare]


def test_a_frame_of_the_old_standard_in_a_stream_is_named_as_a_whole():
    old = bytes.fromhex("68 03 00 00 00 00 00 68 81 04 44 E9 33 34 EC 16")
    stream = Stream()
    first, second = stream.feed(old + POWER)
    assert (first.raw, first.fault.slug, first.fault.at) == (old, "old-standard", 8)
    assert isinstance(second, Found)


@pytest.mark.parametrize(
    ("item", "slug"),
    [
        (Item("", "", "", Decimal("1234567.00")), "out-of-range"),
        (Item("", "", "", Decimal("-1")), "out-of-range"),
        (Item("", "", "", Decimal("0.001")), "out-of-range"),
    ],
)
def test_what_does_not_fit_is_not_sent(item, slug):
    with pytest.raises(Fault) as fault:
        dlt645.reply(METER, "00010000", [item])
    assert fault.value.slug == slug


# -- the command -------------------------------------------------------------------------------------------


def yikou(*words):
    return CliRunner().invoke(app, ["meters", "decode", *words], catch_exceptions=False)


def test_the_command_prints_a_frame_as_json():
    result = yikou(POWER.hex(" "))
    assert result.exit_code == 0
    assert (
        json.loads(result.output)["items"][0] | {"value": "123.45", "unit": "kWh"}
        == json.loads(result.output)["items"][0]
    )


@pytest.mark.parametrize(("word", "byte"), [(POWER[:-1].hex(), len(POWER) - 1), ("6Z", 0)])
def test_the_command_names_the_fault_and_its_byte_and_fails(word, byte):
    result = yikou(word)
    assert result.exit_code == 1
    said = json.loads(result.output)
    assert said["byte"] == byte and said["error"]["zh"]


def test_the_command_reads_by_the_profile_it_is_told():
    words = (WATER.hex(), "--profile", "high-bits")
    assert json.loads(yikou(*words).output)["profile"] == "high-bits"
    assert yikou(WATER.hex(), "--profile", "nobody").exit_code == 2
