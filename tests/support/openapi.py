"""The application and its OpenAPI document, made once: whoever collects these tests waits for it."""

from __future__ import annotations

from portal_api.app import create_app


async def _never() -> None:
    raise AssertionError("only the document of this application is used")


APP = create_app(_never)  # type: ignore[arg-type]
DOCUMENT = APP.openapi()
