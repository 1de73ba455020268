"""Clause numbers as documents print them and as people type them: （十六）, 十六, 16 and 第十六条 are one."""

import re
import unicodedata

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")}
_ORNAMENTS = frozenset("第条")
_TOKEN = re.compile(r"[一二三四五六七八九十]+|\d+|[^\W\d_一二三四五六七八九十]+")


def plain_number(text: str) -> str:
    """Answer one spelling for all of a clause number: 16 for （十六）, 2.1.1 for 二（一）1, 1.增量 for 一·增量."""
    tokens = _TOKEN.findall(unicodedata.normalize("NFKC", text))
    return ".".join(_plain_token(token) for token in tokens if token not in _ORNAMENTS)


def _plain_token(token: str) -> str:
    if token.isdecimal():
        return str(int(token)) if len(token) <= len("99") else token
    if all(character in _DIGITS or character == "十" for character in token):
        return _arabic(token)
    return token


def _arabic(numeral: str) -> str:
    """Read a Chinese numeral up to 九十九; what is no numeral (一一) stays as it is."""
    tens, ten, ones = numeral.rpartition("十")
    if len(tens) > 1 or len(ones) > 1:
        return numeral
    value = _DIGITS.get(ones, 0) + (10 * _DIGITS.get(tens, 1) if ten else 0)
    return str(value)
