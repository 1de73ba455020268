"""Where a page may send a browser after signing in: to another page of ours, whatever it was asked for. Pure."""

from typing import Final
from urllib.parse import urlsplit

HOME: Final = "/"
MOST_CHARACTERS: Final = 500
_NOT_BACK_TO: Final = ("/sign-in", "/sign-out")


def local_path(wanted: str | None) -> str:
    r"""Answer a path of this site, or the home page for anything else.

    Browsers read `\` as `/`, drop tabs and line ends inside an address, and take what follows `//` for
    a host: such addresses lead elsewhere although they begin like paths.
    """
    if not wanted or len(wanted) > MOST_CHARACTERS or not wanted.isascii() or not wanted.isprintable():
        return HOME
    if not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted or " " in wanted:
        return HOME
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return HOME
    is_back = any(parts.path == each or parts.path.startswith(f"{each}/") for each in _NOT_BACK_TO)
    return HOME if parts.scheme or parts.netloc or is_back else wanted
