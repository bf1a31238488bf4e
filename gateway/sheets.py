"""Tables as files: CSV that spreadsheets read without being told the encoding, or XLSX. No cell is ever a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def write(form: str, titles: list[str], rows: Iterable[list[Any]]) -> bytes:
    return (_csv if form == "csv" else _xlsx)(titles, rows)


def safe(cell: Any) -> Any:
    """A resident called `=cmd|…` must not run on a clerk's machine; an apostrophe makes it text."""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(DANGEROUS) else cell


def _csv(titles: list[str], rows: Iterable[list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(titles)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _xlsx(titles: list[str], rows: Iterable[list[Any]]) -> bytes:
    from openpyxl import Workbook  # only who exports a workbook pays for the library

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Yikou")
    sheet.append(titles)
    for row in rows:
        sheet.append([_drawable(safe(cell)) for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _drawable(cell: Any) -> Any:
    """XML knows no control characters."""
    if not isinstance(cell, str):
        return cell
    return "".join(c for c in cell if c >= " " or c in "\t\n\r")
