"""Whether an assertion holds: for us, in answer to our request, here and now (Profiles §4.1.4.2, Core §2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from hub.kernel.errors import LoginRefused
from identity.saml.names import BEARER, SAML
from identity.saml.reading import attribute, children, malformed, only, text, time_of
from identity.saml.signatures import Policy


@dataclass(frozen=True, slots=True)
class Expected:
    """What a response must fit. None where it is not to be looked at (`munihub saml verify` without that option)."""

    issuer: str | None
    audience: str
    acs: str
    request_id: str | None
    policy: Policy
    keys: Sequence[rsa.RSAPrivateKey]
    now: datetime
    skew: timedelta = timedelta(seconds=60)
    audience_required: bool = True


def check_in_response_to(value: str | None, expected: Expected, what: str) -> None:
    if expected.request_id is None or value == expected.request_id:
        return
    problem = f"answers another request: {value[:80]!r}" if value else "answers no request"
    raise LoginRefused(f"The {what} {problem}.", reason="unsolicited")


def check_conditions(assertion: etree._Element, expected: Expected) -> tuple[tuple[str, ...], datetime]:
    """Audiences and the end of validity. A condition nobody knows makes an assertion invalid (Core §2.5.1)."""
    conditions = only(assertion, "saml:Conditions")
    check_time(conditions, expected, "assertion")
    known = {f"{{{SAML}}}{one}" for one in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")}
    for one in conditions.iterchildren(etree.Element):
        if one.tag not in known:
            raise malformed("The assertion depends on a condition that is not known.")
    restrictions = children(conditions, "saml:AudienceRestriction")
    named = tuple(text(one) for restriction in restrictions for one in children(restriction, "saml:Audience"))
    for restriction in restrictions:
        if expected.audience not in [text(one) for one in children(restriction, "saml:Audience")]:
            said = ", ".join(repr(one[:200]) for one in named)
            problem = f"The assertion is for {said}, and not for {expected.audience!r}."
            raise LoginRefused(problem, reason="wrong_audience")
    if not restrictions and expected.audience_required:
        raise LoginRefused("The assertion does not say whom it is for.", reason="wrong_audience")
    end = time_of(conditions, "NotOnOrAfter")
    return named, end or datetime.max.replace(tzinfo=expected.now.tzinfo)


def check_confirmation(subject: etree._Element, expected: Expected) -> datetime:
    """The end of the bearer confirmation that holds here and now. The refusal is that of the last one that does not."""
    refusal = LoginRefused("There is no bearer confirmation of the subject.", reason="wrong_recipient")
    for one in children(subject, "saml:SubjectConfirmation"):
        if one.get("Method") != BEARER:
            continue
        try:
            return _confirmed(one, expected)
        except LoginRefused as error:
            refusal = error
    raise refusal


def _confirmed(confirmation: etree._Element, expected: Expected) -> datetime:
    data = only(confirmation, "saml:SubjectConfirmationData")
    recipient = attribute(data, "Recipient")
    if recipient != expected.acs:
        problem = f"The assertion is to be brought to {recipient[:200]}, and came to {expected.acs}."
        raise LoginRefused(problem, reason="wrong_recipient")
    check_in_response_to(data.get("InResponseTo"), expected, "assertion")
    check_time(data, expected, "subject confirmation")
    end = time_of(data, "NotOnOrAfter")
    if end is None:
        raise malformed("The subject confirmation has no end.")
    return end


def check_time(element: etree._Element, expected: Expected, what: str) -> None:
    begin, end = time_of(element, "NotBefore"), time_of(element, "NotOnOrAfter")
    if begin and begin > expected.now + expected.skew:
        raise LoginRefused(f"The {what} holds from {begin:%Y-%m-%dT%H:%M:%SZ} on.", reason="not_yet_valid")
    if end and end <= expected.now - expected.skew:
        raise LoginRefused(f"The {what} held until {end:%Y-%m-%dT%H:%M:%SZ}.", reason="expired")
