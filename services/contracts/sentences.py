"""What is wrong with a field, in the two languages of the hall."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError

CHINESE = {
    "Missing data for required field.": "此项必填。",
    "Field may not be null.": "此项不能为空。",
    "Unknown field.": "没有这一项，请删除。",
    "Not a valid string.": "应为文字。",
    "Not a valid integer.": "应为整数。",
    "Not a valid number.": "应为数字。",
    "Not a valid boolean.": "应为“是”或“否”。",
    "Not a valid datetime.": "应为带时区的日期时间（ISO 8601）。",
    "Not a valid aware datetime.": "应为带时区的日期时间（ISO 8601）。",
    "Not a valid date.": "应为日期（年-月-日）。",
    "Not a valid mapping type.": "应为对象。",
    "Not a valid list.": "应为列表。",
    "Not a valid UUID.": "应为 UUID。",
    "Invalid value.": "取值不在允许范围内。",
    "Invalid input type.": "内容类型不正确。",
    "Special numeric values (nan or infinity) are not permitted.": "应为有限的数字。",
}

Sentences = dict[str, tuple[str, str]]


def field_sentences(error: ValidationError) -> Sentences:
    """Field path (`form.members.0.name`) -> (Chinese, English)."""
    return dict(_walk(error.normalized_messages(), ""))


def _walk(messages: Any, path: str) -> Any:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            step = "" if key == "_schema" else str(key)
            yield from _walk(inner, f"{path}.{step}" if path and step else path or step)
    else:
        english = " ".join(messages if isinstance(messages, list) else [str(messages)])
        yield path or "(body)", (CHINESE.get(english, f"不符合要求：{english}"), english)
