"""Builds elements of one namespace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree


class Maker:
    """`Maker(SAML, {"saml": SAML})("Issuer", "https://…", Format="…")`: children and text, then attributes."""

    def __init__(self, namespace: str, nsmap: Mapping[str | None, str]) -> None:
        self._namespace = namespace
        self._nsmap: Any = dict(nsmap)  # the stubs know no default namespace

    def __call__(self, name: str, /, *content: etree._Element | str, **attributes: str) -> etree._Element:
        element = etree.Element(f"{{{self._namespace}}}{name}", nsmap=self._nsmap)
        for key, value in attributes.items():
            element.set(key, value)
        for one in content:
            if isinstance(one, str):
                element.text = one
            else:
                element.append(one)
        return element
