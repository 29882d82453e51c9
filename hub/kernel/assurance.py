"""How surely somebody is known: the three levels of eIDAS (Regulation (EU) 910/2014, art. 8)."""

from __future__ import annotations

from enum import StrEnum


class Assurance(StrEnum):
    """Ordered by us: a higher level satisfies a request for a lower one."""

    LOW = "low"
    SUBSTANTIAL = "substantial"
    HIGH = "high"

    @property
    def acr(self) -> str:
        """As `acr` of OpenID Connect and as SAML authentication context class (eIDAS SAML Attribute Profile 1.2)."""
        return f"http://eidas.europa.eu/LoA/{self}"

    def satisfies(self, wanted: Assurance) -> bool:
        return _ORDER.index(self) >= _ORDER.index(wanted)

    @classmethod
    def from_acr(cls, text: str) -> Assurance | None:
        """None for anything that is not one of the three; an old test request writes them in capitals."""
        head, _, level = text.strip().rpartition("/")
        if head.lower() != "http://eidas.europa.eu/loa":
            return None
        return next((one for one in cls if one == level.lower()), None)


_ORDER = list(Assurance)
