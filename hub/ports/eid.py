"""An eID proves who somebody is. One engine per protocol in `identity/` (SAML 2.0, OpenID Connect), one claim table per
national scheme in `identity/providers/`.

The hub keeps a login's state between question and answer, ends it at the first answer, and remembers what may be said
once; an engine keeps nothing and sees no row.

    eid = Nias(settings, surroundings)                       once per town and block of `eids:`
    sent = await eid.begin(Wanted(…))                        store sent.state, send the browser there
    identity = await eid.finish(answer, sent.state, now)     raises LoginRefused
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from pydantic import BaseModel, SecretStr

from hub.kernel.assurance import Assurance
from hub.ports.back_office import CheckStep


@dataclass(frozen=True, slots=True)
class EidSurroundings:
    """What an eID may know of where it runs.

    `address` is the public base of its own endpoints, without a slash at its end, such as
    `https://moja.pregrada.hr/saml/nias`; an engine adds `/acs`, `/slo`, `/metadata` or `/callback`.
    `folder` is that of the file which names the provider, as a rule the town's city.yaml: metadata and certificates
    named in settings are found there.
    `secret` turns a secret's name into its value (raises ConfigurationError).
    """

    city: str
    eid: str
    address: str
    folder: Path
    timezone: ZoneInfo
    live: bool
    secret: Callable[[str], SecretStr]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One login. `relay` is opaque and comes back with the answer (RelayState, `state`); the hub finds the login by it.

    `force`: the person must prove it anew, also where the eID still has a session of hers.
    """

    relay: str
    assurance: Assurance
    language: str
    now: datetime
    force: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """Where the browser goes: by GET to `url`, or with `form` by POST of these fields.

    `state` is JSON the engine needs to judge the answer (request id, nonce, PKCE verifier); kept encrypted, never sent.
    """

    url: str
    form: Mapping[str, str] | None = None
    state: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser, or the eID itself, brought to one of our endpoints. `url` is the public address as asked,
    with its query exactly as it came (signatures of HTTP-Redirect are over its bytes).
    """

    endpoint: str  # acs, slo, callback, …: the part after `address`
    method: Literal["GET", "POST"]
    url: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    body: bytes = b""
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Represented:
    """A legal entity the person acts for, as the eID or its register of mandates states it."""

    identifiers: tuple[tuple[str, str], ...]
    name: str
    source: str
    """Which register said so, such as `e-ovlastenja` or `nias:pos_oib`."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What an eID said, verified.

    `subject`      the eID's own stable id of the person (pseudonym or identifier); unique within the provider
    `identifiers`  national identifiers proven by it, `(scheme, normalised value)` as hub.kit.identifiers has them
    `methods`      `amr` values (RFC 8176) where it says so
    `once`         ids of messages that may be accepted once, with the time until which they could be said again
    `logout`       what a single logout needs later (NameID, format, SessionIndex, id_token); kept encrypted
    `unknown`      names of attributes nobody expected: reported to the operator, never guessed at, values left out
    """

    provider: str
    subject: str
    assurance: Assurance
    kind: Literal["person", "entity"]
    authenticated_at: datetime
    identifiers: tuple[tuple[str, str], ...] = ()
    given_name: str | None = None
    family_name: str | None = None
    birth_date: date | None = None
    email: str | None = None
    phone: str | None = None
    represents: Represented | None = None
    methods: tuple[str, ...] = ()
    once: tuple[tuple[str, datetime], ...] = ()
    logout: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    @property
    def name(self) -> str | None:
        return " ".join(part for part in (self.given_name, self.family_name) if part) or None


@dataclass(frozen=True, slots=True)
class LogoutAsked:
    """The eID ends a session of ours (single logout). All of its sessions for `name_id` where `session_index` is None.

    `reply(done)` makes our answer, to be sent by browser (`Sent`) or as the body of this very response (bytes, SOAP).
    """

    name_id: str
    session_index: str | None
    once: tuple[tuple[str, datetime], ...]
    reply: Callable[[bool], Sent | bytes]


@dataclass(frozen=True, slots=True)
class LogoutDone:
    """The eID answered a logout of ours. `relay` is what we gave along."""

    relay: str | None
    complete: bool


class Eid(Protocol):
    """One configured eID of a town."""

    Settings: type[BaseModel]

    def __init__(self, settings: Any, surroundings: EidSurroundings) -> None: ...

    async def begin(self, wanted: Wanted) -> Sent:
        """Raises RemoteError where the eID must be asked first (discovery) and does not answer."""

    async def finish(self, answer: Answer, state: Mapping[str, Any], now: datetime) -> Identity:
        """Judge an answer to a login. Raises LoginRefused; its `code` says why, its text never holds personal data."""

    async def logout(self, logout: Mapping[str, str], relay: str, now: datetime) -> Sent | None:
        """Tell the eID that a session ends; None where it has no logout, or none for this session."""

    async def told(self, answer: Answer, now: datetime) -> LogoutAsked | LogoutDone:
        """A message at a logout endpoint. Raises LoginRefused for one that is not validly signed, late or unknown."""

    async def metadata(self, now: datetime) -> tuple[str, bytes] | None:
        """Media type and body of what the eID's operator reads about us; None where there is no such thing."""

    async def check(self) -> list[CheckStep]:
        """Settings, keys and certificates with their expiry, metadata; changes nothing."""

    async def close(self) -> None: ...
