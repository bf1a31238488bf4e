"""What can be wrong with the bytes of a frame, and at which of them."""

from __future__ import annotations

from typing import Any

SENTENCES = {
    "empty": ("没有任何字节", "there are no bytes"),
    "not-hex": ("不是十六进制文本", "this is not hexadecimal text"),
    "no-start": ("此处应为前导 FE 或起始符 68，实为 {found}", "FE or 68 expected here, found {found}"),
    "long-preamble": ("前导 FE 最多 {limit} 个", "at most {limit} bytes FE may stand before a frame"),
    "unknown-protocol": ("不是 DL/T 645，也不是 CJ/T 188", "this is neither DL/T 645 nor CJ/T 188"),
    "no-second-start": ("此处应为第二个 68，实为 {found}", "the second 68 expected here, found {found}"),
    "truncated": (
        "报文不完整：应有 {wanted} 字节，到此为止",
        "the frame ends here; {wanted} bytes are expected",
    ),
    "no-end": ("此处应为结束符 16，实为 {found}", "the closing 16 expected here, found {found}"),
    "trailing": ("报文之后还有 {count} 字节", "{count} more bytes stand behind the frame"),
    "checksum": ("校验和应为 {wanted}，实为 {found}", "the checksum should be {wanted}, found {found}"),
    "address": ("地址不是 BCD 码", "the address is not BCD"),
    "unknown-type": ("未知的表类型 {found}", "the meter type {found} is not known"),
    "unknown-control": ("未知的控制码 {found}", "the control code {found} is not known"),
    "old-standard": (
        "这是 DL/T 645-1997 报文（两字节标识），不能按 2007 版解读",
        "this is a frame of DL/T 645-1997 (two-byte identifiers), not to be read by the 2007 table",
    ),
    "short-data": ("数据域不足：需要 {wanted} 字节", "the data end here; {wanted} bytes are expected"),
    "long-data": ("数据域多出 {count} 字节", "{count} bytes of data are left over"),
    "not-bcd": ("{field} 不是 BCD 码：{found}", "{field} is not BCD: {found}"),
    "not-a-date": ("{field} 不是日期时间：{found}", "{field} is no date or time: {found}"),
    "unknown-identifier": ("表中没有数据标识 {found}", "the data identifier {found} is not in the table"),
    "unknown-unit": ("未知的单位代码 {found}", "the unit code {found} is not known"),
    "no-item": ("缺少 {field}", "{field} is missing"),
    "out-of-range": ("{field} 的值 {found} 放不进格式", "{field} cannot hold {found}"),
    "no-clock": ("报文没有可用的时间", "nobody told when: the frame carries no time of its own"),
    "no-address": ("应答没有表地址", "the answer does not name its meter"),
    "meter-error": ("表计返回异常：{why}", "the meter answers that it cannot: {why}"),
    "unfinished": ("后续帧没有到齐", "the frames that should follow are missing"),
    "out-of-sequence": ("帧序号应为 {wanted}，实为 {found}", "frame number {wanted} expected, found {found}"),
}


class Fault(Exception):
    """A frame that cannot be read (or written), with the offset of the byte that shows it."""

    def __init__(self, slug: str, at: int | None = None, **facts: Any) -> None:
        super().__init__(slug, at, facts)
        self.slug, self.at, self.facts = slug, at, facts
        self.protocol: str | None = None
        self.meter: str | None = None
        self.sealed_until: int | None = None
        """Where the frame ends, when its envelope and checksum are right and only what it says cannot be read."""

    @property
    def zh(self) -> str:
        return SENTENCES[self.slug][0].format_map(self.facts)

    @property
    def en(self) -> str:
        return SENTENCES[self.slug][1].format_map(self.facts)

    def __str__(self) -> str:
        where = "" if self.at is None else f" (byte {self.at})"
        return f"{self.slug}: {self.en}{where}"


class Incomplete(Fault):
    """So far a frame, and more of it is still to come."""

    def __init__(self, at: int, wanted: int) -> None:
        super().__init__("truncated", at, wanted=wanted)


def shown(byte: int) -> str:
    return f"{byte:02X}"
