"""Which GB/T 4754-2017 class a business scope 经营范围 describes: character n-grams, no model, no labels.

A scope is a list of clauses. What stands with a verb of making counts fully, what is only traded
hardly counts, and what stands first counts most. Each item is compared with the name (and, where
given, the explanatory text) of every class of section C by TF-IDF over two and three characters.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

_MAKING: Final = "生产|制造|加工|印刷|制作|酿造|屠宰|锻造|铸造|冶炼|组装|装配|压延|编织|缝制|研制|粉碎|烘干|包装装潢|制版|热处理|电镀"
_TRADING: Final = (
    "销售|批发|零售|经销|购销|收购|批零|代理|租赁|咨询|服务|维修|安装|施工|设计|发布|进出口|仓储|运输|代购|代销|开发|研发|推广"
    "|转让|经营|管理|投资|旅游|住宿|餐饮|种植|养殖"
)
_MAKES = re.compile(f"^(?:从事|主营)?(?:{_MAKING})|(?:{_MAKING})(?:[及与和、]?(?:{_TRADING}))*$")
_TRADES = re.compile(f"^(?:{_TRADING})|(?:{_TRADING})$")
_NO_MAKING = re.compile(r"食品生产经营|药品生产经营|热力|供热|自来水|供水|电力生产|制造业")
"""Phrases with a verb of making that describe a shop, or a utility of section D."""
_VERBS = re.compile(f"{_MAKING}|{_TRADING}|从事|主营|兼营|自产|产品|以及|[及与和]")
_ASIDE = re.compile(
    r"（[^（）]*）|\([^()]*\)|【[^【】]*】|《[^《》]*》|[*＊&×]+|依法须经.*|一般项目[:：]?|许可项目[:：]?"
)
_CLAUSE_END = re.compile(r"[，,；;。.\n\s]+")
_EQUIPMENT = re.compile("设备|机械|器械|机床|[泵炉机车]")
_REPAIR = re.compile("修理|维修|修复|检修")
_ITEM_END = re.compile(r"[、:：/]")
_MADE, _UNSAID, _TRADED = 1.0, 0.45, 0.06
_FADING = 0.75
_NAME_WEIGHT = 0.8
_MOST_ITEMS = 24

_TRADE_WORDS: Final[Mapping[str, str]] = {
    "粮食": "131", "大米": "1311", "水稻": "1311", "米业": "1311", "面粉": "1312", "玉米": "1313", "杂粮": "1314",
    "饲料": "132", "豆油": "1331", "植物油": "1331", "屠宰": "1351", "肉制品": "1353", "蔬菜": "1371", "山产品": "137",
    "豆制品": "1392", "糕点": "1411", "乳制品": "144", "白酒": "1512", "酒业": "1512", "啤酒": "1513", "矿泉水": "1522",
    "亚麻": "173", "服装": "181", "时装": "181", "羽绒": "1942", "木材": "201", "板方材": "2011", "木业": "20",
    "木制品": "203", "胶合板": "2021", "家具": "21", "门业": "3312", "纸箱": "2231", "印刷": "231", "彩印": "231",
    "型煤": "2524", "焦炭": "2521", "化肥": "262", "肥业": "262", "复混肥": "2624", "农药": "263", "涂料": "2641",
    "油漆": "2641", "助剂": "2661", "中药": "27", "制药": "27", "塑料": "292", "塑业": "292", "橡胶": "291",
    "水泥": "301", "混凝土": "3021", "砖": "3031", "砌块": "3031", "保温材料": "3034", "玻璃": "30", "石墨": "3091",
    "铸造": "339", "铸件": "339", "锻件": "3393", "门窗": "3312", "钢结构": "3311", "彩钢": "3311", "锅炉": "3411",
    "水泵": "3441", "泵业": "3441", "阀门": "3443", "轴承": "345", "机械加工": "3484", "机加": "3484", "石油": "3512",
    "农机": "357", "农业机械": "357", "医疗器械": "358", "汽车配件": "3670", "汽车零部件": "3670", "变压器": "3821",
    "电线电缆": "3831", "灯具": "387", "电子产品": "39", "仪器仪表": "40", "工艺品": "243", "标牌": "338",
}  # fmt: skip
"""Everyday words of the trade → the code (2 to 4 digits) that the standard's own wording hides."""


@dataclass(frozen=True, slots=True)
class ScopedIndustry:
    """An industry read from a scope: a code of 2 to 4 digits, how narrow it could be told, and how well.

    `confidence` is `class`, `group` or `division` (the narrowest rank whose lead over the next is
    clear), or `none` with an empty code. `likeness` is the winner's share of all evidence, 0 to 1.
    """

    code: str
    confidence: str
    likeness: float


@dataclass(frozen=True, slots=True)
class _Item:
    text: str
    weight: float


def shows_manufacturing(scope: str) -> bool:
    """Tell whether a scope has at least one clause with a verb of making."""
    return any(_stance(item) == _MADE for clause in _clauses(scope) for item in _ITEM_END.split(clause))


def _clauses(scope: str) -> list[str]:
    plain = scope
    for _ in range(2):  # brackets within brackets
        plain = _ASIDE.sub("", plain)
    return [clause for clause in _CLAUSE_END.split(plain) if clause]


def _stance(text: str) -> float:
    if _NO_MAKING.search(text):
        return _TRADED
    if _MAKES.search(text):
        return _MADE
    return _TRADED if _TRADES.search(text) else _UNSAID


def _items(name: str, scope: str) -> list[_Item]:
    """Answer what a firm deals in, weighted by verb and place; the firm's own name is the last item."""
    found: list[_Item] = []
    for place, clause in enumerate(_clauses(scope)):
        parts = [part for part in _ITEM_END.split(clause) if part]
        stances = [_stance(part) for part in parts]
        stance = _MADE if _MADE in stances else min(stances, default=_UNSAID)
        for order, part in enumerate(parts):
            text = _VERBS.sub("", part)
            if len(text) > 1:
                found.append(_Item(text, stance * _FADING**place * 0.9**order))
    return [*found[:_MOST_ITEMS], _Item(name, _NAME_WEIGHT)]


class ScopeReader:
    """Compares scopes with the classes of section C; built once from code → text."""

    def __init__(self, names: Mapping[str, str], texts: Mapping[str, str]) -> None:
        """Take names of four-digit classes, and explanatory texts that may be missing for any of them."""
        self._codes = sorted(names)
        documents = [
            _grams(_VERBS.sub("", names[code])) * 4 + _grams(texts.get(code, "")) for code in self._codes
        ]
        self._columns = {
            gram: i for i, gram in enumerate(sorted({gram for grams in documents for gram in grams}))
        }
        counts = self._matrix(documents)
        present = np.asarray((counts > 0).sum(axis=0)).ravel()
        self._idf: NDArray[np.float64] = np.log(len(documents) / np.maximum(present, 1)) + 0.1
        self._classes = self._weighted(counts).T.tocsr()
        groups = [[code[:length] for code in self._codes] for length in (2, 3)]
        self._words = [
            (word, np.array([c.startswith(code) for c in self._codes])) for word, code in _TRADE_WORDS.items()
        ]
        self._is_equipment = np.array([bool(re.search("设备|机械", names[code])) for code in self._codes])
        self._is_repair = np.array([code.startswith("43") for code in self._codes])
        self._groups = [np.unique(prefixes, return_inverse=True) for prefixes in groups]

    def read(self, firms: Sequence[tuple[str, str]]) -> list[ScopedIndustry]:
        """Answer the industry of each (name, scope)."""
        items = [_items(name, scope) for name, scope in firms]
        flat = [item for found in items for item in found]
        likeness = (
            self._weighted(self._matrix([_grams(_VERBS.sub("", item.text)) for item in flat])) @ self._classes
        )
        likeness = likeness.power(1.5)  # one close item says more than several that are vaguely alike
        owner = np.repeat(np.arange(len(items)), [len(found) for found in items])
        weights = np.array([item.weight for item in flat])
        gather = csr_matrix((weights, (owner, np.arange(len(flat)))), shape=(len(items), len(flat)))
        scores: NDArray[np.float64] = (gather @ likeness).toarray()
        for row, found in zip(scores, items, strict=True):
            self._add_trade_words(row, found)
        return [self._decide(row) for row in scores]

    def _add_trade_words(self, scores: NDArray[np.float64], items: Sequence[_Item]) -> None:
        text = "，".join(item.text for item in items if item.weight > _TRADED)
        if not _EQUIPMENT.search(text):
            scores[self._is_equipment] *= 0.2
        if not _REPAIR.search(text):
            scores[self._is_repair] *= 0.1
        for word, is_meant in self._words:
            weight = max((item.weight for item in items if word in item.text), default=0.0)
            scores[is_meant] += _WORD_WEIGHT * weight

    def _decide(self, scores: NDArray[np.float64]) -> ScopedIndustry:
        total = float(scores.sum())
        best = int(scores.argmax())
        if total <= 0 or scores[best] < _LEAST_SCORE:
            return ScopedIndustry("", "none", 0.0)
        code, share = self._codes[best], float(scores[best]) / total
        second = float(np.partition(scores, -2)[-2])
        if scores[best] >= _CLEAR_LEAD * second:
            return ScopedIndustry(code, "class", share)
        for length, rank in ((3, "group"), (2, "division")):
            prefixes, inverse = self._groups[length - 2]
            sums = np.zeros(len(prefixes))
            np.maximum.at(sums, inverse, scores)
            order = np.argsort(sums)[::-1]
            if len(order) == 1 or sums[order[0]] >= _CLEAR_LEAD * sums[order[1]]:
                return ScopedIndustry(str(prefixes[order[0]]), rank, share)
        totals = np.bincount(self._groups[0][1], weights=scores).astype(np.float64)
        winner = int(totals.argmax())
        if totals[winner] >= _HALF * total:
            return ScopedIndustry(str(self._groups[0][0][winner]), "division", share)
        return ScopedIndustry("", "none", share)

    def _matrix(self, documents: Sequence[Sequence[str]]) -> csr_matrix:
        rows, columns = [], []
        for row, grams in enumerate(documents):
            for gram in grams:
                column = self._columns.get(gram)
                if column is not None:
                    rows.append(row)
                    columns.append(column)
        shape = (len(documents), len(self._columns))
        return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)

    def _weighted(self, counts: csr_matrix) -> csr_matrix:
        counts.data = 1 + np.log(counts.data)
        weighted = counts @ diags(self._idf)
        norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        return csr_matrix(diags(1 / np.maximum(norms, 1e-9)) @ weighted)


_LEAST_SCORE: Final = 0.03
_CLEAR_LEAD: Final = 1.15
_HALF: Final = 0.4
_WORD_WEIGHT: Final = 0.15


def _grams(text: str) -> list[str]:
    plain = re.sub(r"[^\w]|\d", "", text)
    return [plain[i : i + size] for size in (2, 3) for i in range(len(plain) - size + 1)]
