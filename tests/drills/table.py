"""`python -m tests.drills.table`: the drills' rows, into docs/operations.md between its markers."""

import json
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "operations.md"
BEGIN, END = "<!-- drills: written by make drills -->", "<!-- /drills -->"
HEAD = (
    "| fault | events and effects | lost | doubled | whole again after, s |",
    "|---|---|---|---|---|",
)


def table(rows, day):
    lines = [
        "| {fault} | {load} | {lost} | {doubled} | {recovery} |".format(
            **{**row, "recovery": "—" if row["recovery"] is None else row["recovery"]}
        )
        for row in sorted(
            rows, key=lambda row: "(must" in row["fault"]
        )  # the builds broken on purpose come last
    ]
    return "\n".join([*HEAD, *lines, "", f"Measured on two busy cores, {day}."])


def main():
    rows = [json.loads(line) for line in (ROOT / ".run" / "drills.jsonl").read_text().splitlines()]
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(rows, date.today())}\n\n{END}{after}")


if __name__ == "__main__":
    main()
