"""Every error of the hub says who must act and whether trying again can help.

    HubError
    ├── RequestError            the caller changes the request
    │   ├── InvalidRequest        a value is missing or wrong                      422
    │   ├── MalformedRequest      the body cannot be read at all                   400
    │   ├── Unauthenticated       no valid token or signature                      401
    │   ├── Forbidden             known, but not allowed                           403
    │   │   └── NotSureEnough       a login of higher assurance is needed          403
    │   ├── NotFound              no such thing, or not yours                      404
    │   ├── Conflict              same key, other content                          409
    │   ├── Gone                  the cursor or address no longer exists           410
    │   ├── TooLarge              over the size limit                              413
    │   ├── UnsupportedMedia      a content type nobody reads here                 415
    │   ├── TooManyRequests       wait `retry_after` seconds                       429
    │   └── LoginRefused          an eID's answer or a login is not accepted       403
    ├── ConfigurationError      the administrator of the town changes a file
    ├── RemoteError             the back office or its operator
    │   ├── RemoteUnavailable     refused, reset, 5xx, breaker open                transient
    │   ├── RemoteTimeout         no answer in time                                transient
    │   ├── RemoteRefused         our credentials or rights are not accepted       final
    │   ├── RemoteFault           it answered with an error of its own             final
    │   └── RemoteGarbage         it answered something we cannot read             final
    └── NotReady                the hub itself: starting, stopping, overloaded   503, transient

`str(error)` is the operator's text and may name hosts and fields, never personal data or secrets.
`code` is stable and machine-readable: it is the last part of a problem's `type`, the `because` of a
freshness and the reason of a dead letter.
"""

from __future__ import annotations

from typing import ClassVar


class HubError(Exception):
    """Something the hub refuses or cannot do."""

    code: ClassVar[str] = "error"
    transient: ClassVar[bool] = False

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or (self.__doc__ or self.code).splitlines()[0]
        super().__init__(self.detail)


class RequestError(HubError):
    """The request cannot be answered as it is."""

    code = "invalid_request"


class InvalidRequest(RequestError):
    """A value in the request is missing or wrong."""

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.field = field


class MalformedRequest(RequestError):
    """The request cannot be read."""

    code = "malformed_request"


class Unauthenticated(RequestError):
    """A valid access token is needed."""

    code = "unauthenticated"


class Forbidden(RequestError):
    """This token does not allow that."""

    code = "forbidden"


class NotSureEnough(Forbidden):
    """A login by surer means is needed; `acr` names the least (see hub.kernel.assurance)."""

    code = "insufficient_user_authentication"

    def __init__(self, detail: str, *, acr: str) -> None:
        super().__init__(detail)
        self.acr = acr


class NotFound(RequestError):
    """There is no such thing here."""

    code = "not_found"


class Conflict(RequestError):
    """The same key was used before with other content."""

    code = "conflict"


class Gone(RequestError):
    """This address existed and no longer does."""

    code = "gone"


class TooLarge(RequestError):
    """The request is larger than this door accepts."""

    code = "too_large"


class UnsupportedMedia(RequestError):
    """This door does not read that content type."""

    code = "unsupported_media"


class TooManyRequests(RequestError):
    """Too many requests."""

    code = "too_many_requests"
    transient = True

    def __init__(self, detail: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class LoginRefused(RequestError):
    """This login is not accepted.

    `reason` is stable and chooses the sentence the person reads: `cancelled` `failed` `expired` `replayed`
    `unsolicited` `bad_signature` `weak_algorithm` `wrong_audience` `wrong_recipient` `wrong_issuer` `malformed`
    `too_little_assurance` `unknown_assurance` `missing_attribute` `not_yet_valid` `unavailable` `other_browser`
    `conflict` `not_staff`. The text is for the operator.
    """

    code = "login_refused"

    def __init__(self, detail: str, *, reason: str) -> None:
        super().__init__(detail)
        self.reason = reason


class ConfigurationError(HubError):
    """A configuration or mapping file is wrong: which file, line and key, and what to write instead."""

    code = "configuration"

    def __init__(
        self,
        detail: str,
        *,
        file: str | None = None,
        line: int | None = None,
        key: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.file, self.line, self.key, self.remedy = file, line, key, remedy
        self.problem = detail
        place = ":".join(str(part) for part in (file, line) if part is not None)
        text = ": ".join(part for part in (place, key, detail) if part)
        super().__init__(f"{text}. {remedy}" if remedy else text)


class RemoteError(HubError):
    """A back office did not give what was asked.

    `evidence` is what it said (a fault's code and text, the start of a body): for the operator,
    already redacted by whoever raises.
    `reached` is what is known of the request that failed, for whoever must not send it twice. False: surely nothing
    of it was done, and the same may be sent again (no connection, no TLS, breaker open, asked to come later). True:
    it was read and refused. None: nobody knows (no complete answer, a failure over there, an answer that cannot be
    read).
    """

    code = "remote_error"

    def __init__(self, detail: str | None = None, *, evidence: str | None = None, reached: bool | None = None) -> None:
        super().__init__(detail)
        self.evidence = evidence
        self.reached = reached


class RemoteUnavailable(RemoteError):
    """The back office cannot be reached."""

    code = "back_office_down"
    transient = True


class RemoteTimeout(RemoteError):
    """The back office did not answer in time."""

    code = "back_office_timeout"
    transient = True


class RemoteRefused(RemoteError):
    """The back office does not accept the hub's credentials."""

    code = "back_office_refused"


class RemoteFault(RemoteError):
    """The back office answered with an error.

    `field` is what it complains of, in its own words, where it says so.
    """

    code = "back_office_fault"

    def __init__(
        self,
        detail: str | None = None,
        *,
        evidence: str | None = None,
        reached: bool | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(detail, evidence=evidence, reached=reached)
        self.field = field


class RemoteGarbage(RemoteError):
    """The back office answered something that cannot be read."""

    code = "back_office_garbage"


class NotReady(HubError):
    """The hub cannot do this right now."""

    code = "not_ready"
    transient = True
