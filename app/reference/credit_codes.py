"""Unified social credit codes 统一社会信用代码 (GB 32100-2015), with python-stdnum's arithmetic.

18 characters: authority (1), type of body (1), registering region (6 digits), organisation code (9)
and a check character. The letters I, O, Z, S, V are not used.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from stdnum.cn.uscc import calc_check_digit

LENGTH = 18
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_REGION = range(2, 8)
_LOOKALIKES = str.maketrans("IOZS", "1025")
_SEPARATORS = re.compile(r"[\s\-‐‑‒–—−·.'`]+")


class UsccFault(StrEnum):
    """Which rule a text breaks first."""

    EMPTY = "empty"
    LENGTH = "length"
    CHARACTERS = "characters"
    CHECK_DIGIT = "check_digit"


@dataclass(frozen=True, slots=True)
class UsccResult:
    """A text read as a credit code.

    `code` is the text normalised; it may be used only if `fault` is None. `message` says what is
    wrong; `expected` is the check character that the first 17 demand (for a wrong check digit);
    `suggestion` is a valid code that differs only in look-alikes (O for 0, I for 1, Z for 2,
    S for 5).
    """

    code: str
    fault: UsccFault | None = None
    message: str = ""
    expected: str | None = None
    suggestion: str | None = None

    @property
    def is_valid(self) -> bool:
        """Say whether the code may be used."""
        return self.fault is None

    @property
    def region_code(self) -> str | None:
        """Answer the code of the registering region (as of registration), or None if not valid."""
        return self.code[2:8] if self.is_valid else None


def normalise_uscc(text: str) -> str:
    """Answer the text half-width (NFKC), in capitals, without spaces, dots and dashes."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()


def check_uscc(text: str) -> UsccResult:
    """Check a credit code as people type it; the first rule that it breaks is named."""
    code = normalise_uscc(text)
    if not code:
        return UsccResult(code, UsccFault.EMPTY, "no credit code given")
    if len(code) != LENGTH:
        message = f"a credit code has {LENGTH} characters, this has {len(code)}"
        return UsccResult(code, UsccFault.LENGTH, message)
    strange = [index for index, character in enumerate(code) if not _fits(index, character)]
    if strange:
        return UsccResult(code, UsccFault.CHARACTERS, _strange(code, strange), suggestion=_suggest(code))
    expected = calc_check_digit(code)
    if code[-1] != expected:
        message = f"the check character is {code[-1]}, but the first 17 characters demand {expected}"
        return UsccResult(code, UsccFault.CHECK_DIGIT, message, expected)
    return UsccResult(code)


def _fits(index: int, character: str) -> bool:
    if index in _REGION:
        return character in "0123456789"
    return character in ALPHABET


def _strange(code: str, places: list[int]) -> str:
    named = ", ".join(f"{code[place]} at {place + 1}" for place in places)
    return f"not allowed: {named} (characters 3 to 8 are digits; I, O, Z, S, V are never used)"


def _suggest(code: str) -> str | None:
    other = code.translate(_LOOKALIKES)
    return other if other != code and check_uscc(other).is_valid else None
