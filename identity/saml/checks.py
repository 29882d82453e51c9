"""What `munihub doctor` is told of a SAML eID: keys, certificates, metadata, exceptions; with their ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import rsa

from hub.kit.certificates import SMALLEST_RSA, Certificate, Key
from hub.ports.back_office import CheckStep
from identity.saml.metadata import MetadataFile
from identity.saml.settings import Kind

_SOON = timedelta(days=30)


def steps(metadata: MetadataFile, keys: Sequence[Key], sha1: Mapping[Kind, date], now: datetime) -> Iterable[CheckStep]:
    provider = metadata.provider
    if metadata.problem:
        yield CheckStep("metadata", ok=False, detail=f"{metadata.problem}; the last good one is in force")
    elif provider.valid_until is None:
        yield CheckStep("metadata", ok=True, detail=provider.entity_id)
    else:
        yield _until("metadata", provider.entity_id, provider.valid_until, now)
    # One certificate of several may be over while they change keys; none left is what stops logins.
    best = max(provider.certificates, key=lambda one: one.parsed.not_valid_after_utc)
    for one in provider.certificates:
        step = _certificate("their certificate", one, now)
        fine = step.ok or (one is not best and _certificate("", best, now).ok)
        yield CheckStep(step.name, ok=fine, detail=step.detail)
    for number, key in enumerate(keys):
        yield _certificate("our signing key" if number == 0 else "our other key", key.certificate, now)
    for kind, until in sha1.items():
        if now.date() <= until:
            yield CheckStep("SHA-1", ok=True, detail=f"accepted in signatures of a {kind} until {until}: weak")
        else:
            yield CheckStep("SHA-1", ok=False, detail=f"the exception for a {kind} ended on {until}: remove it")


def _certificate(name: str, certificate: Certificate, now: datetime) -> CheckStep:
    parsed = certificate.parsed
    key = parsed.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < SMALLEST_RSA:
        detail = f"{certificate.subject}: RSA with {key.key_size} bits, needed are {SMALLEST_RSA}"
        return CheckStep(name, ok=False, detail=detail)
    if parsed.not_valid_before_utc > now:
        detail = f"{certificate.subject}: valid from {parsed.not_valid_before_utc:%Y-%m-%d} on"
        return CheckStep(name, ok=True, detail=detail)
    return _until(name, certificate.subject, parsed.not_valid_after_utc, now)


def _until(name: str, what: str, end: datetime, now: datetime) -> CheckStep:
    if end <= now:
        return CheckStep(name, ok=False, detail=f"{what}: ended on {end:%Y-%m-%d}")
    days = (end - now).days
    return CheckStep(name, ok=end - now > _SOON, detail=f"{what}: until {end:%Y-%m-%d} ({days} days)")
