"""What a password must be: NIST SP 800-63B-4 (2025), §3.1.1.2.

Length and no composition: 15 code points where the password may be all that is asked, and 12 where a second factor
always follows (the standard's floor there is 8). 256 at most, nothing is cut off. Unicode is compared as NFKC. Refused
is what is on a list of common passwords, or is made of nothing but such, repetitions, runs of the keyboard and what
everybody knows of the account: its user name, the person's and the town's names. Nobody must change a password because
time has passed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from hub.kernel.errors import InvalidRequest

LEAST_ALONE = 15
LEAST_WITH_SECOND_FACTOR = 12
MOST = 256


def _plain(text: str) -> str:
    """Small letters without their marks, and digits: what is left when punctuation and spaces go."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if sign.isalnum())


# Common passwords of the languages of our towns, as the beginnings of long ones; digits and signs around them are
# passed over. Those of 15 letters and more that are not made of these are rare in every published list.
_COMMON_WORDS = """
    password passwort passw0rd pass letmein welcome admin administrator login iloveyou monkey dragon football
    baseball sunshine princess master shadow superman batman trustno secret changeme default guest test user root
    hello lozinka zaporka sifra tajna zagreb dinamo hajduk volimte ljubav sunce hrvatska beograd srbija partizan
    zvezda heslo tajneheslo praha slunicko milacek cesko brno sparta slavia пароль привет любовь солнце україна київ
    динамо слава пароли лозинка шифра тајна љубав сунце србија београд parola secretul iubire soare romania
    bucuresti steaua cluj munihub munihubpassword
"""
_COMMON = frozenset(map(_plain, _COMMON_WORDS.split()))
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "йцукенгшщзхї",
    "фівапролджє",
    "ячсмитьбю",
    "љњертзуиоп",
    "асдфгхјкл",
    "01234567890",
)
_RUNS = tuple(_plain(row)[::step] for row in _ROWS for step in (1, -1))
_SHORTEST_RUN = 3
_LONGEST_NUMBER = 4


def normalise(password: str) -> str:
    """As it is hashed. Raises InvalidRequest for one that is longer than any we accept, and for control characters."""
    if len(password) > MOST:
        raise InvalidRequest(f"A password has at most {MOST} characters.", field="too_long")
    normal = unicodedata.normalize("NFKC", password)
    if len(normal) > MOST:
        raise InvalidRequest(f"A password has at most {MOST} characters.", field="too_long")
    if any(unicodedata.category(sign) in {"Cc", "Cs", "Cn"} for sign in normal):
        raise InvalidRequest("A password has no control characters.", field="unreadable")
    return normal


def check(password: str, *, least: int, known: Iterable[str]) -> str:
    """The normalised password.

    Raises InvalidRequest with `field` `too_short`, `too_long`, `unreadable` or `too_common`. `known`: names that
    everybody knows of the account.
    """
    normal = normalise(password)
    if len(normal) < least:
        raise InvalidRequest(f"A password has at least {least} characters.", field="too_short")
    if _made_of_known(normal, known):
        raise InvalidRequest("This password is easily guessed.", field="too_common")
    return normal


def _made_of_known(password: str, known: Iterable[str]) -> bool:
    text = _plain(password)
    words = {*_COMMON, *(part for name in known for part in _parts(name))}
    # Positions that can be reached by such parts alone; 256 signs and some hundred words at most.
    reached = {0}
    for start in range(len(text)):
        if start in reached:
            reached |= {start + len(word) for word in words if text.startswith(word, start)}
            reached |= set(_runs(text, start))
    if len(text) in reached:
        return True
    # One short part over and over, whatever it is.
    return any(text == text[:size] * (len(text) // size) for size in range(1, 5) if len(text) % size == 0)


def _runs(text: str, start: int) -> Iterable[int]:
    """Ends of runs of the keyboard, of one sign repeated, and of a number up to four digits long (a year)."""
    number = re.match(r"\d+", text[start:])
    if number and len(number[0]) <= _LONGEST_NUMBER and not text[:start][-1:].isdigit():
        yield start + len(number[0])
    same = re.match(r"(.)\1*", text[start:])
    if same and len(same[0]) >= _SHORTEST_RUN:
        yield from range(start + _SHORTEST_RUN, start + len(same[0]) + 1)
    for row in _RUNS:
        if (begin := row.find(text[start])) < 0:
            continue
        length = 0
        while begin + length < len(row) and text[start + length : start + length + 1] == row[begin + length]:
            length += 1
        yield from range(start + _SHORTEST_RUN, start + length + 1)


def _parts(name: str) -> set[str]:
    return {part for part in map(_plain, [name, *re.split(r"[\W_]+", name)]) if len(part) >= _SHORTEST_RUN}
