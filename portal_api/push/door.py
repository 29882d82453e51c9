"""What every push door does: who is it, may they send that much, and what is noted of those who are refused.

A back office proves itself in one of four ways, of which its configuration may allow several:

* its own secret, or an access token of the machine bound to it (`Authorization: Bearer …`)
* a signature over the message (Standard Webhooks)
* a client certificate, shown to the server itself or to a trusted reverse proxy

Refused attempts are counted with door, reason, time and address. Their bodies are not kept: before somebody has proven
who it is, keeping would let anybody fill the disk, and put what he likes before the eyes of an administrator.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from hub.back_offices.model import BackOffice, Town
from hub.hub import Hub
from hub.intake.door_watch import Limits, OverLimit, Standing
from hub.intake.once import Signed
from hub.intake.signatures import SIGNATURE, NotSigned, read_head
from hub.kernel.errors import (
    Forbidden,
    HubError,
    MalformedRequest,
    NotReady,
    TooLarge,
    Unauthenticated,
    UnsupportedMedia,
)
from portal_api import errors
from portal_api.bodies import read_by_itself
from portal_api.push import certificates
from portal_api.requests import TownSlug, allowed, given, hub_of, rule_of, town_of

LARGEST = 10_000_000
"""Bytes of one call or batch, and of anything signed, which is held in memory; whoever has more sends several."""

SILENCE = 20.0
"""Seconds in which more of a body must come."""

SLOWEST = 1_000
"""Bytes a second that a body must come with on the whole, after its first minute."""

LONGEST = 300.0
"""Seconds within which all of a body must be there that is held in memory: a signed one is read before anybody has
proven who it is.
"""

MOST_UNPROVEN = 20 * LARGEST
"""Bytes of signed messages that one process holds while it is not known yet whose they are."""

DOORS = {"push_events": "events", "push_soap": "soap", "push_file": "files", "read_pushed_file": "files"}


@dataclass(frozen=True, slots=True)
class Pushing:
    """A back office that sends something. `signed` and `body` where it proved itself by a signature over them."""

    hub: Hub
    town: Town
    back_office: BackOffice
    signed: Signed | None = None
    body: bytes | None = None

    def turn(self) -> AbstractAsyncContextManager[None]:
        """While what it has sent is taken in; see hub.intake.turns."""
        return self.hub.doors.turns.turn(self.town.city.id, self.back_office.back_office)


async def _back_office(request: Request, city: TownSlug) -> Pushing:
    """By the back office's own secret, signature or certificate, or by a token of the machine bound to it."""
    town = await town_of(request, city)
    request.state.town = town
    pushing = await _proven(request, town)
    request.state.back_office = pushing.back_office.back_office
    await _within_limits(request, pushing)
    return pushing


AsBackOffice = Annotated[Pushing, Depends(_back_office)]


async def _proven(request: Request, town: Town) -> Pushing:
    hub = hub_of(request)
    if "authorization" not in request.headers:
        if SIGNATURE in request.headers:
            return await _signed(request, hub, town)
        settings = hub.settings
        shown = certificates.shown(request, settings.trusted_proxies, settings.client_certificate_header)
        if shown is not None:
            return Pushing(hub, town, certificates.owner(shown, town, hub.clock.now()))
    secret = given(request, "Send the back office's push secret: `Authorization: Bearer …`.")
    found: BackOffice | None = None
    # Every secret of the town is compared, so that time tells nothing.
    for office in town.back_offices.values():
        wanted = office.push_secret.get_secret_value() if office.push_secret else ""
        if wanted and hmac.compare_digest(secret.encode(), wanted.encode()):
            found = office
    if found is None:
        try:
            token = await allowed(request, town, rule_of(request))
        except Unauthenticated:
            if secret.count(".") == 2:
                raise
            # Not even the form of a token: it was meant as a secret.
            missing = "No back office of this town has this push secret: compare it with the one here."
            raise Unauthenticated(missing) from None
        client = town.city.clients.get(token.client_id or "")
        somebody = token.subject_id or token.staff_id
        if client is None or client.back_office is None or somebody:
            raise Forbidden("The access token speaks for no back office.")
        found = town.back_offices[client.back_office]
    return Pushing(hub, town, found)


async def _signed(request: Request, hub: Hub, town: Town) -> Pushing:
    """By a signature: the body has to be read before anybody knows whose it is, so it is bounded."""
    keys = [(office, key) for office in town.back_offices.values() for key in office.signing_keys]
    head = read_head(request.headers, hub.clock.now())
    if not keys:
        raise NotSigned("wrong_signature", "No key of this town made this signature of these bytes.")
    state, held = request.app.state, bytearray()
    try:
        async for part in parts(request, LARGEST):
            held += part
            state.unproven += len(part)
            if state.unproven > MOST_UNPROVEN:
                raise NotReady("Too many signed messages are on their way at once: send it again in a moment.")
        body = bytes(held)
        office, signed = await asyncio.to_thread(head.verify, body, keys)
    finally:
        state.unproven -= len(held)
    return Pushing(hub, town, office, signed, body)


async def _within_limits(request: Request, pushing: Pushing) -> None:
    push = pushing.back_office.configuration.push
    assert push is not None or pushing.back_office.push_secret is None
    if push is None:
        raise Forbidden("This back office pushes nothing: its configuration has no push.")
    limits = Limits(push.limits.requests, push.limits.bytes, push.limits.waiting)
    length = _said_length(request) or (len(pushing.body) if pushing.body is not None else 0)
    city_id, name = pushing.town.city.id, pushing.back_office.back_office
    request.state.standing = await pushing.hub.doors.count(city_id, name, limits, length)


class DoorRoute(APIRoute):
    """Counts whoever is refused, and tells a back office how it stands with its limits."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def watched(request: Request) -> Response:
            try:
                answer = await handler(request)
            except HubError as error:
                await _note(request, error)
                answer = errors.of_hub_error(error)
                if isinstance(error, OverLimit):
                    request.state.standing = error.standing
            except TimeoutError:
                await _note(request, MalformedRequest(), "too_slow")
                answer = too_slow()
            standing: Standing | None = getattr(request.state, "standing", None)
            if standing is not None:
                answer.headers.update(standing.headers())
            return answer

        return watched


def too_slow() -> Response:
    """To whom `parts` has given up."""
    detail = f"Nothing of the body came for {SILENCE:.0f} seconds, or too little of it in its time."
    # RFC 9110 §15.5.9: the connection is of no more use.
    return errors.problem(408, "request_timeout", detail, headers={"Connection": "close"})


async def _note(request: Request, error: HubError, reason: str | None = None) -> None:
    town: Town | None = getattr(request.state, "town", None)
    door = DOORS.get(request.scope["route"].name)
    if town is None or door is None or errors.status_of(error) >= 500:
        return
    if reason is None:
        reason = getattr(error, "reason", None) or error.code
    if reason == Unauthenticated.code:
        reason = "wrong_secret" if "authorization" in request.headers else "no_proof"
    address = request.client.host if request.client else ""
    back_office = getattr(request.state, "back_office", None)
    await hub_of(request).doors.refused(town.city.id, door, reason, address, back_office)


async def parts(request: Request, most: int, within: float = LONGEST) -> AsyncIterator[bytes]:
    """The body as it comes, given up as soon as it is too large, silent or too slow, or not all there `within` seconds.

    Raises TooLarge, TimeoutError, UnsupportedMedia for a content coding, MalformedRequest where the sender has left.
    """
    read_by_itself(request)
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        # RFC 9110 §8.4: what is sent compressed would be kept as bytes that nobody can read.
        raise UnsupportedMedia(f"Send the events as they are: content coding {coding[:40]!r} is not undone here.")
    too_large = TooLarge(f"One request may have {most:,} bytes: send several.")
    if (_said_length(request) or 0) > most:
        raise too_large
    clock = asyncio.get_running_loop().time
    began, came = clock(), 0
    stream = request.stream()
    try:
        while True:
            part = await asyncio.wait_for(anext(stream, None), SILENCE)
            if part is None:
                return
            came += len(part)
            if came > most:
                raise too_large
            took = clock() - began
            if took > within or (took > 60 and came < SLOWEST * took):
                raise TimeoutError
            yield part
    except ClientDisconnect:
        raise MalformedRequest("The sender left before the end of the body.") from None


async def whole(request: Request, most: int) -> bytes:
    """All of the body, in memory."""
    held = bytearray()
    async for part in parts(request, most):
        held += part
    return bytes(held)


async def body_of(request: Request, pushing: Pushing) -> bytes:
    """The body of a call or a batch, which a signature may have had read already."""
    if pushing.body is not None:
        return pushing.body
    body = await whole(request, LARGEST)
    await count_unsaid(request, pushing, len(body))
    return body


async def count_unsaid(request: Request, pushing: Pushing, length: int) -> None:
    """Count the bytes of a request that had not said its length beforehand."""
    if _said_length(request) is None:
        await pushing.hub.doors.add_bytes(pushing.town.city.id, pushing.back_office.back_office, length)


def _said_length(request: Request) -> int | None:
    said = request.headers.get("content-length", "")
    if not said:
        return None
    return int(said) if said.isdecimal() and len(said) <= 15 else 10**15
