"""Names as rosters write them: seeded noise on real names, and generated names that fill an index up.

The confusable characters are listed by hand, from what input methods and tired eyes mix up; they are not
taken from the sound table of the resolver, which would make the test easier than life.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from app.whitelist.names import RegionPrefixes, normalise_company_name

SOUND_ALIKE = (
    "鑫新欣馨兴星昕信心 华花桦铧骅 源原元圆园缘远 利力立丽莉俐历 泰太态 盛晟胜圣升生声 宏弘鸿洪红虹 龙隆 嘉佳加家 德得 诚成城程承 "
    "恒衡亨横 福富复服 祥翔详香 博勃伯波 达大 丰峰锋风枫 明名铭茗鸣 金今津锦进晋 宇雨禹玉育裕钰 杰捷洁 伟威维微 永勇咏 顺舜 "
    "安桉 东冬栋 强墙 志智致至治 业叶页 瑞锐睿 天添田甜 和合禾河 万旺望 通同桐彤 康抗 荣融容 庆清青 凯开 腾藤滕 辉晖惠慧汇 "
    "中众忠钟 科柯可 美每 亿益意义怡艺 机基吉集 械泄 制致 商尚上 贸冒茂 材才财 建健件 工公功 设社 备倍 木目沐 米咪 粮良凉 "
    "食石实时 品拼 油友有 化画 销肖 售受 加佳 技计际 农浓 路陆鹿 镇振真 南楠 北贝 街阶 凤风 山杉 营盈迎 所锁 分芬 支枝 行航杭"
)
SHAPE_ALIKE = (
    "未末 已己 日曰 土士 人入 大太天夫 千干于 晴睛清情请 木本术 王玉主 田由甲申 科料 析折拆 治冶 侯候 师帅 折拆 洁浩 铭名 "
    "末未 拓招 哈给 冷泠 准淮 晨农 尚商 泽译择 伟纬 祥样详 鸿鸡 乌鸟 风凤 兰半 丰卡 宇字 宁宇 利和科 设没 限跟艰 司同 公分 "
    "机饥 板扳 油抽 粮娘 恒桓 佰伯 华毕 隆降 凯剀 达迖 友反 永水 贸贺 源原"
)


@dataclass(frozen=True)
class Firm:
    """A name, its region code (None when unknown) and whether it is real or generated."""

    name: str
    code: str | None
    source: str


@dataclass(frozen=True)
class Vocabulary:
    """The characters of real names (for random slips) and their trade words."""

    alphabet: str
    trade_words: frozenset[str]

    @classmethod
    def of(cls, names: Sequence[str], regions: RegionPrefixes) -> Self:
        """Learn the vocabulary of real names."""
        words = trade_words_of([normalise_company_name(name, regions).core for name in names])
        return cls("".join(sorted({c for name in names for c in name})), words)


def _confusions(groups: str) -> dict[str, str]:
    table: dict[str, str] = {}
    for group in groups.split():
        for character in group:
            table[character] = table.get(character, "") + group.replace(character, "")
    return table


_SOUNDS, _SHAPES = _confusions(SOUND_ALIKE), _confusions(SHAPE_ALIKE)


class Noise:
    """Writes a firm's name the way a roster might. One seed gives one sequence of spellings."""

    def __init__(
        self,
        seed: int,
        regions: RegionPrefixes,
        place_names: dict[str, str],
        vocabulary: Vocabulary,
        strength: float,
    ) -> None:
        """Take the seed, the region prefixes, region code → full region name, what real names are made of, and
        the strength: 1 as usual, more for a heavier hand (every share of noise is multiplied by it).
        """
        self._random = random.Random(seed)
        self._strength = strength
        self._regions = regions
        self._places = place_names
        self._codes = sorted(place_names)
        self._alphabet = vocabulary.alphabet
        self._trade_words = vocabulary.trade_words

    def write(self, firm: Firm) -> tuple[str, list[str]]:
        """Answer a spelling of the firm's name and the kinds of noise in it; one name in ten stays as it is."""
        pick = self._random.random()
        if pick < 0.10:
            return firm.name, ["none"]
        steps: list[tuple[str, float, Callable[[str], str]]] = [
            ("region", 0.5, lambda name: self._region(name, firm.code)),
            ("form", 0.5, self._form),
            ("abbreviated", 0.2, self._abbreviate),
            ("typing", 0.5, self._typing),
            ("brackets", 0.2, self._brackets),
            ("width", 0.2, self._width),
        ]
        name, kinds = firm.name, []
        for kind, share, step in steps:
            if self._random.random() < share * self._strength:
                changed = step(name)
                if changed != name:
                    kinds.append(kind)
                name = changed
        return name, kinds or ["none"]

    def code(self, code: str | None) -> str | None:
        """Answer the region code as a roster gives it: 70 % the same, the rest another county, only the city, none, or elsewhere."""
        if code is None:
            return None
        county = f"{self._random.randint(1, 12):02d}"
        spellings = [code, code[:4] + county, code[:4] + "00", None, self._random.choice(self._codes)]
        return self._random.choices(spellings, weights=[70, 8, 10, 8, 4])[0]

    def _region(self, name: str, code: str | None) -> str:
        read = self._regions.leading(name)
        written, rest = (name[: read[1]], name[read[1] :]) if read else ("", name)
        bare = read[0] if read else ""
        spellings = [rest] if len(rest) > 6 else []
        if bare:
            levels = {"市": "市县", "县": "县市", "区": "区县"}.get(written[-1], "")
            spellings += [bare + rest, *(bare + level + rest for level in levels)]
            if written == bare:
                spellings.append(bare + "市" + rest)
        wider = [
            self._places[key]
            for key in ((code or "")[:2] + "0000", (code or "")[:4] + "00")
            if key in self._places
        ]
        spellings += [place + name for place in wider if not name.startswith(place[:2])]
        spellings += [place[:-1] + name for place in wider if not name.startswith(place[:2])]
        return self._random.choice([s for s in spellings if s != name] or [name])

    def _form(self, name: str) -> str:
        swaps = [
            ("有限责任公司", ("有限公司", "公司", "有限责任", "")),
            ("股份有限公司", ("股份公司", "有限公司", "")),
            ("有限公司", ("有限责任公司", "公司", "股份有限公司", "")),
            ("加工厂", ("加工", "厂")),
            ("厂", ("", "有限公司")),
        ]
        for form, others in swaps:
            if form in name:
                return name.replace(form, self._random.choice(others), 1)
        return name

    def _abbreviate(self, name: str) -> str:
        """Drop one trade word, or all behind the first, or all."""
        brand, trade = split_trade(normalise_company_name(name, self._regions).core, self._trade_words)
        if not trade:
            return name
        at = self._random.randrange(len(trade))
        shorter = [trade[:at] + trade[at + 1 :], trade[:1], []]
        kept = self._random.choices(shorter, weights=[5, 3, 2])[0]
        return name.replace(brand + "".join(trade), brand + "".join(kept), 1)

    def _typing(self, name: str) -> str:
        at = self._random.randrange(len(name))
        pick = self._random.random()
        if pick < 0.65:
            table = _SOUNDS if pick < 0.40 else _SHAPES
            places = [i for i, c in enumerate(name) if c in table]
            if places:
                at = self._random.choice(places)
                return name[:at] + self._random.choice(table[name[at]]) + name[at + 1 :]
            return name[:at] + self._random.choice(self._alphabet) + name[at + 1 :]
        if pick < 0.75:
            return name[:at] + self._random.choice(self._alphabet) + name[at + 1 :]
        if pick < 0.85:
            return name[:at] + name[at + 1 :]
        if pick < 0.92:
            return name[:at] + name[at] + name[at:]
        return name[:at] + name[at : at + 2][::-1] + name[at + 2 :]

    def _brackets(self, name: str) -> str:
        if "（" in name or "(" in name:
            open_, close = self._random.choice([("(", ")"), ("（", "）"), ("", ""), ("【", "】")])
            return name.replace("（", open_).replace("(", open_).replace("）", close).replace(")", close)
        read = self._regions.leading(name)
        if read:
            open_, close = self._random.choice([("（", "）"), ("(", ")")])
            return open_ + name[: read[1]] + close + name[read[1] :]
        return name

    def _width(self, name: str) -> str:
        at = self._random.randrange(1, len(name) + 1)
        wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name)
        return self._random.choice(
            [wide, name[:at] + " " + name[at:], name + "\u3000", name[:at] + "\u200b" + name[at:]]
        )


def trade_words_of(cores: Sequence[str]) -> frozenset[str]:
    """Learn two-character trade words: what stands two, four or six characters from the end of many cores."""
    pieces = Counter(core[at - 2 : at or None] for core in cores for at in (0, -2, -4) if len(core) + at >= 4)
    return frozenset(piece for piece, count in pieces.items() if count >= 12 and len(piece) == 2)


def split_trade(core: str, words: frozenset[str]) -> tuple[str, list[str]]:
    """Answer the brand (two characters at least) and the trade words behind it, in order; none when none is known."""
    found: list[str] = []
    while len(core) >= 4 and core[-2:] in words:
        found.insert(0, core[-2:])
        core = core[:-2]
    return core, found
