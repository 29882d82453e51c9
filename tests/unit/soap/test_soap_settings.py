"""Settings of a SOAP back office and the `source:` block of a mapping."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from connectors.soap.settings import Pages, SoapSettings, parse_source
from hub.kernel.errors import ConfigurationError
from hub.kit.auth import NoAuth, WsseAuth


def test_the_settings_of_the_sample_towns() -> None:
    settings = SoapSettings.model_validate(
        {
            "wsdl": "financije.wsdl",
            "endpoint": "http://127.0.0.1:8101/financije",
            "auth": {
                "kind": "wsse",
                "username": "munihub",
                "password": {"secret": "pregrada-financije"},
                "digest": True,
            },
        }
    )
    assert isinstance(settings.auth, WsseAuth)
    assert settings.check_schema is True
    assert (settings.service, settings.port, settings.wsdl_hosts, settings.catalogue, settings.check) == (
        None,
        None,
        (),
        {},
        None,
    )


def test_without_credentials() -> None:
    assert SoapSettings(wsdl="a.wsdl", endpoint="http://a/").auth == NoAuth()


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        SoapSettings.model_validate({"wsdl": "a.wsdl", "endpoint": "http://a/", "url": "x"})


def test_a_full_source() -> None:
    source = parse_source(
        {
            "operation": "FindDogs",
            "parameters": {"Owner": {"alias": "hr.oib"}},
            "headers": {"session": {"Key": "k"}},
            "not_found": ["NoSuchOwner"],
            "pages": {"parameter": "Page.Start", "size_parameter": "Page.Count", "size": 100, "items": "Dogs.Dog"},
        }
    )
    assert source.operation == "FindDogs"
    assert source.not_found == ("NoSuchOwner",)
    assert source.pages == Pages(parameter="Page.Start", size_parameter="Page.Count", size=100, items="Dogs.Dog")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ({}, "source.operation: Field required"),
        (
            {"operation": "X", "parameter": {}},
            "source.parameter: unknown key. Known are: parameters, operation, pages, headers, lenient, not_found.",
        ),
        (
            {"operation": "X", "pages": {"parameter": "S", "size": 1, "totals": "T"}},
            (
                "source.pages.totals: unknown key. "
                "Known are: total, items, next, size, step, first, parameter, size_parameter."
            ),
        ),
        (
            {"operation": "X", "pages": {"parameter": "S", "size": 1}},
            "source.pages: write either items or next",
        ),
        (
            {"operation": "X", "pages": {"parameter": "S", "size": 1, "items": "I", "next": "N"}},
            "source.pages: write either items or next",
        ),
        (
            {"operation": "X", "pages": {"parameter": "S", "total": "T", "next": "N"}},
            "source.pages: total needs items, which are counted",
        ),
        (
            {"operation": "X", "pages": {"parameter": "S", "size_parameter": "C", "next": "N"}},
            "source.pages: size_parameter needs a size",
        ),
        (
            {"operation": "X", "not_found": ["Server", "NoSuchDog"]},
            (
                "source: not_found has Server, which every fault may carry; "
                "a broken service would look like an empty answer"
            ),
        ),
    ],
)
def test_mistakes_name_the_key(source: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_source(source)
    assert str(caught.value) == text


def test_something_else_than_a_block() -> None:
    with pytest.raises(ConfigurationError):
        parse_source(["FindDogs"])
