"""A portal front end and a citizen's browser in one, as small as they can be: authorization code with PKCE (RFC 6749,
RFC 7636), and pages clicked through as they are without JavaScript.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet
from lxml import html

from hub.kernel.errors import NotReady

_MOST_PAGES = 12


class FrontEnd:
    """A public client of a town's OpenID provider. `issuer` is the town's address."""

    def __init__(self, issuer: str, client_id: str, redirect_uri: str) -> None:
        self._issuer, self._client_id, self._redirect_uri = issuer, client_id, redirect_uri
        self._browser = httpx.Client(timeout=30, trust_env=False)
        self._provider = self._browser.get(f"{issuer}/.well-known/openid-configuration").raise_for_status().json()

    def close(self) -> None:
        self._browser.close()

    def log_in(self, *choices: str, scope: str = "openid account refresh send contact pay") -> dict[str, Any]:
        """Tokens of a citizen. `choices` are words on what is clicked, page after page (the eID, then the person).

        Raises NotReady with what the last page said where the login does not end at the front end.
        """
        verifier, state, nonce = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        back = self._click_through(f"{self._provider['authorization_endpoint']}?{urlencode(asked)}", list(choices))
        if back.get("state") != state or back.get("iss") != self._issuer or "code" not in back:
            raise NotReady(f"the front end got {back} instead of its code")
        answer = self._browser.post(
            self._provider["token_endpoint"],
            data={
                "grant_type": "authorization_code",
                "code": back["code"],
                "redirect_uri": self._redirect_uri,
                "client_id": self._client_id,
                "code_verifier": verifier,
            },
        )
        tokens: dict[str, Any] = answer.raise_for_status().json()
        return tokens

    def claims(self, id_token: str) -> dict[str, Any]:
        """What the provider says of the citizen, verified by its published keys."""
        keys = KeySet.import_key_set(self._browser.get(self._provider["jwks_uri"]).raise_for_status().json())
        claims = jwt.decode(id_token, keys, algorithms=["RS256"]).claims
        jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
        ).validate(claims)
        return claims

    def _click_through(self, address: str, choices: list[str]) -> Mapping[str, str]:
        """The parameters that came back to the front end."""
        request = self._browser.build_request("GET", address)
        said = ""
        for _ in range(_MOST_PAGES):
            answer = self._browser.send(request)
            if answer.is_redirect:
                onward = urljoin(str(answer.url), answer.headers["location"])
                if onward.startswith(self._redirect_uri):
                    return dict(parse_qsl(urlsplit(onward).query))
                request = self._browser.build_request("GET", onward)
                continue
            page: Any = html.fromstring(answer.text)
            said = " ".join(page.text_content().split())
            found = self._next(page, str(answer.url), choices)
            if found is None:
                break
            request = found
        raise NotReady(f"the login stopped at a page that says: {said[:300]}")

    def _next(self, page: Any, address: str, choices: list[str]) -> httpx.Request | None:
        """The link or form that is chosen; without a choice the only form there is."""
        wanted = choices[0] if choices else None
        for link in page.iter("a"):
            if wanted and wanted in link.text_content():
                choices.pop(0)
                return self._browser.build_request("GET", urljoin(address, link.get("href")))
        for form in page.forms:
            for label in form.iter("label"):
                if wanted and wanted in label.text_content():
                    choices.pop(0)
                    chosen = label.find(".//input")
                    form.fields[chosen.get("name")] = chosen.get("value")
                    return self._submitted(form, next(form.iter("button"), None), address)
            for button in form.iter("button"):
                if wanted is None or wanted in button.text_content():
                    if wanted:
                        choices.pop(0)
                    return self._submitted(form, button, address)
        # What a script would post on its own: a SAML message on its way.
        passing = (form for form in page.forms if {"SAMLRequest", "SAMLResponse"} & set(form.fields))
        return next((self._submitted(form, None, address) for form in passing), None)

    def _submitted(self, form: Any, button: Any, address: str) -> httpx.Request:
        fields = [(name, value) for name, value in form.form_values() if value is not None]
        if button is not None and button.get("name"):
            fields.append((button.get("name"), button.get("value") or ""))
        target = urljoin(address, form.get("action") or "")
        if (form.get("method") or "get").lower() == "post":
            return self._browser.build_request("POST", target, data=dict(fields))
        return self._browser.build_request("GET", f"{target.partition('?')[0]}?{urlencode(fields)}")
