"""Which gateway takes a card: by the payee, and by how the citizen logged in."""

from __future__ import annotations

from collections.abc import Mapping

from hub.cities.money import CardGateway


def choose(blocks: Mapping[str, CardGateway], payee: str, login: str | None) -> str | None:
    """The first block of `payee` that is for everybody, or for who logged in by `login`; None where there is none."""
    for name, block in blocks.items():
        if block.payee == payee and (not block.logins or login in block.logins):
            return name
    return None
