"""What a simulated SAML identity provider was asked, and how it reads a request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from starlette.requests import Request

from simulators.kit.saml import Message, Service, by_post, by_redirect
from simulators.kit.saml_answer import Attribute
from simulators.kit.saml_switches import SamlSwitches

LEVELS = ("low", "substantial", "high")


@dataclass(frozen=True, slots=True)
class Wish:
    """An attribute a request asks for (`eidas:RequestedAttribute`)."""

    name: str
    required: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was accepted and waits for the person."""

    request_id: str
    service: Service
    acs: str
    relay: str
    minimum: str
    wishes: tuple[Wish, ...]
    name_id_format: str
    """As NameIDPolicy asks; empty where it does not."""


def spoilt(attribute: Attribute, how: str | None) -> Attribute:
    """What says who it is, as after an upgrade nobody announced."""
    if how is None or not attribute.identifying:
        return attribute
    if how == "renamed":
        return replace(attribute, name=f"{attribute.name}2", friendly="")
    return replace(attribute, value="neuvedeno")


def base_url(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def switches_of(request: Request) -> SamlSwitches:
    switches = request.scope["switches"]
    assert isinstance(switches, SamlSwitches)
    return switches


async def received(request: Request) -> Message:
    """The SAML message of a request by HTTP-Redirect or HTTP-POST; raises NotAccepted."""
    if request.method == "GET":
        return by_redirect(request.scope["query_string"].decode("ascii", "replace"))
    body = (await request.body()).decode("ascii", "replace")
    return by_post(dict(parse_qsl(body, keep_blank_values=True)))
