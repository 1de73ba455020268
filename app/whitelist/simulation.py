"""Invented firms and generated needs, for the demo, the tests and the run on real names.

Everything here is a pure function of its seed. The rows are roster rows as people would write them
(Chinese column heads, 万元), so that simulated data enters by the same door as real data. Whoever
shows them says that they are generated.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from stdnum.cn import uscc

from app.policy.facts import (
    CHAIN_ROLES,
    COLLATERAL,
    MISSING_ELEMENTS,
    PURPOSES,
    QUALIFICATIONS,
    SOURCE_CLASSES,
)

Row = dict[str, str]

# What invented firms make: GB/T 4754-2017 class and the trade words of its names.
TRADES: Sequence[tuple[str, str]] = (
    ("1311", "粮油食品"),
    ("1353", "肉制品"),
    ("1442", "乳业"),
    ("1512", "酒业"),
    ("2012", "木业"),
    ("2522", "煤化工"),
    ("2614", "化学科技"),
    ("2710", "制药"),
    ("2730", "中药饮片"),
    ("2750", "兽药"),
    ("2770", "医疗敷料"),
    ("2929", "塑料制品"),
    ("3091", "石墨新材料"),
    ("3140", "特种钢"),
    ("3251", "铝合金"),
    ("3311", "金属结构"),
    ("3411", "锅炉装备"),
    ("3421", "数控机床"),
    ("3441", "泵阀"),
    ("3484", "机械零部件"),
    ("3491", "工业机器人"),
    ("3512", "石油钻采设备"),
    ("3571", "拖拉机制造"),
    ("3572", "农机装备"),
    ("3581", "医疗器械"),
    ("3670", "汽车零部件"),
    ("3743", "航空零部件"),
    ("3811", "电机"),
    ("3825", "光伏设备"),
    ("3831", "电线电缆"),
    ("3921", "通信设备"),
    ("3979", "电子器件"),
    ("4011", "智能仪表"),
    ("4028", "传感器"),
)
_SCOPES: Mapping[str, str] = {
    "1311": "粮食加工、销售；大米生产", "1353": "肉制品加工、销售", "1442": "乳制品生产、销售", "1512": "白酒生产、销售",
    "2012": "木材加工；人造板制造", "2522": "焦炭、煤化工产品生产", "2614": "有机化学原料制造、销售", "2710": "化学药品原料药制造",
    "2730": "中药饮片加工；中药材销售", "2750": "兽药生产", "2770": "医用敷料、卫生材料生产", "2929": "塑料制品制造、销售",
    "3091": "石墨及碳素制品制造；石墨新材料研发、生产", "3140": "特种钢、钢压延加工", "3251": "铝合金型材制造", "3311": "金属结构制造、安装",
    "3411": "锅炉及辅助设备制造", "3421": "数控机床制造、销售", "3441": "泵、阀门制造", "3484": "机械零部件加工、销售",
    "3491": "工业机器人制造、销售", "3512": "石油钻采专用设备制造", "3571": "拖拉机制造", "3572": "农业机械制造、销售；农机具维修",
    "3581": "医疗器械生产", "3670": "汽车零部件制造", "3743": "航空零部件制造", "3811": "电机制造", "3825": "光伏设备及元器件制造",
    "3831": "电线电缆生产、销售", "3921": "通信设备制造", "3979": "电子元器件制造", "4011": "工业自动控制系统装置、智能仪表制造",
    "4028": "传感器、电子测量仪器制造",
}  # fmt: skip
"""Business scopes of invented firms, by what they make."""
_BRAND_FIRST = "北龙松冰雪黑兴安嘉瑞恒博宏鑫泰远华凯明达昊晟"
_BRAND_SECOND = "原江岭川源盛通锐科创诚业丰信辰航拓维新润禾星"
_QUESTIONED_IN_YUAN = 100  # 万元; written in yuan under 万元 it is beyond the sensible range of 100亿元
_FORMS = ("有限公司", "有限责任公司", "股份有限公司")
OWNERSHIP = ("民营", "民营", "民营", "民营", "国有", "外资")
# What enterprises ask for: how often, and for how many months.
_ENTERPRISE_PURPOSES: Mapping[str, tuple[int, Sequence[int]]] = {
    "working_capital": (45, (6, 12, 12, 12)),
    "equipment": (16, (24, 36, 36, 60)),
    "technical_upgrade": (10, (24, 36, 60)),
    "research": (10, (12, 24, 36)),
    "renewal": (8, (12, 12, 24)),
    "supply_chain": (6, (3, 6, 12)),
    "green": (5, (24, 36)),
}
_GRADES = ("A", "A", "B", "B", "B", "M", "M", "C", "D")


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm for which a need is generated; `industry` is the bare four-digit class."""

    uscc: str
    name: str
    region: str
    industry: str
    established_on: date | None


def invent_firms(
    count: int, regions: Mapping[str, str], seed: int, *, since: date = date(1998, 1, 1)
) -> list[Firm]:
    """Invent firms in counties (code → short city name) with valid check digits and unique names."""
    rng = random.Random(seed)
    codes = sorted(regions)
    firms: list[Firm] = []
    names: set[str] = set()
    while len(firms) < count:
        region = rng.choice(codes)
        industry, trade = rng.choice(TRADES)
        brand = rng.choice(_BRAND_FIRST) + rng.choice(_BRAND_SECOND)
        name = f"{regions[region]}{brand}{trade}{rng.choice(_FORMS)}"
        if name in names:
            continue
        names.add(name)
        established = since + timedelta(days=rng.randrange(9_000))
        firms.append(Firm(_invented_uscc(region, rng), name, region, industry, established))
    return firms


def _invented_uscc(region: str, rng: random.Random) -> str:
    body = "91" + region + "MA" + "".join(rng.choice("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(7))
    return body + uscc.calc_check_digit(body)


def generate_rows(
    firms: Iterable[Firm], seed: int, *, banks: Sequence[str] = (), project_share: float = 0.15
) -> Iterator[Row]:
    """Generate one roster row for each firm; the same firm and seed always give the same row.

    About a tenth of the optional cells stay blank (unknown). `banks` are names from which present
    lenders are drawn.
    """
    for firm in firms:
        rng = random.Random(f"{seed}:{firm.uscc}")
        staff = max(4, int(rng.lognormvariate(4.2, 1.1)))
        revenue = max(30, int(staff * rng.lognormvariate(3.6, 0.7)))
        is_project = rng.random() < project_share
        row = _identity(firm, rng, staff, revenue, is_project=is_project)
        row |= _need(rng, revenue, is_project=is_project, is_exporter=row["出口"] == "是")
        row |= _standing(rng, revenue, banks)
        yield _with_blanks(row, rng)


def _identity(firm: Firm, rng: random.Random, staff: int, revenue: int, *, is_project: bool) -> Row:
    above_scale = revenue >= 2_000
    held = ["above_scale"] if above_scale else []
    held += [name for name in ("high_tech", "tech_sme", "innovative_sme") if rng.random() < 0.25]
    is_srdi = staff < 1_000 and (not above_scale or rng.random() < 0.3)
    held += ["srdi"] if is_srdi else []
    held += ["little_giant"] if is_srdi and rng.random() < 0.15 else []
    held += ["single_champion"] if rng.random() < 0.03 else []
    held += [name for name in ("talent", "gov_supplier", "job_stabiliser") if rng.random() < 0.1]
    held += ["filed_project"] if is_project and rng.random() < 0.8 else []
    role = rng.choice([*CHAIN_ROLES, None, None])
    return {
        "名单类别": SOURCE_CLASSES[_source_class(held, rng, is_project=is_project)],
        "统一社会信用代码": firm.uscc,
        "企业名称": firm.name,
        "项目名称": f"{firm.name[2:6]}技术改造项目" if is_project else "",
        "行政区划代码": firm.region,
        "行业代码": firm.industry,
        "产业链": "",
        "链上角色": CHAIN_ROLES[role] if role else "",
        "从业人员": str(staff),
        "营业收入（万元）": str(revenue),
        "成立日期": firm.established_on.isoformat() if firm.established_on else "",
        "资质": _words(held, QUALIFICATIONS),
        "出口": _yes(rng.random() < 0.12),
        "所有制": rng.choice(OWNERSHIP),
        "联系人": rng.choice("王李张刘陈杨赵黄周吴") + rng.choice(("经理", "女士", "先生")),
        "联系电话": f"0451-{rng.randrange(10_000_000, 99_999_999)}",
        "经营范围": _scope(firm),
    }


def _source_class(held: Sequence[str], rng: random.Random, *, is_project: bool) -> str:
    if is_project:
        return rng.choice(("key_industry_project", "mlt_project"))
    if "single_champion" in held:
        return "single_champion"
    if "srdi" in held and ("above_scale" not in held or rng.random() < 0.5):
        return "srdi"
    return "above_scale"


def _need(rng: random.Random, revenue: int, *, is_project: bool, is_exporter: bool) -> Row:
    if is_project:
        purposes = [rng.choice(("construction", "technical_upgrade", "equipment", "preliminary"))]
        term = rng.choice((24, 36, 36, 48, 60, 84))
    else:
        main = rng.choices(list(_ENTERPRISE_PURPOSES), [one[0] for one in _ENTERPRISE_PURPOSES.values()])[0]
        purposes = ["foreign_trade" if is_exporter and rng.random() < 0.4 else main]
        term = rng.choice(_ENTERPRISE_PURPOSES.get(purposes[0], _ENTERPRISE_PURPOSES["renewal"])[1])
        if purposes[0] != "working_capital" and rng.random() < 0.6:
            purposes.append("working_capital")
    least, share = (100, rng.uniform(0.1, 0.7)) if is_project else (30, rng.uniform(0.05, 0.4))
    missing = [key for key in MISSING_ELEMENTS if is_project and rng.random() < 0.06]
    return {
        "融资金额（万元）": str(int(max(least, round(revenue * share, -1)))),
        "期限（月）": str(term),
        "资金用途": _words(purposes, PURPOSES),
        "缺失要素": _words(missing, MISSING_ELEMENTS),
    }


def _standing(rng: random.Random, revenue: int, banks: Sequence[str]) -> Row:
    weights = {"real_estate": 0.3, "equipment": 0.35, "receivables": 0.25, "land": 0.12}
    weights |= {"inventory": 0.15, "intellectual_property": 0.1, "orders": 0.12}
    collateral = [] if rng.random() < 0.22 else [key for key, p in weights.items() if rng.random() < p]
    has_loans = rng.random() < 0.65
    return {
        "抵质押物": _words(collateral, COLLATERAL),
        "可否担保": _yes(rng.random() < 0.35),
        "纳税等级": rng.choice(_GRADES),
        "首贷户": _yes(not has_loans),
        "涉诉": _yes(rng.random() < 0.06),
        "征信不良": _yes(rng.random() < 0.04),
        "现有贷款银行": rng.choice(banks) if has_loans and banks else "",
        "现有贷款余额（万元）": str(int(revenue * rng.uniform(0.05, 0.5))) if has_loans else "0",
        "已达单户限额": _yes(has_loans and rng.random() < 0.05),
    }


_MAY_BE_BLANK = ("从业人员", "抵质押物", "可否担保", "纳税等级", "首贷户", "涉诉", "已达单户限额", "出口")


def _with_blanks(row: Row, rng: random.Random) -> Row:
    return {key: "" if key in _MAY_BE_BLANK and rng.random() < 0.06 else cell for key, cell in row.items()}


def with_chains(
    rows: Iterable[Row], propose: Callable[[str, str], str | None], seed: int, *, share: float = 0.7
) -> Iterator[Row]:
    """Answer the rows with a chain's name for that share of the firms whose industry points to one.

    `propose` is given an industry with its section letter and a region; without a chain there is no
    role on it.
    """
    for row in rows:
        rng = random.Random(f"{seed}:chain:{row['统一社会信用代码']}")
        chain = propose(f"C{row['行业代码']}", row["行政区划代码"]) if rng.random() < share else None
        yield row | {"产业链": chain or "", "链上角色": row["链上角色"] if chain else ""}


def half_a_year_later(rows: Iterable[Row], seed: int) -> Iterator[Row]:
    """Answer the roster of the next half-year: one in twelve has left, one in ten asks for another amount."""
    for row in rows:
        rng = random.Random(f"{seed}:later:{row['统一社会信用代码']}")
        chance = rng.random()
        amount = int(row["融资金额（万元）"])
        if chance >= 0.18:
            yield row
        elif chance >= 0.08:
            yield row | {"融资金额（万元）": str(max(30, int(round(amount * rng.uniform(0.5, 1.4), -1))))}


def with_blemishes(rows: Iterable[Row], seed: int) -> Iterator[Row]:
    """Answer the rows with the blemishes of a real roster, a few in a hundred, each on its own row.

    Of every hundred rows about four lack the qualifications on which their admission rests (to be
    reviewed); one claims a class that its qualifications do not bear out (refused), one has a wrong
    check digit, one states its amount in yuan under a head that says 万元. After about one in fifty
    comes the same firm again under another code and legal form (a suspected duplicate).
    """
    for row in rows:
        rng = random.Random(f"{seed}:blemish:{row['统一社会信用代码']}")
        chance = rng.random()
        if chance < 0.04 and not row["项目名称"]:
            yield row | {"资质": ""}
        elif 0.04 <= chance < 0.05 and not row["项目名称"]:
            yield row | {"名单类别": SOURCE_CLASSES["single_champion"], "资质": "无"}
        elif 0.05 <= chance < 0.06:
            code = row["统一社会信用代码"]
            yield row | {"统一社会信用代码": code[:-1] + ("0" if code[-1] != "0" else "1")}
        elif 0.06 <= chance < 0.07 and int(row["融资金额（万元）"]) > _QUESTIONED_IN_YUAN:
            yield row | {"融资金额（万元）": f"{int(row['融资金额（万元）']) * 10_000}"}
        else:
            yield row
        if 0.07 <= chance < 0.09:
            yield _twin(row, rng)


def _twin(row: Row, rng: random.Random) -> Row:
    name = row["企业名称"]
    form = next((form for form in _FORMS if name.endswith(form)), "")
    other = _FORMS[0] if form != _FORMS[0] else _FORMS[1]
    code = _invented_uscc(row["行政区划代码"], rng)
    return row | {"统一社会信用代码": code, "企业名称": name.removesuffix(form) + other}


def _scope(firm: Firm) -> str:
    """Answer a business scope of an invented firm by its trade; nobody knows what a firm of another trade does."""
    made = _SCOPES.get(firm.industry)
    return f"一般项目：{made}（演示）；货物进出口。" if made else ""


def _words(keys: Iterable[str], names: Mapping[str, str]) -> str:
    return "、".join(names[key] for key in keys) or "无"


def _yes(claim: bool) -> str:  # noqa: FBT001 - reads as a claim
    return "是" if claim else "否"
