"""The `settings:` of a gateway with `gateway: csob`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hub.kit.http import HttpSettings
from hub.kit.origins import BaseUrl
from hub.kit.secrets import SecretRef


class CsobSettings(HttpSettings):
    """What the sources contradict each other in is a setting with the bank's own word as its default."""

    base_url: Annotated[
        BaseUrl,
        Field(description="The eAPI; the integration environment is https://iapi.iplatebnibrana.csob.cz/api/v1.9."),
    ] = "https://api.platebnibrana.csob.cz/api/v1.9"
    merchant: Annotated[
        str, Field(description="merchantId (ID brány), such as M1MIPS0000.", pattern=r"^[A-Za-z0-9]{1,20}$")
    ]
    key: Annotated[
        SecretRef,
        Field(description="Secret with the merchant's private RSA key in PEM; its public half is given to the bank."),
    ]
    bank_keys: Annotated[
        list[str],
        Field(
            min_length=1,
            max_length=3,
            description="The bank's public key, PEM files beside city.yaml: mips_platebnibrana.csob.cz.pub. A second "
            "one is the next, before the bank changes it.",
        ),
    ]
    return_method: Annotated[
        Literal["POST", "GET"], Field(description="How the browser comes back; the bank recommends POST.")
    ] = "POST"
    close: Annotated[
        Literal["at_once", "by_us", "elsewhere"],
        Field(
            description="Who puts an authorised payment into settlement: the gateway at once (closePayment true), we "
            "as soon as it is confirmed, or somebody in POS Merchant.",
        ),
    ] = "at_once"
    captured_from: Annotated[
        Literal[4, 7, 8],
        Field(description="From which paymentStatus on it is money: 4 confirmed, 7 awaiting settlement, 8 charged."),
    ] = 7
    refund_from: Annotated[
        Literal[7, 8],
        Field(
            description="From which paymentStatus on payment/refund is sent; before it only the whole can be reversed."
        ),
    ] = 8
    empty_slots: Annotated[
        bool, Field(description="Sign an empty slot for an absent description, against the specification.")
    ] = False
    customer: Annotated[
        bool,
        Field(description="Tell the bank name, e-mail and phone of the payer, so that 3-D Secure asks less often."),
    ] = True
