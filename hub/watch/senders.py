"""The addresses of a town, and how each is reached: a mail, or a signed webhook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import orjson
from pydantic import SecretStr

from hub.back_offices.model import Town
from hub.cities.told import Alerts, SignedAddress
from hub.kernel.clock import Clock
from hub.kernel.errors import ConfigurationError
from hub.kernel.ids import public_id
from hub.kit.mail import Mail, Mailer
from hub.kit.secrets import find_secret
from hub.kit.webhooks import post, sign, signing_keys
from hub.settings import Settings
from hub.watch.letters import catalogue_of, subject_of, text_of
from hub.watch.model import Item, Letter, Sender


class Senders:
    """Finds those of a town. `mailer`: None where the installation has no mail server."""

    def __init__(self, mailer: Mailer | None, clock: Clock, secret: Callable[[str], SecretStr]) -> None:
        self._mailer, self._clock, self._secret = mailer, clock, secret

    @classmethod
    def of_installation(cls, settings: Settings, clock: Clock) -> Self:
        secret = partial(find_secret, folder=settings.secrets)
        return cls(Mailer(settings.mail, secret=secret) if settings.mail else None, clock, secret)

    def of(self, town: Town) -> Sequence[Sender]:
        configured = town.city.alerts
        if configured is None:
            return ()
        senders: list[Sender] = [MailSender(address, self._mailer) for address in configured.email]
        if configured.webhook is not None:
            senders.append(WebhookSender(configured.webhook, self._clock, self._secret))
        return senders


def destinations(configured: Alerts) -> list[str]:
    """The names of all addresses, as the database knows them."""
    webhook = [configured.webhook.url] if configured.webhook else []
    return [*(f"mailto:{address}" for address in configured.email), *webhook]


class MailSender:
    """One mail to one address, in the town's own language."""

    def __init__(self, address: str, mailer: Mailer | None) -> None:
        self.destination, self._address, self._mailer = f"mailto:{address}", address, mailer

    async def send(self, town: Town, letter: Letter) -> None:
        if self._mailer is None:
            problem = "there are addresses under alerts, and no mail server"
            raise ConfigurationError(problem, key="MUNIHUB_SMTP_URL", remedy="Set it, with MUNIHUB_SMTP_FROM.")
        catalogue = catalogue_of(town.city)
        await self._mailer.send(
            Mail(
                to=self._address,
                subject=subject_of(catalogue, town, letter.items),
                text=text_of(catalogue, town, letter),
                message_id=letter.letter_id,
                at=letter.at,
                language=catalogue.language,
            )
        )


class WebhookSender:
    """Everything in one signed message."""

    def __init__(self, address: SignedAddress, clock: Clock, secret: Callable[[str], SecretStr]) -> None:
        self.destination, self._address, self._clock, self._secret = address.url, address, clock, secret

    async def send(self, town: Town, letter: Letter) -> None:
        catalogue = catalogue_of(town.city)
        body = orjson.dumps(
            {
                "type": "alerts.told",
                "timestamp": letter.at.isoformat(),
                "data": {
                    "city": town.city.slug,
                    "text": text_of(catalogue, town, letter),
                    "alerts": [_plain(one) for one in letter.items],
                },
            }
        )
        address = self._address
        keys = signing_keys(address.secret, address.previous_secret, self._secret, "alerts.webhook")
        await post(self._address.url, body, sign(keys, f"msg_{letter.letter_id}", self._clock.now(), body), self._clock)


def _plain(item: Item) -> dict[str, Any]:
    alert = item.alert
    return {
        "id": public_id("alt", alert.alert_id),
        "what": item.what,
        "kind": alert.kind,
        "about": alert.about,
        "back_office": alert.detail.get("back_office"),
        "since": item.facts.since.isoformat(),
        "times": item.facts.times,
        "affected": item.facts.affected,
        "over_at": alert.settled_at.isoformat() if alert.settled_at else None,
    }
