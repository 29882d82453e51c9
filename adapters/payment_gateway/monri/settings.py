"""The `settings:` of Monri WebPay."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from hub.kit.durations import Duration
from hub.kit.http import HttpSettings, Timeouts
from hub.kit.origins import BaseUrl
from hub.kit.secrets import SecretRef

TEST_HOST = "ipgtest.monri.com"
PRODUCTION = "https://ipg.monri.com"
# The test merchant of Monri's sample applications for Android, iOS and Flutter: everybody has it. The key is kept as
# a digest so that it is not mistaken for one that leaked.
_PUBLISHED_TOKEN = "6a13d79bde8da9320e88923cb3472fb638619ccb"  # noqa: S105 - published, see above
_PUBLISHED_KEY = "1ac226dde7ee12583dd5676d28874b6d9f54e136681d3302fc641439daebb81c"

Language = Literal["hr", "ba-hr", "ba", "en", "de", "es", "sr"]
LANGUAGES: dict[str, Language] = {"hr": "hr", "bs": "ba-hr", "sr": "sr", "de": "de", "es": "es"}
"""ISO 639-1 to the page's own codes; every other language gets English."""


class Buyer(BaseModel):
    """What Monri is told of a payer who has not told it us. Monri documents 3 characters as the least of each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    full_name: Annotated[str, Field(max_length=30)] = ""
    address: Annotated[str, Field(max_length=100)] = ""
    city: Annotated[str, Field(max_length=30)] = ""
    zip: Annotated[str, Field(max_length=9)] = ""
    country: Annotated[str, Field(max_length=30, description="ISO 3166-1 alpha-2, such as HR.")] = ""
    phone: Annotated[str, Field(max_length=30)] = ""
    email: Annotated[str, Field(max_length=100)] = ""


class MonriSettings(HttpSettings):
    base_url: BaseUrl = PRODUCTION
    authenticity_token: Annotated[
        str, Field(pattern=r"^[0-9A-Za-z]{40}$", description="Of the merchant account; 40 characters, not a secret.")
    ]
    merchant_key: SecretRef
    transaction_type: Annotated[
        Literal["purchase", "authorize"],
        Field(
            description="purchase takes the money at once; authorize reserves it, and the hub takes it when it asks."
        ),
    ] = "purchase"
    retry_window: Annotated[
        Duration | None,
        Field(
            description="After a refused card the page stays open for another one; for so long the order may still be "
            "paid. null where the merchant's page closes."
        ),
    ] = timedelta(minutes=15)
    several_refunds: Annotated[bool, Field(description="Monri's own shop modules give back once per payment.")] = False
    void_first: Annotated[
        bool, Field(description="A whole payment is voided, and refunded only where Monri refuses the void.")
    ] = False
    buyer: Annotated[Buyer, Field(description="Sent where the payer has not told it us.")] = Buyer()
    timeout: Timeouts = Timeouts(connect=timedelta(seconds=5), read=timedelta(seconds=20), total=timedelta(seconds=30))
    max_reply_bytes: Annotated[int, Field(ge=1_000, le=10_000_000, description="A larger reply is refused.")] = 500_000


def rehearsed(settings: MonriSettings, merchant_key: SecretStr) -> str | None:
    """Why these settings move no money, None where nothing speaks against them."""
    url = urlsplit(settings.base_url)
    if url.hostname == TEST_HOST:
        return f"base_url is Monri's test system, {TEST_HOST}; production is {PRODUCTION}."
    if url.scheme != "https":
        return "base_url is not https; Monri's production is."
    if settings.authenticity_token == _PUBLISHED_TOKEN:
        return "authenticity_token is that of the test merchant in Monri's published samples."
    digest = hashlib.sha256(merchant_key.get_secret_value().encode()).hexdigest()
    if hmac.compare_digest(digest, _PUBLISHED_KEY):
        return "merchant_key is that of the test merchant in Monri's published samples."
    return None
