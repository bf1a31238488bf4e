"""The census. Everything but the published counts is shut to whoever does not work in it, the administrator included."""

from functools import partial

from gateway.table import creation, order, question
from services.contracts import census

TAG = "census"
CENSUS = "/v1/census/censuses/{census_id}"
BLOCK = f"{CENSUS}/blocks/{{block}}"
HOUSEHOLD = "/v1/census/households/{household_id}"
FORM = f"{HOUSEHOLD}/forms/{{form}}"
KEYING = "/v1/census/keyings/{keying_id}"

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG)
_make = partial(creation, tag=TAG)

ROWS = (
    _ask("/v1/census/censuses", census.ListCensuses, "普查", "Censuses"),
    _make(
        "/v1/census/censuses", census.PlanCensus, "计划普查", "Plan a census",
        location="/v1/census/censuses/{census_id}",
    ),
    _ask(CENSUS, census.GetCensus, "一次普查", "A census"),
    _ask(f"{CENSUS}/forms", census.GetForms, "普查表及审核关系", "Its forms and checks"),
    _do(f"{CENSUS}/move", census.MoveCensus, "转入下一阶段", "On to another state"),
    _do(f"{CENSUS}/buildings", census.ImportBuildings, "导入楼栋", "Import the list of buildings"),
    _do(f"{CENSUS}/draw", census.DrawBlocks, "划分普查小区", "Draw the blocks"),
    _ask(f"{CENSUS}/blocks", census.ListBlocks, "普查小区", "Blocks"),
    _ask(f"{CENSUS}/blocks.geojson", census.GetBlockMap, "普查小区图", "Blocks for a map"),
    _do(f"{BLOCK}/assign", census.AssignBlock, "分配普查员", "Who enumerates a block"),
    _make(f"{BLOCK}/households", census.AddHouseholds, "列入户名册", "List households"),
    _ask(f"{CENSUS}/households", census.ListHouseholds, "户名册", "Households"),
    _do(f"{HOUSEHOLD}/visits", census.RecordVisit, "记录入户", "A visit"),
    _ask(FORM, census.GetQuestionnaire, "普查表", "A questionnaire"),
    _do(FORM, census.SaveQuestionnaire, "填写", "What was answered"),
    _do(f"{FORM}/read-back", census.ReadBack, "复述", "The answers, to be read to them"),
    _do(f"{FORM}/confirm", census.ConfirmQuestionnaire, "申报人确认", "They say it is so"),
    _ask(f"{CENSUS}/progress", census.GetProgress, "进度", "Progress by enumerator and block"),
    _ask(f"{CENSUS}/clean-up", census.ListCleanUp, "整顿名单", "Who has to be looked at again"),
    _ask(f"{CENSUS}/keyings", census.ListKeyings, "复录", "Second keyings"),
    _ask(f"{CENSUS}/differences", census.ListDifferences, "录入差异", "Items keyed differently"),
    _ask(f"{CENSUS}/quality", census.GetQuality, "复录质量", "The double-entry check"),
    _do(f"{KEYING}/assign", census.AssignKeying, "分配复录", "Who keys it again"),
    _do(f"{KEYING}/answers", census.KeyAgain, "复录", "Key it again"),
    _do(f"{KEYING}/adjudicate", census.Adjudicate, "裁定差异", "Which keying is right"),
    _ask(f"{CENSUS}/erasure", census.GetErasureCertificate, "销毁证明", "The certificate of erasure"),
    _ask(f"{CENSUS}/publication", census.GetPublication, "普查公报", "The published counts"),
)  # fmt: skip
