"""What `munihub doctor` sees of an issuer: settings, then connection, then keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from hub.kernel.errors import ConfigurationError, HubError
from hub.kit.redaction import shown_url
from hub.ports.back_office import CheckStep
from identity.oidc.issuer import Issuer
from identity.oidc.settings import OidcSettings


async def check_issuer(
    settings: OidcSettings, issuer: Issuer, prepare: Sequence[Callable[[], None]]
) -> list[CheckStep]:
    """Changes nothing and stops at the first failure. Whether it accepts our secret only a login can show."""
    try:
        issuer.http.prepare()
        for one in prepare:
            one()
    except ConfigurationError as error:
        return [CheckStep("settings", ok=False, detail=str(error))]
    steps = [CheckStep("settings", ok=True, detail=f"The issuer is {shown_url(settings.issuer)}.")]
    clock = asyncio.get_running_loop().time
    started = clock()
    try:
        metadata = await issuer.fetch_metadata()
    except HubError as error:
        return [*steps, CheckStep("connection", ok=False, detail=str(error), took=timedelta(seconds=clock() - started))]
    kind = "Endpoints of the settings." if settings.endpoints else "Its discovery document is as it should be."
    steps.append(CheckStep("connection", ok=True, detail=kind, took=timedelta(seconds=clock() - started)))
    announced = metadata.id_token_signing_alg_values_supported
    if announced is not None and not set(announced) & set(settings.algorithms):
        detail = f"It signs with {', '.join(announced)[:200]}; the settings allow {', '.join(settings.algorithms)}."
        return [*steps, CheckStep("keys", ok=False, detail=detail)]
    started = clock()
    try:
        keys = await issuer.fetch_keys(metadata)
    except HubError as error:
        return [*steps, CheckStep("keys", ok=False, detail=str(error), took=timedelta(seconds=clock() - started))]
    took = timedelta(seconds=clock() - started)
    return [*steps, CheckStep("keys", ok=True, detail=f"{len(keys)} for signatures.", took=took)]
