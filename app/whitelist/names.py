"""What the name of a firm is made of: region, core (brand and trade words) and legal form.

企业名称登记管理规定 第六条: a registered name is 行政区划名称、字号、行业或者经营特点、组织形式, in this order. Rosters write the same firm
with and without its region, with another spelling of the form, in other widths and brackets; the core changes least.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from rapidfuzz.distance import OSA

# A core keeps so many characters after a region is taken off. Short bare names need more, since they are brands as well:
# 东方商贸 is a brand and a trade word, not 东方 city and a rest; 哈尔滨盛兴 is plain.
LEAST_CORE = 2
LEAST_CORE_AFTER_SHORT_BARE_REGION = 4
LONG_BARE_REGION = 3

_IGNORED = re.compile(
    r"[\s\x00-\x1f\u00ad\u200b-\u200f\ufeff()\[\]{}<>《》〈〉【】〔〕「」『』“”‘’\"'`´·•・.,。、;:!?*_|/\\~=\-‐-―]+"
)

_PEOPLES = (
    "蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 拉祜 水 东乡 纳西 景颇 柯尔克孜 "
    "土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 塔吉克 怒 鄂温克 德昂 保安 裕固 独龙 鄂伦春 各"
)
_AUTONOMOUS = re.compile(f"(?:(?:{'|'.join(_PEOPLES.split())})族)*(?:自治[区州县旗])$|(?:维吾尔)自治区$")
_LEVEL = re.compile(r"(?:特别行政区|林区|新区|矿区|地区|[省市区县盟旗州])$")
# 市 is no suffix of a region in 市场, 市政, 市区.
_SUFFIX = re.compile(r"省|市(?![场政区])|[县区旗]")
_PROVINCE_ENDINGS = ("省", "自治区", "特别行政区")
_LONGEST_REGION = 16

# 公司法 (2023) 第七条: 有限责任公司 and 有限公司 are the same form, 股份有限公司 and 股份公司 likewise.
_FORMS: Mapping[str, str] = {
    "集团股份有限公司": "集团股份有限公司",
    "股份有限公司集团": "集团股份有限公司",
    "集团有限责任公司": "集团有限责任公司",
    "有限责任公司集团": "集团有限责任公司",
    "集团有限公司": "集团有限责任公司",
    "股份有限责任公司": "股份有限公司",
    "股份有限公司": "股份有限公司",
    "股份公司": "股份有限公司",
    "有限责任公司": "有限责任公司",
    "有限公司": "有限责任公司",
    "责任公司": "有限责任公司",
    "集团公司": "集团",
    "总公司": "公司",
    "公司": "公司",
    "集团": "集团",
    "农民专业合作社联合社": "合作社",
    "农民专业合作社": "合作社",
    "专业合作社": "合作社",
    "合作社": "合作社",
    "特殊普通合伙": "合伙企业",
    "合伙企业普通合伙": "合伙企业",
    "合伙企业有限合伙": "合伙企业",
    "普通合伙": "合伙企业",
    "有限合伙": "合伙企业",
    "合伙企业": "合伙企业",
    "个人独资企业": "个人独资企业",
    "个人独资": "个人独资企业",
    "个体工商户": "个体工商户",
    "个体户": "个体工商户",
    "个体": "个体工商户",
    "总厂": "厂",
    "厂": "厂",
    "coltd": "有限责任公司",
    "ltd": "有限责任公司",
}
_FORM_AT_END = re.compile(f"(?<!分)(?:{'|'.join(sorted(_FORMS, key=len, reverse=True))})$")
# Inside a name only the unmistakable forms count: 中国银行股份有限公司黄山支行, 某某有限公司一井.
_FORM_INSIDE = re.compile("股份有限公司|有限责任公司|有限公司")
_FORMS_WITH_TYPING_ERRORS = ("股份有限公司", "有限责任公司", "有限公司")


@dataclass(frozen=True, slots=True)
class NameParts:
    """One name taken apart.

    `exact_key`: the whole name in one width and case, without spaces, brackets and punctuation; equal keys are the same name.
    `core`: brand and trade words; never empty unless the key is.
    `regions`: bare names of the leading regions as written, widest first, e.g. `("黑龙江", "哈尔滨")`.
    `legal_form`: canonical form, `""` when none is written.
    """

    exact_key: str
    core: str
    regions: tuple[str, ...] = ()
    legal_form: str = ""

    @property
    def body(self) -> str:
        """The name without its legal form, regions in their bare spelling: stable when a brand looks like a region."""
        return "".join(self.regions) + self.core


def bare_region(name: str) -> str:
    """Answer a region's name without its level: 哈尔滨市 → 哈尔滨, 延边朝鲜族自治州 → 延边; at least two characters stay."""
    for pattern in (_AUTONOMOUS, _LEVEL):
        bare = pattern.sub("", name)
        if bare != name:
            return bare if len(bare) >= LEAST_CORE else name
    return name


def _level_of(name: str, bare: str) -> str:
    if name.endswith(_PROVINCE_ENDINGS):
        return "province"
    if name == bare or name.endswith("地区"):
        return "wide"
    return {"县": "county", "旗": "county", "区": "district"}.get(name[-1], "wide")


@dataclass(frozen=True, slots=True)
class RegionPrefixes:
    """The region names that may lead a company name; build once, use for many names.

    Every region leads in its own spelling and with the suffix of another level (尚志县 for 尚志市). Without a suffix a
    province or city leads at the start, a city also behind a province, a county only at the start, a district never:
    和平, 东风 and 新兴 are brands far more often.
    """

    # Bare names by level; `known` has them all.
    provinces: frozenset[str] = frozenset()
    wide: frozenset[str] = frozenset()
    counties: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    # Written name with its level → bare name.
    full: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, region_names: Iterable[str]) -> Self:
        """Learn the names of regions, given with or without their level; a name without a level counts as a city."""
        full = {name: bare_region(name) for name in map(str.strip, region_names) if name}
        levels: dict[str, set[str]] = {"province": set(), "wide": set(), "county": set(), "district": set()}
        for name, bare in full.items():
            levels[_level_of(name, bare)].add(bare)
        provinces = frozenset(levels["province"])
        return cls(
            provinces=provinces,
            wide=provinces | levels["wide"],
            counties=frozenset(levels["county"]),
            known=frozenset(full.values()),
            full={name: bare for name, bare in full.items() if name != bare},
        )

    def leading(self, text: str, before: tuple[str, ...] = ()) -> tuple[str, int] | None:
        """Answer bare name and written length of the region that leads a text behind the regions `before`, or None."""
        for size in range(min(len(text) - LEAST_CORE, _LONGEST_REGION), 1, -1):
            written = text[:size]
            if written in self.full and not (written[-1] == "市" and text[size] in "场政区"):
                return self.full[written], size
            if written in self.known:
                length = self._length(text, written, before)
                if length:
                    return written, length
        return None

    def _length(self, text: str, bare: str, before: tuple[str, ...]) -> int:
        """Answer how many characters a bare name takes with its suffix; 0 where it is rather a brand."""
        rest = len(text) - len(bare)
        if _SUFFIX.match(text, len(bare)) and rest > LEAST_CORE:
            return len(bare) + 1
        at_start = not before and (bare in self.wide or bare in self.counties)
        behind_province = bare in self.wide and all(name in self.provinces for name in before)
        needed = LEAST_CORE if len(bare) >= LONG_BARE_REGION else LEAST_CORE_AFTER_SHORT_BARE_REGION
        return len(bare) if (at_start or behind_province) and rest >= needed else 0


_NO_REGIONS = RegionPrefixes()


def exact_key(text: str) -> str:
    """Answer a name in one width (NFKC) and case, without spaces, brackets and punctuation."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text)).casefold()


def _without_typing_error(text: str) -> tuple[str, str] | None:
    """Take a form off the end that has one wrong, missing, doubled or swapped character (有限公同, 有责任公司)."""
    if "限" not in text[-6:] and "公司" not in text[-3:]:
        return None
    for form in _FORMS_WITH_TYPING_ERRORS:
        for size in (len(form) - 1, len(form), len(form) + 1):
            if len(text) >= size + LEAST_CORE and OSA.distance(text[-size:], form, score_cutoff=1) <= 1:
                return text[:-size], _FORMS[form]
    return None


def _split_form(text: str) -> tuple[str, str]:
    """Answer what is left of a key without its legal form, and the canonical form."""
    inside = _FORM_INSIDE.search(text)
    form = ""
    if inside and inside.end() < len(text):
        text, form = text[: inside.start()] + text[inside.end() :], _FORMS[inside.group()]
    elif not inside and (repaired := _without_typing_error(text)):
        return repaired
    at_end = _FORM_AT_END.search(text)
    if at_end and at_end.start():
        return text[: at_end.start()], form or _FORMS[at_end.group()]
    return text, form


def _split_regions(text: str, regions: RegionPrefixes) -> tuple[str, tuple[str, ...]]:
    found: tuple[str, ...] = ()
    while read := regions.leading(text, found):
        bare, size = read
        found = found if bare in found else (*found, bare)
        text = text[size:]
    return text, found


def normalise_company_name(text: str, regions: RegionPrefixes = _NO_REGIONS) -> NameParts:
    """Take a company name apart; any text is accepted, the empty one gives empty parts."""
    key = exact_key(text)
    stem, form = _split_form(key)
    core, found = _split_regions(stem, regions)
    return NameParts(exact_key=key, core=core, regions=found, legal_form=form)
