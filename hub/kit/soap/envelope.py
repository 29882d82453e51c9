"""Reads a SOAP envelope: the one child of its Body, or its Fault (SOAP 1.1 section 4, SOAP 1.2 part 1 section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from hub.kernel.errors import RemoteGarbage
from hub.kit.redaction import redact
from hub.kit.soap.names import ENVELOPE_11, ENVELOPE_12, SOAP_ENCODING, XML, XSI, local, text_of

_LONGEST_EVIDENCE = 400
_MOST_DETAILS = 200
_MOST_REASONS = 20
_OURS = frozenset({"Client", "Sender", "VersionMismatch", "MustUnderstand", "DataEncodingUnknown"})
_SAYING_NOTHING = frozenset({XML, XSI, SOAP_ENCODING, ENVELOPE_11, ENVELOPE_12})
GENERIC_CODES = frozenset({
    "VersionMismatch", "MustUnderstand", "Client", "Server", "Sender", "Receiver", "DataEncodingUnknown",
})  # fmt: skip
"""Codes of SOAP itself (SOAP 1.1 section 4.4.1, SOAP 1.2 part 1 section 5.4.6); they say who erred, not why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault. `codes` are local names, from the general to the particular (a dotted SOAP 1.1 code is several).

    `text` is its first reason, `reasons` are all of them with their language (empty where none is named);
    `details` are the local names and texts of the first 200 elements in its detail, in document order, an
    attribute being `@name` after its element.
    """

    codes: tuple[str, ...]
    text: str
    details: tuple[tuple[str, str], ...]
    reasons: tuple[tuple[str, str], ...] = ()

    def says(self, word: str) -> bool:
        """Whether `word` is a code, an element of the detail, the text of one, or a whole reason."""
        reasons = {self.text, *(text for _, text in self.reasons)}
        return word in self.codes or word in reasons or any(word in detail for detail in self.details)

    @property
    def code(self) -> str:
        return ".".join(self.codes) or "no code"

    @property
    def blames_us(self) -> bool:
        """Whether it says that the request was wrong (Client, Sender), so that nothing was done with it."""
        return bool(_OURS.intersection(self.codes[:1]))

    def evidence(self) -> str:
        """Code, reasons and detail in one text, redacted and shortened."""
        reasons = [f"[{lang}] {text}" if lang else text for lang, text in self.reasons] or [self.text]
        detail = "; ".join(f"{name} = {text}" for name, text in self.details if text)
        text = redact(" · ".join(part for part in (self.code, *reasons, detail) if part))
        return text if len(text) <= _LONGEST_EVIDENCE else f"{text[:_LONGEST_EVIDENCE]}…"


def is_envelope(root: etree._Element) -> bool:
    return root.tag in {f"{{{ENVELOPE_11}}}Envelope", f"{{{ENVELOPE_12}}}Envelope"}


def body_of(root: etree._Element) -> etree._Element:
    """The one Body of an envelope. Raises RemoteGarbage."""
    if not is_envelope(root):
        raise RemoteGarbage(f"The reply is no SOAP envelope but an element {_shown(root)}.")
    bodies = list(root.iterchildren(f"{{{etree.QName(root).namespace}}}Body"))
    if len(bodies) != 1:
        raise RemoteGarbage(f"The reply's envelope has {len(bodies)} Body elements instead of one.")
    return bodies[0]


def open_body(body: etree._Element) -> etree._Element | Fault:
    """The one child of the Body, or the fault. The version may differ from the request's, as faults do.

    Header entries are not looked at, `mustUnderstand` included: services mark addressing and timestamps
    with it, and nothing in the body depends on those.
    Raises RemoteGarbage: no child or several.
    """
    children = list(body.iterchildren(etree.Element))
    if len(children) != 1:
        names = ", ".join(_shown(child) for child in children[:5]) or "nothing"
        raise RemoteGarbage(f"The reply's Body must hold one element but holds {names}.")
    return fault_in(body) or children[0]


def fault_in(body: etree._Element) -> Fault | None:
    """The fault that is the first child of the Body; None where that is something else."""
    namespace = etree.QName(body).namespace
    child = next(body.iterchildren(etree.Element), None)
    if child is None or child.tag != f"{{{namespace}}}Fault":
        return None
    return _fault_12(child) if namespace == ENVELOPE_12 else _fault_11(child)


def _fault_11(fault: etree._Element) -> Fault:
    # Names are compared without namespaces: some servers put the unqualified children into the envelope's.
    parts = {local(part): part for part in fault.iterchildren(etree.Element)}
    code = _text(parts.get("faultcode"))
    codes = tuple(part for part in code.rpartition(":")[2].split(".") if part)
    reasons = [part for part in fault.iterchildren(etree.Element) if local(part) == "faultstring"]
    return _fault(codes, reasons, parts.get("detail"))


def _fault_12(fault: etree._Element) -> Fault:
    env = f"{{{ENVELOPE_12}}}"
    codes = [_text(value).rpartition(":")[2] for value in fault.iterfind(f"{env}Code//{env}Value")]
    reasons = fault.iterfind(f"{env}Reason/{env}Text")
    return _fault(tuple(code for code in codes if code), reasons, fault.find(f"{env}Detail"))


def _fault(codes: tuple[str, ...], reasons: Iterable[etree._Element], detail: etree._Element | None) -> Fault:
    told = tuple((one.get(f"{{{XML}}}lang", ""), _text(one)) for one in islice(reasons, _MOST_REASONS))
    return Fault(codes, told[0][1] if told else "", tuple(_leaves(detail)), told)


def _leaves(detail: etree._Element | None) -> Iterator[tuple[str, str]]:
    elements = detail.iterdescendants(etree.Element) if detail is not None else iter(())
    for element in islice(elements, _MOST_DETAILS):
        yield local(element), _text(element)
        for name, value in element.attrib.items():
            if etree.QName(name).namespace not in _SAYING_NOTHING:
                yield f"@{etree.QName(name).localname}", " ".join(str(value).split())


def _text(element: etree._Element | None) -> str:
    return " ".join(text_of(element).split()) if element is not None else ""


def _shown(element: etree._Element) -> str:
    return str(element.tag)[:150]
