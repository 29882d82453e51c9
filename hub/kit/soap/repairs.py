"""Rewrites what zeep 4.3 reads wrongly although its meaning is clear.

Each repair changes how a document says something, never what it says; XML Schema sees no difference.
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from hub.kit.soap.names import WSDL, WSDL_SOAP_11, WSDL_SOAP_12


def repair(trees: Mapping[str, etree._Element]) -> None:
    """Applies all repairs in place; `trees` are documents by canonical location."""
    for tree in trees.values():
        _namespaces_of_imports(tree, trees)
        _body_parts(tree)
        _outputs_without_message(tree)


def _namespaces_of_imports(tree: etree._Element, trees: Mapping[str, etree._Element]) -> None:
    """An import that gives a WSDL another namespace than it has (or none).

    zeep loses its definitions, and never returns where two such documents import each other.
    """
    for reference in tree.iter(f"{{{WSDL}}}import"):
        target = trees.get(reference.get("location", ""))
        if target is not None and (namespace := target.get("targetNamespace")):
            reference.set("namespace", namespace)


def _body_parts(tree: etree._Element) -> None:
    """`soap:body parts="x"` (WSDL 1.1 section 3.5) where other parts of the message go into the header.

    zeep looks for an attribute `part`, which does not exist, and would put all parts into the body.
    """
    for body in tree.iter(f"{{{WSDL_SOAP_11}}}body", f"{{{WSDL_SOAP_12}}}body"):
        parts = body.get("parts", "").split()
        if len(parts) == 1:
            body.set("part", parts[0])


def _outputs_without_message(tree: etree._Element) -> None:
    """`<wsdl:output/>` of an operation without an answer: zeep refuses the whole WSDL."""
    for output in tree.iterfind(f"{{{WSDL}}}portType/{{{WSDL}}}operation/{{{WSDL}}}output"):
        parent = output.getparent()
        if output.get("message") is None and parent is not None:
            parent.remove(output)
