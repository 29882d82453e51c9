"""What a simulated OpenID provider is made of, and what it remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

LEVELS = ("low", "substantial", "high")


@dataclass(frozen=True, slots=True)
class Flavour:
    """One scheme. In paths `{client}` stands for the client's id.

    `people`      who can log in: key → as the page names them
    `claims`      what is known of a person, by her key and the level
    `identifying` the claim that says who she is
    `assurance`   the claims that say how surely; they and `sub` stand in the ID token, as do those of `in_id_token`;
                  userinfo tells everything but `acr`
    `acr`         what a client may ask for, from low to high; empty where nothing is published
    """

    name: str
    title: str
    language: str
    root: str
    authorize: str
    token: str
    userinfo: str
    jwks: str
    end_session: str
    scopes: tuple[str, ...]
    people: Mapping[str, str]
    claims: Callable[[str, str], dict[str, Any]]
    identifying: str
    assurance: frozenset[str]
    in_id_token: frozenset[str]
    acr: tuple[str, ...]
    needs_pkce: bool
    logout_target: str


@dataclass(slots=True)
class Asked:
    """An authorization request that was accepted; afterwards what stands behind the code."""

    client: Mapping[str, Any]
    redirect_uri: str
    state: str
    nonce: str
    challenge: str
    scope: str
    minimum: str
    at: datetime
    person: str = ""
    level: str = LEVELS[-1]


@dataclass(slots=True)
class Login:
    """A session of a person at a client."""

    session: str
    client_id: str
    issuer: str
    person: str
    level: str
    subject: str
    access_token: str
    until: datetime
    ended: str = ""
