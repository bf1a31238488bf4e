"""The registry's history: what changed in a household, how it was on a day, and what has to be looked at again."""

from functools import partial

from gateway.routes.registry import HOUSEHOLD, RESIDENT
from gateway.table import creation, order, question
from services.contracts import people

TAG = "registry"

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG)
_make = partial(creation, tag=TAG)

ROWS = (
    _ask(
        f"{HOUSEHOLD}/history", people.ListHouseholdChanges, "一户的变更记录", "What changed in a household"
    ),
    _ask(f"{HOUSEHOLD}/on/{{on}}", people.HouseholdOn, "一户在某日的情况", "A household as it was on a day"),
    _ask(
        f"{RESIDENT}/history", people.ListResidentChanges, "一人的变更记录", "What changed about a resident"
    ),
    _ask("/v1/registry/rechecks", people.ListRechecks, "变动后复核", "What has to be looked at again"),
    _ask("/v1/registry/figures", people.GetHouseholdFigures, "住户统计", "Figures of a place's households"),
    _make(f"{HOUSEHOLD}/births", people.RecordBirth, "登记出生", "A child was born"),
    _do(
        f"{HOUSEHOLD}/residents",
        people.MoveResidents,
        "迁居、婚姻、分户",
        "Residents live here from a day on",
    ),
    _do(f"{RESIDENT}/death", people.RecordDeath, "登记死亡", "A resident has died"),
    _do(f"{RESIDENT}/changes", people.ChangeResident, "变更关系、电话、姓名", "Relation, telephone or name"),
    _do("/v1/registry/changes/{change_id}/correct", people.CorrectChange, "更正记录", "Correct a line"),
)
