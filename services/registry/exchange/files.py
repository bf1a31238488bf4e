"""Files as offices send them: CSV in UTF-8, GB 18030 or UTF-16, or XLSX. Everything becomes text, line by line."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from services.chassis.errors import Invalid

LARGEST_UNPACKED = 200 * 1024 * 1024
"""A workbook of ten megabytes that unpacks to more was made to fill memory."""
MOST_ROWS = 100_000
MOST_COLUMNS = 60
BREATH = 200
"""Rows after which the other workers of this process get a turn."""
DANGEROUS = "=+-@\t\r"
"""A cell that begins like this is a formula to a spreadsheet; ours begin with an apostrophe then."""
TOO_LONG_FOR_A_NUMBER = 16
"""From this many digits on a spreadsheet's number has lost the last ones."""

Line = tuple[int, list[str]]


class UnreadableFile(Invalid):
    """The file cannot be read: {why}."""

    zh = "文件无法读取：{why_zh}。"


class Lost(str):
    """Digits that a spreadsheet kept as a number, and of which the last are not to be trusted."""


def read(content: bytes) -> tuple[str, Iterator[Line]]:
    """How the file is written, and its lines with their numbers; empty ones are left out."""
    if content[:4] == b"PK\x03\x04":
        return "xlsx", _lines(_workbook(content))
    encoding = encoding_of(content)
    text = content.decode(encoding)
    first = text.partition("\n")[0]
    separator = "\t" if first.count("\t") > first.count(",") else ","
    return encoding, _lines(_csv(text, separator))


def encoding_of(content: bytes) -> str:
    """By the mark at its beginning, or the first that fits: text in GB 18030 is hardly ever sound UTF-8."""
    if content[:3] == b"\xef\xbb\xbf":
        candidates = ["utf-8-sig"]
    elif content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8", "gb18030"]
    for encoding in candidates:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return encoding
    raise UnreadableFile(
        why="it is neither UTF-8 nor GB 18030 nor a workbook",
        why_zh="编码既不是 UTF-8 也不是 GB18030，也不是 XLSX",
    )


def _csv(text: str, separator: str) -> Iterator[Line]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in rows:
            yield rows.line_num, row
    except csv.Error as error:
        why = f"line {rows.line_num}: {error}"
        raise UnreadableFile(why=why, why_zh=f"第 {rows.line_num} 行引号或分隔符有误") from error


def _workbook(content: bytes) -> Iterator[Line]:
    from openpyxl import load_workbook  # a heavy library: only who imports a workbook pays for it

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST_UNPACKED:
                raise UnreadableFile(why="it unpacks to too much", why_zh="解压后过大")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file claims may be wrong
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            yield number, [_text(cell) for cell in row[:MOST_COLUMNS]]
    except UnreadableFile:
        raise
    except Exception as error:  # whatever a damaged workbook makes the library raise is the file's fault
        raise UnreadableFile(why="it is no sound workbook", why_zh="不是完好的 XLSX 工作簿") from error


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if (isinstance(cell, float) and cell.is_integer()) or isinstance(cell, int):
        digits = str(int(cell))
        return Lost(digits) if len(digits) >= TOO_LONG_FOR_A_NUMBER else digits
    return str(cell)


def _lines(lines: Iterator[Line]) -> Iterator[Line]:
    for count, (number, cells) in enumerate(lines):
        if count > MOST_ROWS:
            raise UnreadableFile(why=f"more than {MOST_ROWS} rows", why_zh=f"超过 {MOST_ROWS} 行，请分开导入")
        if count % BREATH == 0:
            time.sleep(0)  # under eventlet: let the others work
        kept = [cell if isinstance(cell, Lost) else _undone(cell.strip()) for cell in cells]
        if any(kept):
            yield number, kept


def _undone(cell: str) -> str:
    """The apostrophe our own export puts before what would be a formula."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in DANGEROUS else cell
