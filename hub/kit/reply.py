"""A reply over HTTP, and which statuses are errors of which kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime

from hub.kernel.errors import RemoteFault, RemoteRefused, RemoteTimeout, RemoteUnavailable
from hub.kit.redaction import shown_url, snippet
from hub.kit.retry import AskedToWait

TRANSIENT_STATUSES = frozenset({408, 429, 502, 503, 504})
"""Statuses that say nothing about the request itself (RFC 9110 §15, RFC 6585 §4)."""
_LONGEST_TYPE = 2_000


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply. `content` is already unpacked where it came compressed.

    `headers` have lower-case names; several of one name are joined by `, ` (RFC 9110 §5.3).
    `url` is what error texts may show: no query, no identifiers. `received_at` is in UTC.
    `secrets` were sent with the request and must not be shown, should the reply quote them.
    """

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes
    received_at: datetime
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def media_type(self) -> str:
        """`application/json`, lower case, without parameters; empty where the reply names none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The `charset` of the content type, lower case; None also where that is longer than any real one.

        The library's time grows with the square of its length, and a server may send 100 KB.
        """
        value = self.headers.get("content-type", "")
        if len(value) > _LONGEST_TYPE:
            return None
        header = Message()
        header["content-type"] = value
        return header.get_content_charset()

    @property
    def evidence(self) -> str | None:
        """The shape of the body, for an error; None where there is no body."""
        return snippet(self.content, secrets=self.secrets) or None


def raise_for(reply: Reply) -> None:
    """Returns for 2xx; raises the RemoteError that the status of `reply` stands for otherwise.

    | status | error | `reached` |
    | --- | --- | --- |
    | 3xx | RemoteFault naming where it points to: redirects are never followed | None; True for 307, 308 |
    | 401, 403, 407 | RemoteRefused | True |
    | 408 | RemoteTimeout, transient | None |
    | 429 | RemoteUnavailable, transient; AskedToWait where it says for how long | False |
    | 503 | the same | False where it says for how long, else None |
    | 502, 504 | the same | None |
    | other 4xx | RemoteFault | True |
    | other 5xx, anything else | RemoteFault | None |

    303 is how many answer a POST they have carried out (RFC 9110 §15.4.4), and 301 and 302 are used like it; 307 and
    308 ask for the same request elsewhere. 429, and 503 with `Retry-After`, ask for the same request later.
    """
    status = reply.status
    if 200 <= status < 300:
        return
    evidence = reply.evidence
    text = f"{reply.method} {reply.url} answered {status}"
    if 300 <= status < 400:
        target = shown_url(reply.headers.get("location", "")) or "no address"
        detail = f"{text} and points to {target}; redirects are not followed."
        raise RemoteFault(detail, evidence=evidence, reached=True if status in (307, 308) else None)
    if status in (401, 403, 407):
        detail = f"{text}: the credentials or rights are not accepted."
        raise RemoteRefused(detail, evidence=evidence, reached=True)
    if status == 408:
        raise RemoteTimeout(f"{text}: it waited too long for the request.", evidence=evidence)
    if status in TRANSIENT_STATUSES:
        if wait := _retry_after(reply):
            detail = f"{text} and asks to wait {round(wait.total_seconds())} seconds."
            reached = False if status in (429, 503) else None
            raise AskedToWait(detail, retry_after=wait, evidence=evidence, reached=reached)
        raise RemoteUnavailable(f"{text}.", evidence=evidence, reached=False if status == 429 else None)
    raise RemoteFault(f"{text}.", evidence=evidence, reached=True if 400 <= status < 500 else None)


def _retry_after(reply: Reply) -> timedelta | None:
    """Seconds or a date (RFC 9110 §10.2.3); None where it is missing, unreadable or past."""
    value = reply.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value[:8])) or None
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    wait = moment.replace(tzinfo=moment.tzinfo or UTC) - reply.received_at
    return wait if wait > timedelta() else None
