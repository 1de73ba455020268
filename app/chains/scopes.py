"""Reading a business scope 经营范围: what a firm makes, what it only trades, and what it leaves unsaid.

A scope is free text of the register. Phrases end with ；or 。; inside, items stand between 、， and the verb
stands before them (生产、销售塑料制品), after them (大米加工、销售) or before a colon (销售：钢材，建材).
An item takes its own verb, else the one before a colon, which rules to the end of the phrase, else the next one
after it up to the comma, else the one before it from the comma on. Of several verbs together, making counts.

Verbs are words: they are read one after the other (安装配送 is 安装 and 配送, there is no 装配 in it), and a word of goods
that begins or ends within one is none (研发电机 has no 发电机, 制造纸箱 no 造纸).
"""

import re
from enum import IntEnum
from functools import lru_cache
from itertools import takewhile
from typing import Final, NamedTuple

MOST_KNOWN: Final = 1 << 16
"""Items whose verbs are kept: scopes repeat each other's items (机械加工, 货物进出口) far more than their phrases."""


class Stance(IntEnum):
    """What a firm does with an item, the stronger evidence the greater."""

    TRADED = 0
    UNSAID = 1
    MADE = 3


_MADE: Final = Stance.MADE
_TRADED: Final = Stance.TRADED
_UNSAID: Final = Stance.UNSAID


Spans = tuple[tuple[int, int], ...]
"""Pieces of a text, each from its first character up to the one after its last."""


class Item(NamedTuple):
    """One item of a scope in its own words, verbs included."""

    text: str
    stance: Stance


_MAKING: Final = "生产|制造|加工|印刷|印制|制作|酿造|屠宰|锻造|铸造|冶炼|组装|装配|压延|编织|缝制|研制|粉碎|烘干|制版|热处理|电镀|制售|灌装|分装|产销"
_TRADING: Final = (
    "销售|批发|零售|兼零售|经销|购销|收购|批零|代理|租赁|咨询|服务|维修|修理|安装|施工|设计|发布|进出口|仓储|运输|代购|代销|开发"
    "|研发|研究|推广|转让|经营|管理|投资|旅游|住宿|餐饮|种植|养殖|储存|配送|回收|调试|改造|装卸|贸易|出口|进口"
)
_JOIN: Final = "[及与和、兼并以后/的]*"
_ANY: Final = f"(?:{_MAKING}|{_TRADING})"
_GOODS: Final = "机|设备|器材|中心|厂|用|品|件|工具|技术|耗材|线|剂|炉|站|装备|物资|企业|商|系统|器|泵|材料"
"""What makes a verb before it part of the name of goods: 印刷机械, 加工中心, 铸造材料."""
_LEAD: Final = re.compile(f"^(?:从事|主营|兼营|自产|专业)?({_ANY}(?:{_JOIN}{_ANY})*)(?!{_GOODS})")
_TRAIL: Final = re.compile(f"((?:{_ANY}{_JOIN})*{_ANY})(?:业务|活动|等|项目)?$")
_MAKES: Final = re.compile(_MAKING)
_MAKING_VERBS: Final = frozenset(_MAKING.split("|"))
_VERB: Final = re.compile("|".join(sorted(_ANY[3:-1].split("|"), key=len, reverse=True)))
_OF_ITSELF: Final = "印刷|印制|酿造|屠宰|锻造|铸造|冶炼|压延|编织|缝制|热处理|电镀|制版|旅游|住宿|餐饮"
_TRADES: Final = frozenset(_OF_ITSELF.split("|"))
_BARE: Final = re.compile(f"^(?:从事|主营|兼营|自产自销|(?!{_OF_ITSELF}){_ANY}|{_JOIN})*$")
"""Verbs that name no trade of themselves: 加工, 销售, but not 铸造 or 印刷."""
_WITH: Final = re.compile("[及与和]")
"""After 生产： an item like 轴承及技术服务 is made, its service being the lesser part."""
_MAKES_AND_SELLS: Final = re.compile(f"(?:{_MAKING})[、及与和]*(?:销售|批发|零售)$")
_NO_MAKING: Final = re.compile(
    "食品生产经营|药品生产经营|从事生产经营活动|生产经营活动|热力生产|电力生产|自来水生产|生产资料|加工贸易|来料加工|服装制作培训"
    "|广告[^，,、；;。]{0,6}制作|制作[^，,、；;。]{0,8}广告|网页制作|影视制作|节目制作"
)
_ASIDE: Final = re.compile(
    r"（[^（）]*）|\([^()]*\)|【[^【】]*】|\[[^\[\]]*\]|［[^［］]*］|《[^《》]*》|[*＊&×※#]+|依法须经.*|见?《.*?》"
)
_OPENS: Final = re.compile(r"[（(【\[［《*＊&×※#]|依法须经")
_HEAD: Final = re.compile("一般经营项目|许可经营项目|一般项目|许可项目|经营范围|以下仅限分公司经营|无。")
_PHRASE_END: Final = re.compile(r"[；;。\n\r]+|\.(?!\d)")
_COMMA: Final = re.compile(r"[，,\s]+")
_ITEM_END: Final = re.compile(r"[、/]")


def phrases(scope: str) -> list[str]:
    """Answer the phrases of a scope without what stands in brackets and without the register's own heads."""
    plain = scope
    while _OPENS.search(plain):  # brackets within brackets
        shorter = _ASIDE.sub("", plain)
        if shorter == plain:
            break
        plain = shorter
    return [phrase for phrase in _PHRASE_END.split(_HEAD.sub("", plain)) if phrase.strip(" ：:，,、")]


def items_of_phrase(phrase: str) -> list[Item]:
    """Answer the items of one phrase in their order; what stands in one phrase plays no part in the next."""
    parts = _parts(_NO_MAKING.sub("", phrase))
    if not parts:
        return []
    found: list[Item] = []
    ruling: Stance | None = None
    for part in parts:
        *heads, rest = part.replace(":", "：").split("：")
        for head in heads:
            found += _items_of_part(head, None)
            ruling = _ruling(head, ruling)
        found += _items_of_part(rest, ruling)
    is_silent_first = bool(found) and found[0].stance is Stance.UNSAID
    if is_silent_first and _MAKES_AND_SELLS.search(parts[-1]):
        found = _said_by_the_last(found)
    return found


def _said_by_the_last(found: list[Item]) -> list[Item]:
    """Answer the items of a list between commas of which only the last part has verbs (电线，线缆，塑料的生产、销售)."""
    first = next((i for i, item in enumerate(found) if item.stance is not Stance.UNSAID), 0)
    return [
        Item(text, found[first].stance if i < first else stance) for i, (text, stance) in enumerate(found)
    ]


def items_of(scope: str) -> list[Item]:
    """Answer all items of a scope in their order."""
    return [item for phrase in phrases(scope) for item in items_of_phrase(phrase)]


def _parts(phrase: str) -> list[str]:
    """Answer what stands between commas; verbs alone (木材，加工、销售) belong to the part before them."""
    parts: list[str] = []
    for part in filter(None, _COMMA.split(phrase)):
        if parts and all(_BARE.match(text) for text in _ITEM_END.split(part)):
            parts[-1] += f"、{part}"
        else:
            parts.append(part)
    return parts


def _ruling(head: str, before: Stance | None) -> Stance | None:
    """Answer what the verbs right before a colon say; without any, what ruled before."""
    texts = _ITEM_END.split(head)
    alone = list(takewhile(_BARE.match, reversed(texts)))
    if not alone:
        lead, trail = _LEAD.match(texts[-1]), _TRAIL.search(texts[-1])
        alone = [found.group(1) for found in (lead, trail) if found]
    said = before
    for number, verbs in enumerate(filter(None, alone)):
        said = _stance(verbs) if number == 0 else _both(_stance(verbs), said)
    return said


def _stance(verbs: str) -> Stance:
    is_made = _MAKES.search(verbs) and any(one in _MAKING_VERBS for one in _VERB.findall(verbs))
    return Stance.MADE if is_made else Stance.TRADED


def _items_of_part(part: str, ruling: Stance | None) -> list[Item]:
    """Answer the items between two commas; `ruling` is what a verb before a colon says of them."""
    merged, lead = _merged(part), ruling
    if ruling is _MADE:
        merged = [
            (text, None if own is _TRADED and _WITH.search(text) else own, is_lead)
            for text, own, is_lead in merged
        ]
    if lead is None:
        lead = next((own for _text, own, is_lead in merged if is_lead and own is not None), _UNSAID)
    found: list[Item] = []
    after = ruling
    for text, own, _is_lead in reversed(merged):
        if own is not None and ruling is None:
            after = own
        found.append(Item(text, own if own is not None else lead if after is None else after))
    found.reverse()
    return found


def _merged(part: str) -> list[tuple[str, Stance | None, bool]]:
    """Answer (item, what its verbs say, whether they stand before it); verbs alone join the item beside them."""
    found: list[tuple[str, Stance | None, bool]] = []
    waiting: Stance | None = None
    for text in _ITEM_END.split(part):
        if not text:
            continue
        own, is_lead, is_bare, _verbs = _said_of(text)
        if not is_bare:
            found.append((text, own, is_lead) if waiting is None else (text, _both(waiting, own), True))
            waiting = None
        elif found:
            last, before, is_lead = found[-1]
            found[-1] = (last, _both(own, before), is_lead)
        else:
            waiting = _both(own, waiting)
    return found


def _both(one: Stance | None, other: Stance | None) -> Stance | None:
    """Answer what verbs of two places say together: of several, making counts."""
    return _MADE if one is _MADE or other is _MADE else one if other is None else other


def verbs_at(text: str) -> Spans:
    """Answer from where to where each verb at both ends of an item stands that names no trade of itself.

    Those that do are part of words, and words for them are cut short: 数码印 in 数码印刷.
    """
    return _said_of(text)[3]


def is_cut(since: int, until: int, verbs: Spans) -> bool:
    """Tell whether a piece of an item takes a part of a verb and something beside it: then it is no word there."""
    return any(begin < since < end < until or since < begin < until < end for begin, end in verbs)


@lru_cache(maxsize=MOST_KNOWN)
def _said_of(text: str) -> tuple[Stance | None, bool, bool, Spans]:
    """Answer what the verbs at both ends of an item say, whether one leads it, whether it is nothing but verbs, and where they stand."""
    if _BARE.match(text):
        return _stance(text), False, True, _spans(text, 0, len(text))
    said: Stance | None = None
    verbs: Spans = ()
    lead, trail = _LEAD.match(text), _TRAIL.search(text)
    for found in (lead, trail):
        if found is not None:
            said = _both(_stance(found[1]), said)
            verbs += _spans(text, *found.span(1))
    return said, lead is not None, False, verbs


def _spans(text: str, since: int, until: int) -> Spans:
    return tuple([found.span() for found in _VERB.finditer(text, since, until) if found[0] not in _TRADES])
