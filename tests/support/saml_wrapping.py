"""The eight shapes of signature wrapping (Somorovsky et al., “On Breaking SAML”, 2012; as the tool SAML Raider has them).

Each takes an honest message and puts the attacker's words where a careless reader looks, while the honest, signed
element stands somewhere else for a careless verifier to find.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

from lxml import etree

from tests.support.saml_idp import NS

EVIL = "CZ/CZ/somebody-else"


def _evil(element: etree._Element, element_id: str) -> etree._Element:
    copy = deepcopy(element)
    copy.set("ID", element_id)
    for name in copy.iter(f"{{{NS['saml']}}}NameID"):
        name.text = EVIL
    return copy


def _signature(element: etree._Element) -> etree._Element:
    found = element.find("ds:Signature", NS)
    assert found is not None
    return found


def _without_signature(element: etree._Element) -> etree._Element:
    copy = deepcopy(element)
    copy.remove(_signature(copy))
    return copy


def _of_response(place: Callable[[etree._Element, etree._Element], None]) -> Callable[[bytes], bytes]:
    def wrap(data: bytes) -> bytes:
        honest = etree.fromstring(data)
        evil = _evil(honest, "_evil-response")
        inner = evil.find("saml:Assertion", NS)
        inner.set("ID", "_evil-assertion")
        place(evil, _without_signature(honest))
        return etree.tostring(evil)

    return wrap


def _of_assertion(place: Callable[[etree._Element, etree._Element, etree._Element], None]) -> Callable[[bytes], bytes]:
    def wrap(data: bytes) -> bytes:
        root = etree.fromstring(data)
        honest = root.find("saml:Assertion", NS)
        place(root, honest, _evil(honest, "_evil-assertion"))
        return etree.tostring(root)

    return wrap


def _xsw1(evil: etree._Element, honest: etree._Element) -> None:
    _signature(evil).append(honest)


def _xsw2(evil: etree._Element, honest: etree._Element) -> None:
    _signature(evil).addprevious(honest)


def _xsw3(root: etree._Element, honest: etree._Element, evil: etree._Element) -> None:
    evil.remove(_signature(evil))
    honest.addprevious(evil)


def _xsw4(root: etree._Element, honest: etree._Element, evil: etree._Element) -> None:
    evil.remove(_signature(evil))
    root.replace(honest, evil)
    evil.append(honest)


def _xsw5(root: etree._Element, honest: etree._Element, evil: etree._Element) -> None:
    honest.addprevious(evil)
    honest.remove(_signature(honest))


def _xsw6(root: etree._Element, honest: etree._Element, evil: etree._Element) -> None:
    root.replace(honest, evil)
    honest.remove(_signature(honest))
    _signature(evil).append(honest)


def _xsw7(root: etree._Element, honest: etree._Element, evil: etree._Element) -> None:
    extensions = etree.Element(f"{{{NS['samlp']}}}Extensions")
    extensions.append(evil)
    evil.set("ID", honest.get("ID"))
    honest.addprevious(extensions)


def _xsw8(root: etree._Element, honest: etree._Element, evil: etree._Element) -> None:
    holder = etree.SubElement(_signature(evil), f"{{{NS['ds']}}}Object")
    root.replace(honest, evil)
    honest.remove(_signature(honest))
    holder.append(honest)


OF_RESPONSE = {"xsw1": _of_response(_xsw1), "xsw2": _of_response(_xsw2)}
OF_ASSERTION = {
    "xsw3": _of_assertion(_xsw3),
    "xsw4": _of_assertion(_xsw4),
    "xsw5": _of_assertion(_xsw5),
    "xsw6": _of_assertion(_xsw6),
    "xsw7": _of_assertion(_xsw7),
    "xsw8": _of_assertion(_xsw8),
}
