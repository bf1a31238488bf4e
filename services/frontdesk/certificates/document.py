"""The paper: one page of PDF with its Chinese font inside, the same bytes for the same content."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import date
from functools import cache

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas

from services.chassis.settings import settings

FONT = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
"""Debian's fonts-wqy-microhei: 5 MB, TrueType outlines that can be embedded in part, licensed for it."""
NAME = "yikou"
MARGIN = 28 * mm
WIDTH = A4[0] - 2 * MARGIN
FOOT = 62 * mm
"""Below it stands how to check the paper; what does not fit above goes on another page."""
INDENT = "\u3000"
NO_LINE_BEGINS_WITH = "，。；：！？、）》”’"
_PIECES = re.compile(r"[!-~]{1,40}|.")


class NoFont(RuntimeError):
    """Without a Chinese font no certificate can be made, and the desk does not open."""


@dataclass(frozen=True)
class Paper:
    number: str
    code: str
    page: str
    """Where anybody can check it."""
    title_zh: str
    title_en: str
    says_zh: str
    says_en: str
    facts: tuple[tuple[str, str], ...]
    """Label and value: for whom, what for, by which article."""
    issuer_zh: str
    issuer_en: str
    issued_on: date
    valid_until: date | None


@cache
def font() -> TTFont:
    path = settings().environment.get("YIKOU_FONT", FONT)
    try:
        found = TTFont(NAME, path)
    except (OSError, TTFError) as error:
        raise NoFont(
            f"no Chinese font at {path} ({error}); install Debian's fonts-wqy-microhei, or set YIKOU_FONT"
        ) from error
    pdfmetrics.registerFont(found)
    return found


def drawable(text: str) -> str:
    """A sign the font does not have is written by its number, so that no name loses one unseen."""
    glyphs = font().face.charToGlyph
    return "".join(
        sign if ord(sign) in glyphs else f"〔U+{ord(sign):04X}〕"
        for sign in text
        if sign.isprintable() or sign == INDENT
    )


def render(paper: Paper) -> bytes:
    font()
    held = io.BytesIO()
    canvas = Canvas(held, pagesize=A4, invariant=1, lang="zh-CN")
    canvas.setTitle(f"{paper.title_zh} {paper.number}")
    canvas.setAuthor(paper.issuer_zh)
    y = A4[1] - 35 * mm
    canvas.setFont(NAME, 24)
    canvas.drawCentredString(A4[0] / 2, y, drawable(paper.title_zh))
    canvas.setFont(NAME, 11)
    canvas.drawCentredString(A4[0] / 2, y - 8 * mm, drawable(paper.title_en))
    canvas.drawRightString(A4[0] - MARGIN, y - 18 * mm, f"编号 No. {paper.number}")
    y = _paragraph(canvas, f"{INDENT}{INDENT}{paper.says_zh}", y - 32 * mm, 14, 9 * mm)
    y = _paragraph(canvas, paper.says_en, y - 3 * mm, 10, 5.5 * mm)
    y -= 6 * mm
    for label, value in paper.facts:
        y = _paragraph(canvas, f"{label}：{value}", y, 11, 7 * mm)
    y -= 12 * mm
    if y < FOOT + 14 * mm:  # the name under it is not parted from its date
        canvas.showPage()
        y = A4[1] - 30 * mm
    canvas.setFont(NAME, 13)
    for line in (paper.issuer_zh, paper.issuer_en, f"{paper.issued_on.isoformat()}"):
        canvas.drawRightString(A4[0] - MARGIN, y, drawable(line))
        canvas.setFont(NAME, 10)
        y -= 7 * mm
    _how_to_check(canvas, paper)
    canvas.save()
    return held.getvalue()


def _how_to_check(canvas: Canvas, paper: Paper) -> None:
    size = 32 * mm
    drawing = Drawing(size, size)
    drawing.add(QrCodeWidget(paper.page, barLevel="M", barWidth=size, barHeight=size))
    renderPDF.draw(drawing, canvas, MARGIN, 22 * mm)
    until = paper.valid_until.isoformat() if paper.valid_until else "长期 no end"
    lines = (
        f"查验码 Code {paper.code[:5]}-{paper.code[5:]}",
        f"有效期至 Valid until {until}",
        "扫码或凭编号和查验码查验，撤销的以查验结果为准。",
        "Scan, or check by number and code; a revocation shows there.",
    )
    canvas.setFont(NAME, 10)
    for place, line in enumerate(lines):
        canvas.drawString(MARGIN + size + 4 * mm, 46 * mm - place * 6 * mm, line)


def _paragraph(canvas: Canvas, text: str, y: float, size: float, leading: float) -> float:
    canvas.setFont(NAME, size)
    for line in wrapped(drawable(text), size):
        if y < FOOT:
            canvas.showPage()
            canvas.setFont(NAME, size)
            y = A4[1] - 30 * mm
        canvas.drawString(MARGIN, y, line)
        y -= leading
    return y


def wrapped(text: str, size: float) -> list[str]:
    """Chinese breaks anywhere but before a closing mark; a date, a number or a word of Latin letters stays whole."""
    lines, line = [], ""
    for piece in _PIECES.findall(text):
        if (
            line
            and pdfmetrics.stringWidth(line + piece, NAME, size) > WIDTH
            and piece not in NO_LINE_BEGINS_WITH
        ):
            lines.append(line)
            line = ""
        line += "" if not line and lines and piece == " " else piece
    return [*lines, line]
