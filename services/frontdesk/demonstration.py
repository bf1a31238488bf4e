"""The cases of a street that does not exist: who comes with what, when, and how fast it is settled.

The same seed makes the same applications. Nobody is in them: a surname and 某, telephone numbers that begin with
1990000, and the county code 110199, which no county has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from services.chassis import calendar
from services.contracts import citizens
from services.frontdesk.matters import Field, Matter

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
NOBODYS_COUNTY = "110199"

WEIGHTS = {
    "complaint": 34, "repair": 22, "residence-certificate": 7, "practice-certificate": 3,
    "meter-transfer": 3, "parking": 5, "renovation": 4, "mediation": 3, "temporary-relief": 2, "minimum-living": 1,
    "medical-aid": 1, "employment-registration": 3, "residence-permit": 3, "permit-endorsement": 2,
    "health-checkup": 4, "volunteer-certificate": 2, "member-reporting": 1,
}  # fmt: skip
"""How often people come with what; matters that are rarer than a hundred a year in a street are left out."""

CHANNELS = {"window": 40, "kiosk": 24, "hotline": 18, "online": 12, "visit": 4, "opinion-card": 2}
AT_THE_HALL = ("window", "kiosk")
WEEKEND = 0.35
"""Share of a weekday's cases that come on a day off, by telephone and online."""

COMPLAINTS: Mapping[str, tuple[str, ...]] = {
    "property": ("电梯三天两头停，物业一直没修好。", "小区垃圾桶满了没人清，味道很大。", "地下车库积水，车开不出去。", "保安夜里不在岗，门禁形同虚设。", "楼道堆放杂物，物业不管。"),
    "meters": ("这个月水费比上月多了一倍，怀疑水表不准。", "电表读数和账单对不上。", "燃气表显示故障，不敢用气。"),
    "safety": ("单元门口摄像头坏了，电动车被偷。", "楼下监控对着我家窗户。", "有人把电动车推进电梯充电。"),
    "order": ("楼下烧烤摊夜里吵到一点。", "广场舞音量太大，孩子没法写作业。", "邻居装修周末一早就敲墙。"),
    "environment": ("路口井盖松动，骑车差点摔倒。", "绿化带里垃圾没人捡。", "雨后人行道大片积水。", "路灯不亮，老人晚上不敢出门。"),
    "neighbours": ("楼上漏水，说了几次不修。", "邻居在公共走廊养狗。", "隔壁空调外机对着我家窗户滴水。"),
    "welfare": ("老人独居，最近行动不便，想申请助老服务。", "失业三个月，孩子上学有困难。"),
    "health": ("想给父亲登记慢病随访。", "疫苗接种时间总是排不上。"),
    "staff": ("窗口说材料不齐，没有一次说清楚。", "打电话问进度，一直没人回。"),
    "other": ("希望小区增加老年活动场地。", "快递柜太少，取件要排队。"),
}  # fmt: skip
REPAIRS: Mapping[str, tuple[str, ...]] = {
    "water": ("厨房水管接口漏水。", "卫生间下水堵了。", "楼道水管渗水。"),
    "electricity": ("楼道灯不亮。", "家里一路开关跳闸。"),
    "gas": ("燃气灶软管老化，请检查。",),
    "elevator": ("二单元电梯门关不上。", "电梯运行有异响。"),
    "door": ("单元门禁刷不开。", "防盗门锁坏了。"),
    "roof": ("顶层下雨渗水。", "外墙瓷砖松动。"),
    "common": ("健身器材松动。", "无障碍坡道扶手断了。"),
    "other": ("信箱坏了。", "楼道窗户玻璃裂了。"),
}
TEXTS = {
    "purpose": "本人办理相关手续使用",
    "wish": "尽快处理并告诉我结果。",
    "preferred_time": "工作日晚上六点以后",
}

RETURNED = ("不属于本单位职责范围，建议转由责任单位办理。", "该地址不在本单位管理范围内。")
LATER = ("需要等待配件到货。", "须与相关单位会商后办理。")
ANSWERS = (
    "已上门处理，恢复正常。",
    "已核实并办结，结果已告知本人。",
    "已协调责任单位整改到位。",
    "已办理完毕，请查收。",
)
BAD = ("问题没有解决。", "处理太慢。", "态度不好。")
WITHDRAWN = ("已自行解决，不再需要办理。", "重复提交，撤回本件。")


@dataclass(frozen=True)
class Application:
    matter: str
    channel: str
    place: str
    at: datetime
    facts: dict[str, Any]
    """Applicant's fields and the form's, as they are typed."""


def applications(
    matters: Mapping[str, Matter], grids: list[str], first: date, last: date, a_day: float, seed: int
) -> Iterator[Application]:
    """What is brought to the desk from `first` to `last`, in the order of the days."""
    chosen = {slug: weight for slug, weight in WEIGHTS.items() if slug in matters}
    day = first
    while day <= last:
        dice = Random(f"{seed} {grids[0]} {day}")
        working = calendar.of(grids[0]).is_working_day(day)
        expected = a_day * (1 if working else WEEKEND)
        for _ in range(int(expected) + (dice.random() < expected % 1)):
            matter = matters[dice.choices(list(chosen), list(chosen.values()))[0]]
            channels = {
                channel: weight
                for channel, weight in CHANNELS.items()
                if channel in matter.channels and (working or channel not in AT_THE_HALL)
            }
            if channels:
                channel = dice.choices(list(channels), list(channels.values()))[0]
                place = dice.choice(grids)
                at = _moment(dice, day, channel)
                yield Application(matter.slug, channel, place, at, _facts(matter, dice, place, day))
        day += timedelta(days=1)


def _moment(dice: Random, day: date, channel: str) -> datetime:
    opens, closes = (9 * 60, 17 * 60) if channel in AT_THE_HALL else (7 * 60, 22 * 60)
    minutes = dice.randint(opens, closes)
    return datetime.combine(day, time(minutes // 60, minutes % 60, dice.randint(0, 59)), calendar.ZONE)


# -- a form, filled in by its matter ---------------------------------------------------------------------


def _facts(matter: Matter, dice: Random, place: str, day: date) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for field in matter.fields:
        if field.is_required(facts) or dice.random() < 0.3:
            facts[field.name] = _value(field, dice, place, day, facts)
    return facts


def _value(field: Field, dice: Random, place: str, day: date, facts: Mapping[str, Any]) -> Any:
    if field.type == "text":
        return _words(field, dice, facts)
    if field.type == "choice":
        return dice.choice(field.choices).value
    if field.type in ("number", "integer"):
        least = field.min if field.min is not None else 1
        most = field.max if field.max is not None else least + 20
        return dice.randint(int(least), int(min(most, least + 50)))
    if field.type == "date":
        return (day + timedelta(days=dice.randint(0, 10))).isoformat()
    if field.type == "id_number":
        return id_number(dice)
    if field.type == "phone":
        return f"1990000{dice.randint(0, 9999):04}"
    if field.type == "place":
        return f"{place}-{dice.randint(1, 5)}-{dice.randint(1, 2)}-{dice.randint(1, 6):02}{dice.randint(1, 2):02}"
    if field.type == "list":
        row: dict[str, Any] = {}
        for part in field.fields:
            if part.is_required(row):
                row[part.name] = _value(part, dice, place, day, row)
        return [row]
    return field.must or dice.random() < 0.3


def _words(field: Field, dice: Random, facts: Mapping[str, Any]) -> str:
    if field.name == "name":
        return f"{dice.choice(SURNAMES)}某"
    if field.name == "description":
        known = COMPLAINTS.get(str(facts.get("topic"))) or REPAIRS.get(str(facts.get("category")))
        return dice.choice(known or COMPLAINTS["other"])
    if field.name == "plate":
        return f"京A{dice.randint(0, 99_999):05}"
    if field.pattern:
        return "6222020000000000"
    return TEXTS.get(field.name, f"{field.zh}（示范）")[: field.max_length]


def id_number(dice: Random) -> str:
    born = date(1940, 1, 1) + timedelta(days=dice.randint(0, 24_000))
    body = f"{NOBODYS_COUNTY}{born:%Y%m%d}{dice.randint(0, 999):03}"
    return body + citizens.id_check_digit(body)
