"""Reads a SOAP envelope: the one child of its Body, or its Fault (SOAP 1.1 section 4, SOAP 1.2 part 1 section 5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from hub.kernel.errors import RemoteGarbage
from hub.kit.redaction import redact
from hub.kit.soap.names import ENVELOPE_11, ENVELOPE_12, local

_LONGEST_EVIDENCE = 400
_MOST_DETAILS = 200
GENERIC_CODES = frozenset({
    "VersionMismatch", "MustUnderstand", "Client", "Server", "Sender", "Receiver", "DataEncodingUnknown",
})  # fmt: skip
"""Codes of SOAP itself (SOAP 1.1 section 4.4.1, SOAP 1.2 part 1 section 5.4.6); they say who erred, not why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault. `codes` are local names, from the general to the particular (a dotted SOAP 1.1 code is several).

    `text` is its first reason; `details` are the local names and texts of the first 200 elements in its
    detail, in document order.
    """

    codes: tuple[str, ...]
    text: str
    details: tuple[tuple[str, str], ...]

    def says(self, word: str) -> bool:
        """Whether `word` is a code, an element of the detail, the text of one, or the whole reason."""
        return word in self.codes or word == self.text or any(word in detail for detail in self.details)

    @property
    def code(self) -> str:
        return ".".join(self.codes) or "no code"

    def evidence(self) -> str:
        """Code, reason and detail in one text, redacted and shortened."""
        detail = "; ".join(f"{name} = {text}" for name, text in self.details if text)
        text = redact(" · ".join(part for part in (self.code, self.text, detail) if part))
        return text if len(text) <= _LONGEST_EVIDENCE else f"{text[:_LONGEST_EVIDENCE]}…"


def is_envelope(root: etree._Element) -> bool:
    return root.tag in {f"{{{ENVELOPE_11}}}Envelope", f"{{{ENVELOPE_12}}}Envelope"}


def open_envelope(root: etree._Element) -> etree._Element | Fault:
    """The one child of the Body, or the fault. The version may differ from the request's, as faults do.

    Header entries are not looked at, `mustUnderstand` included: services mark addressing and timestamps
    with it, and nothing in the body depends on those.
    Raises RemoteGarbage: no envelope, no Body or several, no child or several.
    """
    if not is_envelope(root):
        raise RemoteGarbage(f"The reply is no SOAP envelope but an element {_shown(root)}.")
    namespace = etree.QName(root).namespace
    bodies = list(root.iterchildren(f"{{{namespace}}}Body"))
    if len(bodies) != 1:
        raise RemoteGarbage(f"The reply's envelope has {len(bodies)} Body elements instead of one.")
    children = list(bodies[0].iterchildren(etree.Element))
    if len(children) != 1:
        names = ", ".join(_shown(child) for child in children[:5]) or "nothing"
        raise RemoteGarbage(f"The reply's Body must hold one element but holds {names}.")
    child = children[0]
    if child.tag == f"{{{namespace}}}Fault":
        return _fault_12(child) if namespace == ENVELOPE_12 else _fault_11(child)
    return child


def _fault_11(fault: etree._Element) -> Fault:
    # Names are compared without namespaces: some servers put the unqualified children into the envelope's.
    parts = {local(part): part for part in fault.iterchildren(etree.Element)}
    code = _text(parts.get("faultcode"))
    codes = tuple(part for part in code.rpartition(":")[2].split(".") if part)
    return Fault(codes, _text(parts.get("faultstring")), tuple(_leaves(parts.get("detail"))))


def _fault_12(fault: etree._Element) -> Fault:
    env = f"{{{ENVELOPE_12}}}"
    codes = [_text(value).rpartition(":")[2] for value in fault.iterfind(f"{env}Code//{env}Value")]
    reason = _text(fault.find(f"{env}Reason/{env}Text"))
    return Fault(tuple(code for code in codes if code), reason, tuple(_leaves(fault.find(f"{env}Detail"))))


def _leaves(detail: etree._Element | None) -> Iterator[tuple[str, str]]:
    elements = detail.iterdescendants(etree.Element) if detail is not None else iter(())
    for element in islice(elements, _MOST_DETAILS):
        yield local(element), _text(element)


def _text(element: etree._Element | None) -> str:
    return " ".join((element.text or "").split()) if element is not None else ""


def _shown(element: etree._Element) -> str:
    return str(element.tag)[:150]
