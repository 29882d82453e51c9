"""The `settings:` of a gateway with `gateway: sandbox`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hub.kit.http import HttpSettings
from hub.kit.origins import BaseUrl
from hub.kit.secrets import SecretRef


class SandboxSettings(HttpSettings):
    base_url: Annotated[BaseUrl, Field(description="the simulator, such as http://127.0.0.1:8120")]
    merchant: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$", description="such as pregrada")]
    secret: Annotated[SecretRef, Field(description="what the simulator and the merchant sign with")]
