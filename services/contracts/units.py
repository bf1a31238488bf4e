"""The units that may hold a task, and the service whose tray holds it."""

from __future__ import annotations

UNITS: dict[str, dict[str, str]] = {
    "party": {"zh": "党建", "en": "Party building", "service": "party"},
    "property": {"zh": "物业", "en": "Property management", "service": "property"},
    "cameras": {"zh": "安防监控", "en": "Security cameras", "service": "cameras"},
    "meters": {"zh": "水电气表", "en": "Utility meters", "service": "meters"},
    "volunteers": {"zh": "志愿服务", "en": "Volunteers", "service": "volunteers"},
    "community": {"zh": "社区居委会", "en": "Residents' committee", "service": "street"},
    "grid": {"zh": "网格", "en": "Grid", "service": "street"},
    "street": {"zh": "街道", "en": "Street office", "service": "street"},
    "police": {"zh": "派出所", "en": "Police", "service": "street"},
    "civil-affairs": {"zh": "民政", "en": "Civil affairs", "service": "street"},
    "insurance": {"zh": "医保", "en": "Medical insurance", "service": "street"},
    "housing": {"zh": "住建房管", "en": "Housing", "service": "street"},
    "planning": {"zh": "规划", "en": "Planning", "service": "street"},
    "construction": {"zh": "建设", "en": "Construction", "service": "street"},
    "fire": {"zh": "消防", "en": "Fire service", "service": "street"},
    "market": {"zh": "市场监管", "en": "Market supervision", "service": "street"},
    "employment": {"zh": "就业服务", "en": "Employment", "service": "street"},
    "health-station": {"zh": "卫生服务站", "en": "Health station", "service": "street"},
    "mediation": {"zh": "调解委员会", "en": "Mediation committee", "service": "street"},
    "legal": {"zh": "司法", "en": "Legal service", "service": "street"},
    "government": {"zh": "区政府", "en": "District government", "service": "street"},
    "owners-committee": {"zh": "业主委员会", "en": "Owners' committee", "service": "street"},
}
"""Unit code -> names in both languages and the service whose tray holds its tasks."""

OFFICE_OF: dict[str, str] = {unit: facts["service"] for unit, facts in UNITS.items()}


def units_of(department: str | None) -> frozenset[str]:
    """The units whose tasks somebody of a department works on: its own, or all whose tray its office holds."""
    return frozenset(unit for unit, office in OFFICE_OF.items() if department in (unit, office))
