"""What a login under way is, and where a browser is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from hub.kernel.assurance import Assurance
from hub.ports.eid import Identity, Represented
from hub.sessions.model import Session

LIFETIME = timedelta(minutes=10)
"""Of a login under way: somebody looks for her card reader, and goes to the door in between."""


@dataclass(frozen=True, slots=True)
class LoginTransaction:
    """A login under way. `continue_to` is a path with its query below the town's address.

    `assurance` is the least that is asked for, `force` that the person must prove it anew. `provider` is the eID that
    was asked last. `state` and `identity` are there only while the login is judged: nobody outside needs them.
    """

    transaction_id: UUID
    continue_to: str
    assurance: Assurance
    client_name: Mapping[str, str] | None
    staff: bool
    force: bool
    language: str | None
    begun_at: datetime
    provider: str | None = None
    state: Mapping[str, object] | None = field(default=None, repr=False)
    identity: Identity | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who a login is. `subject_id` is who stands for the person.

    `conflict` says, for the operator and without personal data, why nobody can be named: a clerk decides. Then both
    ids are None.
    """

    subject_id: UUID | None
    login_id: UUID | None
    created: bool
    conflict: str | None = None


@dataclass(frozen=True, slots=True)
class Onward:
    """Where the browser goes: by GET to `url`, or with `form` by POST of these fields. `eid`: the block of the eID
    that is there, None where no eID is or it does not matter which.
    """

    url: str
    form: Mapping[str, str] | None = None
    eid: str | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """The browser that began is back with a judged identity: what is needed to log it in."""

    transaction: LoginTransaction
    subject_id: UUID | None
    staff_id: UUID | None
    login_id: UUID
    provider: str
    assurance: Assurance
    methods: tuple[str, ...]
    authenticated_at: datetime
    logout: Mapping[str, str] = field(repr=False)
    represents: Represented | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LogoutHeard:
    """An eID ends sessions of ours. End them, then let `reply(True)` say so; bytes are the body of a SOAP answer."""

    sessions: Sequence[Session]
    reply: Callable[[bool], Onward | bytes]


@dataclass(frozen=True, slots=True)
class LogoutAnswered:
    """An eID answered a logout of ours. `onward` is where the browser goes on, such as the next eID; None: nowhere."""

    complete: bool
    onward: Onward | None
