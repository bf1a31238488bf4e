"""`yikou meters vee`: findings as lines of JSON, bad lines named, nothing stops the run."""

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app

REAL = Path("services/meters/data/water-households-2016-03-05.csv.gz")


def run(file, *options):
    done = CliRunner().invoke(app, ["meters", "vee", str(file), *options])
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def plain(*litres):
    yield "meter,register,at,value,unit"
    for hour, value in enumerate(litres):
        yield f"W-1,total,2026-03-02T{hour:02}:00:00+08:00,{value},L"


def test_the_real_meters_say_what_the_readme_says():
    done, found = run(REAL)
    counts: dict[str, int] = {}
    for each in found:
        counts[each["rule"]] = counts.get(each["rule"], 0) + 1
    told = Path("services/meters/data/README.md").read_text()
    assert counts == {
        "consecutive_interval": 1609, "missing_quantity": 60, "negative": 13, "interval_size": 6, "zero": 4,
    }  # fmt: skip
    for rule, count in counts.items():
        assert f"| `{rule}` | {count:,} |" in told
    assert "81133 条读数" in done.stderr and "proxy_day 787" in done.stderr


def test_a_finding_names_rule_version_time_and_evidence_and_the_estimate(tmp_path):
    file = tmp_path / "one.csv"
    lines = list(plain(*range(0, 200, 10)))
    file.write_text("\n".join(lines[:6] + lines[10:]))
    done, (found,) = run(file)
    assert done.exit_code == 0
    assert found == {
        "meter": "W-1", "register": "total", "rule": "consecutive_interval", "version": 1,
        "from": "2026-03-02T04:00:00+08:00", "until": "2026-03-02T09:00:00+08:00",
        "evidence": {"missing": 4, "used": "0.05"},
        "estimate": {
            "method": "proration", "total": "0.05", "quantities": ["0.01"] * 5,
            "until": [f"2026-03-02T0{hour}:00:00+08:00" for hour in range(5, 10)],
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    [
        "W-1,total,2026-03-02T05:30:00+08:00,x,L",
        "W-1,total,2026-03-02T05:30:00+08:00,-1,L",
        "W-1,total,2026-03-02T05:30:00+08:00,NaN,L",
        "W-1,total,2026-03-02T05:30:00+08:00,1,gallon",
        "W-1,total,2026-03-02T05:30:00,1,L",
        "W-1,total,yesterday,1,L",
        "W-1,total,2026-03-02T05:30:00+08:00,1",
        ",total,2026-03-02T05:30:00+08:00,1,L",
        "\x00\ufffd;;;",
    ],
)
def test_a_bad_line_is_named_with_its_number_and_the_rest_is_read(tmp_path, bad):
    lines = list(plain(*range(0, 200, 10)))
    lines.insert(7, bad)
    file = tmp_path / "one.csv"
    file.write_text("\n".join(lines))
    done, found = run(file)
    assert done.exit_code == 0 and found == []
    assert "line 8:" in done.stderr and "20 条读数" in done.stderr and "1 行无法读取" in done.stderr


def test_rows_in_any_order_with_another_unit_among_them(tmp_path):
    lines = list(plain(*range(0, 200, 10)))
    file = tmp_path / "one.csv"
    file.write_text("\n".join([lines[0], *reversed(lines[1:]), "W-1,total,2026-03-02T05:00:00+08:00,1,kWh"]))
    done, (found,) = run(file)
    assert found["rule"] == "unit" and found["evidence"] == {"unit": "kWh", "expected": "m3"}
    assert "19 条乱序" in done.stderr


def test_a_torn_file_is_read_to_the_tear(tmp_path):
    file = tmp_path / "torn.csv.gz"
    file.write_bytes(gzip.compress("\n".join(plain(*range(0, 2000, 100))).encode() + b"\n" * 99)[:-12])
    done, _ = run(file)
    assert done.exit_code == 0 and "the file ends here" in done.stderr


def test_what_is_no_file_of_readings_is_refused(tmp_path):
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    assert run(file)[0].exit_code == 2
    file.write_text("")
    assert run(file)[0].exit_code == 2
    assert run(REAL, "--zone", "Nowhere/Else")[0].exit_code == 2
