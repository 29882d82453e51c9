"""How people log in to a town: the blocks `eids:` and `passwords:`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from hub.cities.values import Strict
from hub.kernel.text import LocalisedText


class Eid(Strict):
    """One eID citizens log in with. `settings` are the provider's own and checked by it."""

    provider: str = Field(description="folder in identity/providers/, such as nias")
    name: LocalisedText = Field(description="as the citizen knows it, such as NIAS")
    settings: dict[str, Any] = Field(default_factory=dict)


class Passwords(Strict):
    """Logins the town itself gives, at the counter."""

    second_factor: Literal["none", "offered", "required"] = Field(
        default="offered", description="of citizens; staff always need one"
    )


TAKEN_BY_LOGIN = frozenset(
    {
        *("arrive", "claim", "ended", "icon", "logo", "passkey", "password", "recovery-codes"),
        *("second-factor", "security", "session", "totp"),
    }
)
"""Addresses below /login that are no eID's; `password` is also what a session by password calls its provider."""
