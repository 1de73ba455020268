"""The name that somebody signs in with, in the one form that is stored and compared. Pure."""

import re
import unicodedata
from typing import Final

from app.kernel.errors import Fault, Refused

FEWEST_CHARACTERS: Final = 3
MOST_CHARACTERS: Final = 80
_FOREIGN: Final = re.compile(r"[^a-z0-9._@-]")


def login_key(text: str, where: str = "login") -> str:
    """Answer a login in its stored form: NFKC, casefolded, of ASCII letters, digits and `. _ - @` only.

    So two logins that look alike are one and the same, or one of them is refused: a Cyrillic а is not
    an a, and a full-width ａ is.

    Raises:
        Refused: another character, or not 3 to 80 characters.
    """
    key = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    faults = []
    if not FEWEST_CHARACTERS <= len(key) <= MOST_CHARACTERS:
        faults.append(
            Fault(where, f"not {FEWEST_CHARACTERS} to {MOST_CHARACTERS} characters", "Choose another.")
        )
    if foreign := sorted(set(_FOREIGN.findall(key))):
        named = ", ".join(f"U+{ord(each):04X}" for each in foreign[:5])
        faults.append(
            Fault(
                where, f"holds {named}", "Use letters a to z, digits and . _ - @ only.", key[:MOST_CHARACTERS]
            )
        )
    if faults:
        raise Refused("This login cannot be used.", faults)
    return key
