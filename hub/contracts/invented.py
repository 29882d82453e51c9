"""Invented values of the same shape in place of somebody's: the same one for the same value within one recording."""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Iterable

from stdnum import iban

from hub.kernel.errors import ConfigurationError
from hub.kit import identifiers

_TRIES = 200_000
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_WORD = re.compile(r"[^\W\d_]+")
# Not of people, and whatever the language of the town, not of somebody it knows.
_SYLLABLES = ("ba", "do", "fi", "ga", "ke", "lu", "mi", "no", "pa", "ri", "so", "ta", "ve", "zu")
_FILLER = ("lorem", "ipsum", "dolor", "amet", "elit", "sed", "tempor", "magna", "aliqua", "enim", "minim", "quis")
_KEPT_WORDS = frozenset({
    "d", "o", "j", "s", "r", "a", "doo", "dd", "spol", "sro", "srl", "sa", "ing", "mgr", "mudr", "judr", "phd", "dr",
    "mag", "prof", "bc", "ul", "ulica", "ulice", "str", "trg", "cesta", "náměstí", "вул", "ул", "тов", "фоп", "i", "и",
    "та",
})  # fmt: skip
"""Titles, legal forms, kinds of streets: they tell nobody from another."""


class Invented:
    """Remembers what stands for what: `values` are originals with their stand-ins, normalised numbers among them."""

    def __init__(self, seed: int | None = None) -> None:
        # Not for secrecy: nothing leads from a stand-in back to its original.
        self._random = random.Random(secrets.randbits(64) if seed is None else seed)  # noqa: S311
        self._identifiers: dict[tuple[str, str], str] = {}
        self._words: dict[str, str] = {}
        self.values: dict[str, str] = {}

    def identifier(self, scheme: str, text: str) -> str:
        """A number that is valid in that scheme, written as `text` is. What is none of the scheme is scrambled."""
        try:
            normal = identifiers.normalise(scheme, text)
        except ValueError:
            return self.scrambled(text)
        known = self._identifiers.get((scheme, normal))
        if known is None:
            known = self._identifiers[scheme, normal] = self._valid(scheme, normal)
            self.values[normal] = known
        written = _written_as(text, normal, known)
        self.values[text] = written
        return written

    def _valid(self, scheme: str, normal: str) -> str:
        taken = set(self._identifiers.values())
        for _ in range(_TRIES):
            candidate = self._random_as(normal)
            if candidate == normal or candidate in taken:
                continue
            try:
                if identifiers.normalise(scheme, candidate) == candidate:
                    return candidate
            except ValueError:
                continue
        raise ConfigurationError(f"no other number of the scheme {scheme} could be invented", key=scheme)

    def _random_as(self, text: str) -> str:
        return "".join(str(self._random.randrange(10)) if one.isdigit() else one for one in text)

    def name(self, text: str) -> str:
        """Every word of a name is another one, with its capitals; titles and legal forms stay."""
        return _WORD.sub(lambda found: self._word(found[0]), text)

    def _word(self, word: str) -> str:
        if word.casefold() in _KEPT_WORDS:
            return word
        known = self._words.get(word.casefold())
        if known is None:
            syllables = max(2, min(4, (len(word) + 1) // 2))
            taken = set(self._words.values())
            known = word.casefold()
            while known == word.casefold() or known in taken:
                known = "".join(self._random.choice(_SYLLABLES) for _ in range(syllables))
            self._words[word.casefold()] = known
        return _cased(known, word)

    def known_words(self, text: str) -> str:
        """`text` with every word replaced that was part of a name somewhere else."""
        return _WORD.sub(
            lambda found: (
                self._word(found[0]) if found[0].casefold() in self._words and len(found[0]) > 2 else found[0]
            ),
            text,
        )

    def address(self, text: str) -> str:
        return re.sub(r"\d", lambda _: str(self._random.randrange(1, 10)), self.name(text))

    def email(self, text: str) -> str:
        return self.values.setdefault(text, f"person{len(self.values) + 1}@example.org")

    def iban(self, text: str) -> str:
        """An account of the same country and bank, with right check digits."""
        plain = re.sub(r"\s", "", text).upper()
        if plain in self.values:
            return _written_as(text, plain, self.values[plain])
        head = plain[4:11]
        tail = "".join(str(self._random.randrange(10)) if one.isdigit() else one for one in plain[11:])
        account = head + tail
        made = plain[:2] + str(iban.calc_check_digits(f"{plain[:2]}00{account}")) + account
        self.values[plain] = made
        return _written_as(text, plain, made)

    def scrambled(self, text: str) -> str:
        """Other words and digits of the same lengths and capitals; it says nothing any more."""
        if text not in self.values:
            filler = iter(lambda: self._random.choice(_FILLER), None)

            def word(found: re.Match[str]) -> str:
                wanted, made = len(found[0]), ""
                while len(made) < wanted:
                    made += next(filler) or ""
                return _cased(made[:wanted], found[0])

            self.values[text] = self._random_as(_WORD.sub(word, text))
        return self.values[text]


def _cased(word: str, like: str) -> str:
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word.capitalize() if like[:1].isupper() else word


def _written_as(text: str, normal: str, made: str) -> str:
    """`made` with the separators of `text`, where it has no more and no fewer letters and digits than `normal`."""
    if len(_LETTER_OR_DIGIT.findall(text)) != len(_LETTER_OR_DIGIT.findall(normal)) or len(normal) != len(made):
        return made
    letters = iter(_LETTER_OR_DIGIT.findall(made))
    return _LETTER_OR_DIGIT.sub(lambda _: next(letters), text)


def longest_first(values: Iterable[str]) -> list[str]:
    return sorted(values, key=len, reverse=True)
