"""Who is told: the `alerts:` block of a town, and the `webhook:` of a front end."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from hub.cities.addresses import unfit
from hub.cities.faults import fault_at
from hub.cities.values import Strict
from hub.kit.durations import Duration
from hub.kit.mail import is_address
from hub.kit.secrets import SecretRef


def _mail_address(text: str) -> str:
    if not is_address(text):
        raise ValueError(f"{text[:80]!r} is not a mail address; write one such as it@pregrada.hr")
    return text


def _url(text: str) -> str:
    if wrong := unfit(text, own_scheme=False):
        raise ValueError(wrong)
    return text


MailAddress = Annotated[str, AfterValidator(_mail_address)]
HttpsAddress = Annotated[str, AfterValidator(_url)]


class SignedAddress(Strict):
    """Where messages go, signed as Standard Webhooks 1.0 says."""

    url: HttpsAddress = Field(description="https; called as it stands, redirects are not followed")
    secret: SecretRef = Field(description="the key of the signatures, `whsec_` and base64")
    previous_secret: SecretRef | None = Field(
        default=None, description="while the key is being changed: messages are signed with it too"
    )


class Alerts(Strict):
    """Who is told what somebody who runs the town should know of."""

    email: list[MailAddress] = Field(default_factory=list, max_length=20, description="each gets a mail of its own")
    webhook: SignedAddress | None = None
    repeat: Duration = Field(
        default=timedelta(hours=1),
        description="when it is told again while it lasts; doubled each time, up to once a day",
    )
    at_most: int = Field(default=10, ge=2, le=100, description="messages an hour to each; what is more goes together")

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.email and self.webhook is None:
            raise fault_at("nobody is told", "email", remedy="Write addresses, or a webhook; or remove alerts.")
        if len(set(self.email)) < len(self.email):
            raise fault_at("an address is here twice", "email", remedy="Write each once.")
        if self.repeat < timedelta(minutes=5):
            raise fault_at("this is less than five minutes", "repeat", remedy="Write a duration such as 1h.")
        return self


WebhookEvent = Literal["account.changed", "submission.state_changed"]
"""What a front end may be told of."""


class Webhook(SignedAddress):
    """What a front end's server is told of the accounts of those who have logged in with it."""

    events: list[WebhookEvent] = Field(min_length=1, description="such as account.changed")
