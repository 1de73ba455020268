"""Which passwords are taken. Pure.

Length counts, not kinds of characters (NIST SP 800-63B 5.1.1.2); what is refused is what a guesser
tries first. That is estimated with zxcvbn (Wheeler, USENIX Security 2016), whose dictionaries of
breached passwords, names and words come with it, so that no password leaves this process.
"""

import threading
from typing import Final

from zxcvbn import zxcvbn

from app.kernel.errors import Fault, Refused

FEWEST_CHARACTERS: Final = 10
MOST_CHARACTERS: Final = 200
FEWEST_GUESSES: Final = 10**8
"""Below it zxcvbn calls a password guessable (score 2 of 4)."""
_MOST_ESTIMATED: Final = 72
_FEWEST_OWN_CHARACTERS: Final = 3
_ESTIMATING = threading.Lock()


def password_faults(
    password: str, *, login: str, name: str = "", where: str = "password"
) -> tuple[Fault, ...]:
    """Answer every reason for which a person may not choose a password; the password is in none of them."""
    faults = []
    if len(password) < FEWEST_CHARACTERS:
        faults.append(
            Fault(where, f"fewer than {FEWEST_CHARACTERS} characters", "Take a sentence, or several words.")
        )
    if len(password) > MOST_CHARACTERS:
        return (Fault(where, f"more than {MOST_CHARACTERS} characters", "Take a shorter one."),)
    if any(own in password.casefold() for own in _own_words(login, name)):
        faults.append(Fault(where, "holds the login or the name", "Take something that is not about you."))
    if not faults and _guesses(password, (login, name)) < FEWEST_GUESSES:
        faults.append(
            Fault(
                where, "easily guessed: breached, or of common words and patterns", "Take several odd words."
            )
        )
    return tuple(faults)


def check_new_password(password: str, *, login: str, name: str = "", where: str = "password") -> None:
    """Refuse a password that a person may not choose.

    Raises:
        Refused: it is too short, too long, about the person, or easily guessed.
    """
    if faults := password_faults(password, login=login, name=name, where=where):
        raise Refused("This password cannot be used.", faults)


def _own_words(login: str, name: str) -> set[str]:
    words = {login, login.partition("@")[0], name}
    return {word.casefold() for word in words if len(word) >= _FEWEST_OWN_CHARACTERS}


def _guesses(password: str, own: tuple[str, ...]) -> int:
    with _ESTIMATING:  # zxcvbn keeps what is given as own words in one dictionary of the process
        return int(zxcvbn(password[:_MOST_ESTIMATED], user_inputs=own)["guesses"])
