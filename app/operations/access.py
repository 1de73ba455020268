"""Who may read the figures of a process. Pure."""

import hmac
from enum import StrEnum
from typing import Final

BEARER: Final = "bearer"


class Access(StrEnum):
    """Whether somebody may, has to show the token, or is told that nothing is there."""

    GRANTED = "granted"
    UNPROVEN = "unproven"
    HIDDEN = "hidden"


def may_read_figures(*, token: str, authorization: str, is_development: bool, is_local: bool) -> Access:
    """Decide by the token where one is set; without one, figures are for this machine while developing."""
    if token:
        scheme, _, shown = authorization.partition(" ")
        proves = hmac.compare_digest(shown.strip().encode(), token.encode())
        return Access.GRANTED if proves and scheme.lower() == BEARER else Access.UNPROVEN
    return Access.GRANTED if is_development and is_local else Access.HIDDEN
