"""How people type the name of a firm: its characters, their pinyin initials (hebhw), or the pinyin itself. Pure.

A name is spelled once, when it is stored, into one text that is searched as it is. Characters that are read
in several ways in names of firms are spelled in each of them; all others by their commonest reading.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final

from pypinyin.pinyin_dict import pinyin_dict

from app.enterprises.statements import name_key

START: Final = "|"
"""Stands before each way to write a name: what begins one is found first."""
MOST_SPELLED: Final = 40
MOST_WAYS: Final = 8
LEAST_ASKED: Final = 2
MOST_ASKED: Final = 80
MOST_ABBREVIATED: Final = 8

_WRITTEN: Final = """
长chang,zhang 重zhong,chong 行hang,xing 乐le,yue 厦xia,sha 单dan,shan 曾zeng,ceng 朝chao,zhao 调tiao,diao
传chuan,zhuan 藏cang,zang 强qiang,jiang 省sheng,xing 会hui,kuai 宿su,xiu 盛sheng,cheng 车che,ju 贾jia,gu
秘mi,bi 柏bai,bo 弹dan,tan 降jiang,xiang 解jie,xie 觉jue,jiao 角jiao,jue 率lu,shuai 区qu,ou 查cha,zha
召zhao,shao 尉wei,yu 种zhong,chong 卡ka,qia 系xi,ji 校xiao,jiao 参can,shen 什shi,shen 拓tuo,ta 屏ping,bing
番fan,pan 泊bo,po 阿a,e 咖ka,ga 伽jia,ga 晟sheng,cheng 仇qiu,chou 铅qian,yan 沈shen,chen 都du,dou 适shi,kuo
尾wei,yi 乘cheng,sheng 石shi,dan 大da,dai 万wan,mo 育yu,yo 六liu,lu 圩wei,xu 蔚wei,yu 殷yin,yan 洗xi,xian
轧zha,ya 载zai,za 扎zha,za 塔ta,da 色se,shai 术shu,zhu 壳ke,qiao 露lu,lou 血xue,xie 熟shu,shou
"""
_SEVERAL: Final = {entry[0]: tuple(entry[1:].split(",")) for entry in _WRITTEN.split()}
"""Readings in names, the likelier first."""
_TYPED_V: Final = re.compile("(?<=[ln])v")
"""ü is stored as u, and typed as u by some and as v by most."""
_CODE: Final = re.compile(r"[0-9A-Za-z-]{2,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for: `key` as it was typed, `sound` as it stands in spellings, `code` if it may begin one, else "".

    `is_written` tells that it has characters and not letters alone; an abbreviation leaves some of them out.
    """

    key: str
    sound: str
    code: str
    is_written: bool


def spelled(name: str) -> str:
    """Answer all ways to write a name, each after `START`: its characters, its initials, its pinyin."""
    key = name_key(name)
    readings = [_readings(character) for character in key[:MOST_SPELLED]]
    ways = [()] if not readings else _some(readings)
    initials = dict.fromkeys("".join(part[0] for part in way) for way in ways)
    sounds = dict.fromkeys("".join(way) for way in ways)
    return START + START.join(dict.fromkeys([key, *initials, *sounds]))


def asked(text: str) -> Asked | None:
    """Answer what a text looks for; None if it is too short or too long to look for anything."""
    stripped = text.strip()
    key = name_key(stripped[: MOST_ASKED + 1])
    if not LEAST_ASKED <= len(key) <= MOST_ASKED or len(stripped) > MOST_ASKED:
        return None
    closed = "".join(unicodedata.normalize("NFKC", stripped).split())
    code = closed.upper() if _CODE.fullmatch(closed) else ""
    return Asked(key, _TYPED_V.sub("u", key), code, is_written=not key.isascii())


def abbreviated(key: str) -> str | None:
    """Answer the pattern (LIKE) of names that have the characters in this order; None of what is long already."""
    return f"%{'%'.join(key)}%" if len(key) <= MOST_ABBREVIATED else None


@lru_cache(maxsize=20_000)
def _readings(character: str) -> tuple[str, ...]:
    if character in _SEVERAL:
        return _SEVERAL[character]
    first = pinyin_dict.get(ord(character), character).split(",")[0]
    plain = unicodedata.normalize("NFD", first)
    return ("".join(letter for letter in plain if not unicodedata.combining(letter)) or character,)


def _some(readings: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Answer so many ways to read a name; of names with more, later characters are read in the likeliest way."""
    kept, ways = [], 1
    for several in readings:
        ways *= len(several)
        kept.append(several if ways <= MOST_WAYS else several[:1])
        if ways > MOST_WAYS:
            ways //= len(several)
    return list(product(*kept))
