"""What an office keeps of a person who asked to be forgotten, by which rule and until when.

As of 2026-01-01, everywhere in the mainland. An office says these lines in its ErasureAnswered; a rule that changes is
changed here, with its date.
"""

from __future__ import annotations


def _kept(what: tuple[str, str], rule: tuple[str, str], until: tuple[str, str]) -> dict[str, str]:
    return {
        "what_zh": what[0],
        "what_en": what[1],
        "rule_zh": rule[0],
        "rule_en": rule[1],
        "until_zh": until[0],
        "until_en": until[1],
    }


_BY_HAND = (
    "收到证明后由该部门凭证件人工核删",
    "Until that office has gone through it by hand, with the certificate",
)

KEPT: dict[str, tuple[dict[str, str], ...]] = {
    "registry": (
        _kept(
            ("不含姓名的变更记录", "The history of changes, without names"),
            ("一数一源与统计需要，已去标识", "Statistics; no longer about an identified person"),
            ("长期", "For good"),
        ),
        _kept(
            ("查阅日志与同意记录", "The log of looks, and what was consented to"),
            # 个人信息保护法 第五十六条: records of processing are kept for at least three years.
            ("《个人信息保护法》第五十六条", "Personal Information Protection Law, Art. 56"),
            ("至少三年", "At least three years"),
        ),
    ),
    "meters": (
        _kept(
            ("账单与户名", "Bills, and the holder's name on them"),
            # 会计档案管理办法（财政部、国家档案局令第79号）附表一: original vouchers 30 years.
            ("《会计档案管理办法》", "Measures for accounting archives"),
            ("三十年", "Thirty years"),
        ),
    ),
    "property": (
        _kept(
            ("收费账目", "The ledger of fees"),
            ("《会计档案管理办法》", "Measures for accounting archives"),
            ("三十年", "Thirty years"),
        ),
    ),
    "cameras": (
        _kept(
            ("门禁与车牌授权（按案件号保存）", "Grants for doors and cars, held by case number"),
            # 公共安全视频图像信息系统管理条例（2025-04-01）: recordings not less than 30 days, then deleted.
            ("《公共安全视频图像信息系统管理条例》", "Regulation on public-security video systems"),
            _BY_HAND,
        ),
    ),
    "party": (
        _kept(
            ("党员名册与组织关系", "The roll of members, and their relation"),
            ("党员档案管理规定 [U]", "Rules on members' files [U]"),
            ("按党内规定", "As the party's rules say"),
        ),
    ),
    "volunteers": (
        _kept(
            ("志愿服务时长与证明", "Hours of service, and certificates"),
            # 志愿服务条例（国务院令第685号）第十九条: records are kept long; order 67 of civil affairs on certificates.
            ("《志愿服务条例》第十九条", "Regulation on volunteer services, Art. 19"),
            _BY_HAND,
        ),
    ),
    "frontdesk": (
        _kept(
            ("办件档案", "The files of cases"),
            ("政务服务事项电子文件归档规定 [U]", "Rules on archiving of government services [U]"),
            ("按归档期限", "As long as the archive says"),
        ),
    ),
}
SHARED_FILE = _kept(
    ("同住人共用的住户档案", "The file of a household in which others still live"),
    ("其他住户的办事需要", "The others need it"),
    _BY_HAND,
)
LIVES_HERE = _kept(
    ("姓名、身份证号、出生日期、性别、与户主关系", "Name, ID number, birth date, sex, relation"),
    # 城市居民委员会组织法, 实有人口登记: the community has to know who lives there. [U]
    ("在册居住期间的实有人口登记 [U]", "Registration of residents while he lives here [U]"),
    ("迁出后可再次申请删除", "May be asked for again after moving out"),
)
