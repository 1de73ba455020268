"""Texts on their way into documents: what can be printed, and how broad it is set. Pure."""

from typing import Final
from unicodedata import category

_NO_CHARACTERS: Final = frozenset("\ufffe\uffff")
_UNPRINTED: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of controls, of what turns or hides text, of surrogates, and of line breaks."""


def plain(text: str) -> str:
    """Answer a text in which a blank stands for every character that is none to print.

    XML cannot hold most of them, the drawing of charts dies of them, and some turn the numbers beside them round.
    """
    if text.isprintable():
        return text
    return "".join(" " if category(one) in _UNPRINTED or one in _NO_CHARACTERS else one for one in text)


def breadth(text: str) -> int:
    """Answer how broad a text is set, in Latin characters; a Chinese one counts double."""
    return sum(1 if one.isascii() else 2 for one in text)
