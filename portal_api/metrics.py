"""GET /metrics: figures of the whole installation for a Prometheus, and for nobody else."""

from __future__ import annotations

import hmac
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.hub import Hub
from hub.kernel.errors import ConfigurationError, Unauthenticated
from hub.kit.secrets import find_secret
from portal_api.errors import responses
from portal_api.push.certificates import trusted
from portal_api.requests import hub_of

router = APIRouter(tags=["operators"])

_TOKEN = "metrics-token"  # noqa: S105 - the name of the secret
_TYPE = "text/plain; version=0.0.4"
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Text format of Prometheus",
        "content": {
            "text/plain": {"schema": {"type": "string"}, "example": 'munihub_jobs{city="vzorov",state="failed"} 0\n'}
        },
    }
}


@router.get("/metrics", summary="Figures", response_class=Response, responses=_TEXT | responses(401, 503))
async def metrics(request: Request) -> Response:
    """To the token in the secret `metrics-token` as a bearer token, and to the addresses of MUNIHUB_METRICS_FROM where
    the connection itself comes from there. At most ten seconds old.
    """
    hub = hub_of(request)
    if not _may(request, hub):
        raise Unauthenticated("Figures are for configured addresses, or with the token of the secret metrics-token.")
    return Response(await hub.figures.text(), headers={"Content-Type": _TYPE})


def _may(request: Request, hub: Hub) -> bool:
    # What a reverse proxy passes on comes from the proxy's address, whoever asked.
    forwarded = "forwarded" in request.headers or "x-forwarded-for" in request.headers
    if not forwarded and trusted(request, hub.settings.metrics_from):
        return True
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    try:
        token = find_secret(_TOKEN, folder=hub.settings.secrets).get_secret_value()
    except ConfigurationError:
        return False
    return scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode())
