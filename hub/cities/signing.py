"""The keys that alerts and webhooks are signed with: whoever sends them finds at the start that one is missing or none,
not at the first one that is to be sent.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from hub.cities.loader import fault_in
from hub.cities.model import City
from hub.cities.told import SignedAddress
from hub.kernel.errors import ConfigurationError
from hub.kit.webhooks import signing_key


def check_signing_secrets(city: City, file: Path, secret: Callable[[str], SecretStr]) -> None:
    """Raises ConfigurationError at the place of the first key that is missing, or none."""
    told: list[tuple[tuple[str, ...], SignedAddress]] = [
        (("clients", name, "webhook"), client.webhook) for name, client in city.clients.items() if client.webhook
    ]
    if city.alerts and city.alerts.webhook:
        told.append((("alerts", "webhook"), city.alerts.webhook))
    for place, address in told:
        for key, one in (("secret", address.secret), ("previous_secret", address.previous_secret)):
            if one is None:
                continue
            try:
                signing_key(secret(one.secret), ".".join((*place, key)))
            except ConfigurationError as error:
                if error.file:
                    raise
                raise fault_in(file, (*place, key), error.problem, error.remedy) from None
