"""Tells a front end's server that a session has ended (OpenID Connect Back-Channel Logout 1.0), by a job.

The address is the one in the town's configuration and no other; redirects are not followed; a server that does not
answer is asked again for some hours.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from hub.back_offices.model import Town
from hub.grants.model import LOGOUT_TOKEN, LOGOUT_TOKEN_LIFE
from hub.jobs.handler import Backoff
from hub.jobs.queue import Job
from hub.kernel.clock import Clock
from hub.kernel.errors import RemoteFault, RemoteUnavailable
from hub.kernel.ids import public_id
from hub.kit.breaker import Breaker, BreakerSettings
from hub.kit.http import Http, HttpSettings, Timeouts
from hub.tokens.service import Tokens

LOGOUT = "grants.logout"
"""Kind of the job. Its payload names the client and the session."""

ATTEMPTS = 10
BACKOFF = Backoff(first=timedelta(seconds=5), longest=timedelta(minutes=30))
"""Ten attempts within about two hours: a front end that is being replaced is back by then."""

_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_SETTINGS = HttpSettings(
    timeout=Timeouts(connect=timedelta(seconds=5), read=timedelta(seconds=10), total=timedelta(seconds=15)),
    max_reply_bytes=10_000,
    connections=2,
)


class LogoutSender:
    """Does the jobs of the kind LOGOUT."""

    def __init__(self, tokens: Tokens, clock: Clock) -> None:
        self._tokens, self._clock = tokens, clock

    async def send(self, town: Town, job: Job) -> None:
        """One attempt. A client that has left the configuration, or takes no such calls any more, is let be.

        Raises RemoteError: transient where the server may answer another time, final where it refuses the token (400,
        §2.8).
        """
        name = job.payload["client"]
        client = town.city.clients.get(name)
        if client is None or client.backchannel_logout_uri is None:
            return
        uri = client.backchannel_logout_uri
        token = await self._tokens.write(
            town.city,
            LOGOUT_TOKEN,
            {
                "aud": name,
                "exp": int((self._clock.now() + LOGOUT_TOKEN_LIFE).timestamp()),
                "sid": public_id("ses", UUID(job.payload["session"])),
                "events": {_EVENT: {}},
            },
        )
        http = Http(f"front end {name}", [uri], _SETTINGS, None, Breaker(name, BreakerSettings(), clock=self._clock))
        try:
            reply = await http.send(
                "POST",
                uri,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                content=urlencode({"logout_token": token}).encode(),
                repeatable=False,
            )
        finally:
            await http.close()
        if reply.status >= 500:
            raise RemoteUnavailable(f"The front end {name} answered its logout with {reply.status}.")
        if reply.status not in {200, 204}:
            raise RemoteFault(f"The front end {name} refused its logout with {reply.status}.")
