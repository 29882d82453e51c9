"""The `settings:` of an eID that speaks OpenID Connect."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from hub.kernel.assurance import Assurance
from hub.kernel.errors import ConfigurationError
from hub.kit.durations import Duration
from hub.kit.http import HttpSettings, Timeouts
from hub.kit.origins import HttpUrl
from hub.kit.secrets import SecretRef

SigningAlgorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"
]
"""Asymmetric ones only: with `none` nobody signed, and with HS* everybody who knows the key could have."""

KeyManagement = Literal["RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"]
ContentEncryption = Literal["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClientSecret(_Strict):
    """A shared secret, as HTTP Basic or in the form (RFC 6749 §2.3.1)."""

    kind: Literal["client_secret_basic", "client_secret_post"]
    client_secret: SecretRef


class PrivateKeyJwt(_Strict):
    """A signed assertion of our own (OpenID Connect Core 1.0 §9, RFC 7523 §2.2)."""

    kind: Literal["private_key_jwt"]
    key: Annotated[SecretRef, Field(description="Private key in PEM, without a passphrase.")]
    algorithm: SigningAlgorithm = "PS256"
    kid: Annotated[str | None, Field(description="Name of the key at the issuer, where it asks for one.")] = None


ClientAuth = Annotated[ClientSecret | PrivateKeyJwt, Field(discriminator="kind")]


class Decryption(_Strict):
    """Our keys for tokens that come encrypted (RFC 7516); several while one replaces another."""

    keys: Annotated[tuple[SecretRef, ...], Field(min_length=1, description="Private keys in PEM, newest first.")]
    algorithms: tuple[KeyManagement, ...] = get_args(KeyManagement)
    encryptions: tuple[ContentEncryption, ...] = get_args(ContentEncryption)


class Endpoints(_Strict):
    """The issuer's addresses, for one that publishes no discovery document."""

    authorization: HttpUrl
    token: HttpUrl
    jwks: HttpUrl
    userinfo: HttpUrl | None = None
    end_session: HttpUrl | None = None


def _issuer(url: str) -> str:
    if "?" in url or "#" in url:
        raise ValueError("an issuer is a URL without a query and a fragment (OpenID Connect Discovery 1.0 §3)")
    return url


def _scope(text: str) -> str:
    if not text or not all(0x21 <= ord(character) <= 0x7E and character not in '"\\' for character in text):
        raise ValueError("a scope is printable ASCII without spaces and quotation marks (RFC 6749 §3.3)")
    return text


Scope = Annotated[str, AfterValidator(_scope)]


def _short(skew: timedelta) -> timedelta:
    if skew > timedelta(minutes=5):
        raise ValueError("clocks that differ by more than 5m are to be set right, not allowed for")
    return skew


class OidcSettings(HttpSettings):
    """What every issuer needs. Providers inherit it and set what they know."""

    issuer: Annotated[HttpUrl, AfterValidator(_issuer), Field(description="Letter by letter as its tokens name it.")]
    client_id: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x20-\x7e]+$")]
    client_auth: ClientAuth
    discovery: Annotated[
        HttpUrl | None,
        Field(description="Where it is not at the issuer's own /.well-known/openid-configuration."),
    ] = None
    endpoints: Annotated[Endpoints | None, Field(description="In place of a discovery document.")] = None
    hosts: Annotated[
        tuple[HttpUrl, ...],
        Field(description="Further hosts the issuer's endpoints may be at, such as https://login.example."),
    ] = ()
    scopes: tuple[Scope, ...] = ("openid", "profile", "email")
    response_mode: Annotated[
        Literal["query", "form_post"], Field(description="How the answer comes back through the browser.")
    ] = "query"
    algorithms: Annotated[
        tuple[SigningAlgorithm, ...], Field(min_length=1, description="Of signatures that are accepted.")
    ] = ("RS256", "PS256", "ES256", "EdDSA")
    decryption: Decryption | None = None
    acr: Annotated[
        dict[str, Assurance],
        Field(default_factory=dict, description="What each `acr` of the issuer is worth: low, substantial or high."),
    ]
    without_acr: Annotated[
        Assurance | None, Field(description="What a login is worth whose token has no `acr`; nothing: it is refused.")
    ] = None
    max_age: Annotated[
        Duration | None, Field(description="The longest ago the person may have proven herself at the issuer.")
    ] = None
    userinfo: Annotated[bool, Field(description="Ask the userinfo endpoint, where there is one.")] = True
    end_session: Annotated[bool, Field(description="Logging out here also ends the session at the issuer.")] = True
    trusted_audiences: Annotated[
        tuple[str, ...], Field(description="Clients other than us that may stand in a token's `aud` beside us.")
    ] = ()
    clock_skew: Annotated[Duration, AfterValidator(_short), Field(description="At most 5m.")] = timedelta(seconds=60)
    # A person waits for the answers, and the documents are small.
    timeout: Timeouts = Timeouts(connect=timedelta(seconds=3), read=timedelta(seconds=10), total=timedelta(seconds=20))
    max_reply_bytes: Annotated[int, Field(ge=1_000, le=10_000_000, description="A larger reply is refused.")] = 500_000

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.endpoints and self.discovery:
            raise ValueError("write discovery or endpoints: a document that is not read cannot differ")
        if "openid" not in self.scopes:
            raise ValueError(
                "scopes must have openid: without it no id_token is given (OpenID Connect Core 1.0 §3.1.2.1)"
            )
        return self


def refuse_plain_http(urls: dict[str, str | None]) -> None:
    """For a town that is live. `urls` by their settings' keys. Raises ConfigurationError for http://."""
    for key, url in urls.items():
        if url and not url.lower().startswith("https://"):
            raise ConfigurationError(
                "a live town logs people in over https only",
                key=key,
                remedy="Write the issuer's https:// address; simulators are for towns with live: false.",
            )
