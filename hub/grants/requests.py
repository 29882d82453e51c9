"""Judges what a front end asks at the authorization endpoint, before anything is done for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from hub.back_offices.model import Town
from hub.grants.clients import Registered, find
from hub.grants.model import AuthorizationRefused, AuthorizationRequest
from hub.kernel.assurance import Assurance
from hub.kernel.errors import MalformedRequest

_Refusal = Callable[[str, str], AuthorizationRefused]

_LONGEST = 2_000
"""Characters of `state` and of `nonce`."""

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
"""SHA-256 in base64url (RFC 7636 §4.2)."""

_PROMPTS = ("none", "login", "select_account", "consent")
_REFUSED = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}
"""OpenID Connect Core 1.0 §6.1, §6.2, §7.2.1: parameters that change the meaning of a request are not passed over."""


def read(town: Town, parameters: Sequence[tuple[str, str]]) -> AuthorizationRequest:
    """The request in these parameters. What nobody here knows is passed over (RFC 6749 §3.1), `claims` among it.

    Raises MalformedRequest where it is not sure who asks or where the answer would go: then nobody is redirected
    (RFC 6749 §4.1.2.1). Raises AuthorizationRefused for everything else.
    """
    times = Counter(name for name, _ in parameters)
    # RFC 6749 §3.1: a parameter without a value is as if it were not there.
    given = {name: value for name, value in parameters if value}
    client, redirect_uri = _whom(town, times, given)
    state = given.get("state")

    def refused(error: str, detail: str) -> AuthorizationRefused:
        known = state if times["state"] == 1 and state is not None and len(state) <= _LONGEST else None
        return AuthorizationRefused(error, detail, redirect_uri=redirect_uri, state=known)

    _judge(times, given, refused)
    asked = given.get("scope", " ".join(client.client.scopes)).split()
    # OpenID Connect Core 1.0 §3.1.2.1: scopes that are not known here are passed over; the answer names the others.
    scopes = tuple(scope for scope in dict.fromkeys(asked) if scope in client.scopes)
    if not scopes:
        raise refused("invalid_scope", f"This client may ask for: {' '.join(client.scopes)}.")
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        scopes=scopes,
        code_challenge=given["code_challenge"],
        assurance=_assurance(client, given.get("acr_values", "")),
        state=state,
        nonce=given.get("nonce"),
        prompt=tuple(given.get("prompt", "").split()),
        max_age=int(given["max_age"]) if "max_age" in given else None,
        language=_language(town, given.get("ui_locales", "")),
    )


def still_registered(town: Town, asked: AuthorizationRequest) -> None:
    """A request that waited is answered as the configuration is now. Raises MalformedRequest."""
    given = {"client_id": asked.client_id, "redirect_uri": asked.redirect_uri}
    _whom(town, Counter(given.keys()), given)


def _judge(times: Counter[str], given: Mapping[str, str], refused: _Refusal) -> None:  # noqa: C901 - a list of rules
    """What must be so whichever client asks."""
    twice = [name for name, count in times.items() if count > 1]
    if twice:
        raise refused("invalid_request", f"{twice[0][:40]} is given twice.")
    for name, error in _REFUSED.items():
        if name in given:
            raise refused(error, f"{name} is not supported: send plain parameters.")
    if given.get("response_type") != "code":
        missing = "response_type" not in given
        raise refused("invalid_request" if missing else "unsupported_response_type", "response_type must be `code`.")
    if given.get("response_mode", "query") != "query":
        raise refused("invalid_request", "response_mode must be `query`.")
    # Every client, also one with a secret (RFC 9700 §2.1.1): a code is worth nothing to whoever did not ask for it.
    if given.get("code_challenge_method") != "S256" or not _CHALLENGE.match(given.get("code_challenge", "")):
        raise refused("invalid_request", "PKCE is needed: code_challenge with code_challenge_method=S256.")
    for name in ("state", "nonce"):
        if len(given.get(name, "")) > _LONGEST:
            raise refused("invalid_request", f"{name} has more than {_LONGEST} characters.")
        if "\x00" in given.get(name, ""):  # nothing that RFC 6749 appendix A.5 allows, and PostgreSQL cannot keep it
            raise refused("invalid_request", f"{name} has a character that is none.")
    prompt = tuple(given.get("prompt", "").split())
    if any(one not in _PROMPTS for one in prompt) or ("none" in prompt and len(prompt) > 1):
        raise refused("invalid_request", f"prompt must be of: {', '.join(_PROMPTS)}; and none stands alone.")
    if "max_age" in given and not re.fullmatch(r"[0-9]{1,9}", given["max_age"]):
        raise refused("invalid_request", "max_age must be a number of seconds.")


def _whom(town: Town, times: Counter[str], given: dict[str, str]) -> tuple[Registered, str]:
    client = find(town, given.get("client_id")) if times["client_id"] == 1 else None
    if client is None or client.client.kind == "machine":
        raise MalformedRequest("The front end that sent you here is not registered with this town.")
    redirect_uri = given.get("redirect_uri", "")
    if times["redirect_uri"] != 1 or not client.redirects_to(redirect_uri):
        raise MalformedRequest("The front end that sent you here gave an address to return to that is not its own.")
    return client, redirect_uri


def _assurance(client: Registered, acr_values: str) -> Assurance:
    """The least of the levels asked for suffices (they are alternatives), but not less than the configuration says."""
    known = [level for level in map(Assurance.from_acr, acr_values.split()) if level is not None]
    least = next((level for level in Assurance if level in known), Assurance.LOW)
    configured = client.client.assurance
    return configured if configured.satisfies(least) else least


def _language(town: Town, ui_locales: str) -> str | None:
    """The first wanted language the town has (OpenID Connect Core 1.0 §3.1.2.1, BCP 47 tags)."""
    for wanted in ui_locales.split():
        for language in town.city.languages:
            if language.lower() in {wanted.lower(), wanted.lower().partition("-")[0]}:
                return language
    return None
