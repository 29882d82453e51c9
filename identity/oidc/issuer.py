"""What the issuer publishes: its endpoints (discovery) and its keys (JWKS), both on a leash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from warnings import catch_warnings, simplefilter

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
from pydantic import BaseModel, ConfigDict, ValidationError

from hub.kernel.errors import ConfigurationError, RemoteGarbage
from hub.kit.auth import NoAuth
from hub.kit.http import Http, build_http, origin, raise_for
from hub.kit.redaction import shown_url
from hub.ports.eid import EidSurroundings
from identity.oidc.cached import Cached
from identity.oidc.documents import reply_object
from identity.oidc.settings import OidcSettings

PublicKey = RSAKey | ECKey | OKPKey
_MOST_KEYS = 100
_LEAST_RSA_BITS = 2048  # RFC 7518 §3.3


class Metadata(BaseModel):
    """OpenID Connect Discovery 1.0 §3, RP-Initiated Logout 1.0 §2.1, RFC 9207 §3: what we use of it."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    authorization_response_iss_parameter_supported: bool = False
    id_token_signing_alg_values_supported: tuple[str, ...] | None = None


class Issuer:
    """Safe for concurrent use. All methods raise RemoteError where the issuer does not answer as it should."""

    def __init__(self, settings: OidcSettings, surroundings: EidSurroundings) -> None:
        self._settings = settings
        self._urls = self._configured()
        self._origins = frozenset(origin(url) for url in self._urls)
        self.http: Http = build_http(
            surroundings.eid,
            urls=self._urls,
            settings=settings,
            auth=NoAuth(),
            secret=surroundings.secret,
            folder=surroundings.folder,
        )
        self._metadata = Cached(self.fetch_metadata)
        self._keys = Cached(self._fetch_keys)

    async def metadata(self, now: datetime) -> Metadata:
        return await self._metadata.get(now)

    async def keys(self, now: datetime) -> Sequence[PublicKey]:
        return await self._keys.get(now)

    async def renewed_keys(self, now: datetime) -> Sequence[PublicKey] | None:
        """The keys fetched anew; None where they were within the last minute."""
        return await self._keys.renewed(now)

    async def fetch_metadata(self) -> Metadata:
        """The discovery document, or the configured endpoints, checked."""
        settings = self._settings
        if settings.endpoints:
            ours = settings.endpoints
            return Metadata(
                issuer=settings.issuer,
                authorization_endpoint=ours.authorization,
                token_endpoint=ours.token,
                jwks_uri=ours.jwks,
                userinfo_endpoint=ours.userinfo,
                end_session_endpoint=ours.end_session,
            )
        url = settings.discovery or f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        reply = await self.http.send("GET", url, headers={"accept": "application/json"})
        raise_for(reply)
        where = f"The discovery document {shown_url(url)}"
        try:
            metadata = Metadata.model_validate(reply_object(reply))
        except ValidationError as error:
            names = sorted({str(one["loc"][0]) for one in error.errors(include_url=False)})
            raise RemoteGarbage(f"{where} lacks or garbles {', '.join(names)}.") from None
        # §4.3: otherwise one issuer could speak in the name of another.
        if metadata.issuer != settings.issuer:
            raise RemoteGarbage(
                f"{where} is about the issuer {shown_url(metadata.issuer)[:200]!r}, the settings name "
                f"{settings.issuer!r}; the two must be equal letter by letter."
            )
        self._refuse_strangers(metadata, where)
        return metadata

    async def fetch_keys(self, metadata: Metadata) -> tuple[PublicKey, ...]:
        reply = await self.http.send("GET", metadata.jwks_uri, headers={"accept": "application/json"})
        raise_for(reply)
        listed = reply_object(reply).get("keys")
        where = f"The key set {shown_url(metadata.jwks_uri)}"
        if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
            raise RemoteGarbage(f"{where} has no list of keys, or more than {_MOST_KEYS} (RFC 7517 §5.1).")
        usable = tuple(key for key in map(_public_key, listed) if key is not None)
        if not usable:
            raise RemoteGarbage(f"{where} has no public key for signatures that is long enough.")
        return usable

    async def close(self) -> None:
        await self.http.close()

    async def _fetch_keys(self) -> tuple[PublicKey, ...]:
        # Of the discovery document as it is now: with new keys the address may have changed as well.
        return await self.fetch_keys(await self.fetch_metadata())

    def _configured(self) -> list[str]:
        settings, ours = self._settings, self._settings.endpoints
        optional = [settings.discovery]
        if ours:
            optional += [ours.authorization, ours.token, ours.jwks, ours.userinfo, ours.end_session]
        return [settings.issuer, *settings.hosts, *(url for url in optional if url)]

    def _refuse_strangers(self, metadata: Metadata, where: str) -> None:
        """An endpoint elsewhere would get codes, client secrets and people's browsers."""
        for name, url in metadata:
            if not name.endswith(("_endpoint", "_uri")) or url is None:
                continue
            try:
                place = origin(url)
            except ConfigurationError:
                place = ""
            if place not in self._origins or "#" in url:
                raise RemoteGarbage(
                    f"{where} has its {name} at {place or 'something that is no plain URL'}, which the settings do "
                    f"not allow. Allowed: {', '.join(sorted(self._origins))}; add it under hosts if it is right."
                )


def _public_key(document: Any) -> PublicKey | None:
    """A key that may verify signatures; None for any other, which are passed over (RFC 7517 §5)."""
    if not isinstance(document, dict) or document.get("use", "sig") != "sig":
        return None
    if document.get("kty") not in ("RSA", "EC", "OKP") or "verify" not in document.get("key_ops", ["verify"]):
        return None
    try:
        with catch_warnings():
            simplefilter("ignore", SecurityWarning)  # about short keys, which are passed over below
            key = import_key(document)
        public = key.public_key if isinstance(key, RSAKey | ECKey | OKPKey) and not key.is_private else None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    if public is None or (isinstance(public, RSAPublicKey) and public.key_size < _LEAST_RSA_BITS):
        return None
    assert isinstance(key, RSAKey | ECKey | OKPKey)
    return key
