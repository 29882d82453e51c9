"""A town with front ends, and somebody logged in in a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.oauth2.front_ends import Provider, configured
from tests.support.hub import make_settings, opened


@pytest.fixture
async def provider(tmp_path, urls, clock) -> AsyncIterator[Provider]:
    settings = make_settings(tmp_path, urls, configured(tmp_path / "config"))
    for name in ("portal-secret", "other-secret", "machine-secret"):
        file = settings.secrets / name
        file.touch(mode=0o600)
        file.write_text(f"{name}-0123456789abcdef0123456789abcdef", "utf-8")
    async with opened(settings, urls, clock) as api:
        yield Provider(api)
