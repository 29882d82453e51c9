"""An interface that changes on demand: as after an upgrade, in what it answers and in what describes it.

Names are those of elements and properties wherever they stand. Both forms of descriptions change along: the WSDL with
its schema, and an OpenAPI document.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal
from urllib.parse import parse_qs

from lxml import etree
from pydantic import BaseModel, ConfigDict

_XS = "{http://www.w3.org/2001/XMLSchema}"
_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_ISO = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})(?: (\d{2}:\d{2}:\d{2}))?")


class Changed(BaseModel):
    """What is different from the interface as it was.

    `renamed`      `{old: new}`; `removed`: names that are gone
    `added`        `{name: beside}`: a new field `name` beside each `beside`, with the value `novo`
    `rewritten`    `{name: how}`: `iso` for dates and moments, `point` for amounts, `words` for what was a number
    `values`       `{name: code}`: this code in place of every other, and new among those that are described
    `required`     names of request parameters without which nothing is answered
    `without`      operations that are gone: of SOAP by name, of REST by path
    `undescribed`  WSDL and OpenAPI stay as they were
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    renamed: dict[str, str] = {}
    removed: tuple[str, ...] = ()
    added: dict[str, str] = {}
    rewritten: dict[str, Literal["iso", "point", "words"]] = {}
    values: dict[str, str] = {}
    required: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    undescribed: bool = False

    def refusal(self, path: str, query: bytes, body: bytes) -> str | None:
        """Why this request is not answered any more."""
        if path in self.without:
            return "gone"
        if body.lstrip().startswith(b"<"):
            child = etree.fromstring(body).find("{*}Body/*")
            if child is None:
                return None
            if etree.QName(child).localname in self.without:
                return "gone"
            names = {etree.QName(one).localname for one in child.iter(etree.Element)}
        else:
            names = set(parse_qs(query.decode()))
        missing = [name for name in self.required if name not in names]
        described = path.endswith("openapi.json") or b"wsdl" in query.lower()
        return None if described or not missing else f"{missing[0]} is missing"

    def applied(self, media_type: str, body: bytes) -> bytes:
        """What is answered in place of `body`."""
        if "json" in media_type:
            document = json.loads(body)
            if isinstance(document, dict) and "openapi" in document:
                return body if self.undescribed else json.dumps(self._openapi(document)).encode()
            return json.dumps(self._json(document), ensure_ascii=False).encode()
        if "xml" not in media_type:
            return body
        root = etree.fromstring(body)
        if root.tag == f"{_WSDL}definitions":
            if not self.undescribed:
                self._wsdl(root)
        else:
            self._xml(root)
        tree = root.getroottree()
        written = etree.tostring(root, encoding=tree.docinfo.encoding or "utf-8", xml_declaration=True)
        return written if isinstance(written, bytes) else written.encode()

    def _value(self, name: str, text: str) -> str:
        if name in self.values:
            return self.values[name]
        how = self.rewritten.get(name)
        if how == "iso":
            return _ISO.sub(lambda one: f"{one[3]}-{one[2]}-{one[1]}" + (f"T{one[4]}" if one[4] else ""), text)
        if how == "point":
            return text.replace(".", "").replace(",", ".")
        return "neuvedeno" if how == "words" else text

    # ── Replies ──

    def _json(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._json(one) for one in value]
        if not isinstance(value, dict):
            return value
        changed: dict[str, Any] = {}
        for name, inner in value.items():
            if name not in self.removed:
                told = self._json(inner)
                touched = name in self.values or name in self.rewritten
                now = self.renamed.get(str(name), str(name))
                changed[now] = self._value(name, str(told)) if touched else told
            changed |= {new: "novo" for new, beside in self.added.items() if beside == name}
        return changed

    def _xml(self, root: etree._Element) -> None:
        for element in list(root.iter(etree.Element)):
            name, parent = etree.QName(element), element.getparent()
            uri, local = f"{{{name.namespace}}}" if name.namespace else "", name.localname
            for new, beside in self.added.items():
                if beside == local:
                    fresh = etree.Element(f"{uri}{new}")
                    fresh.text = "novo"
                    element.addnext(fresh)
            if local in self.removed and parent is not None:
                parent.remove(element)
                continue
            if element.text and not len(element):
                element.text = self._value(local, element.text)
            element.tag = f"{uri}{self.renamed.get(local, local)}"

    # ── Descriptions ──

    def _wsdl(self, root: etree._Element) -> None:
        self._schema(root)
        for operation in list(root.iter(f"{_WSDL}operation")):
            parent = operation.getparent()
            if operation.get("name") in self.without and parent is not None:
                parent.remove(operation)
        for wanted in self.required:
            for sequence in self._requests(root):
                etree.SubElement(sequence, f"{_XS}element", {"name": wanted, "type": _text(sequence)})

    def _schema(self, root: etree._Element) -> None:
        for element in list(root.iter(f"{_XS}element", f"{_XS}attribute")):
            name, parent = element.get("name", ""), element.getparent()
            assert parent is not None
            for new, beside in self.added.items():
                if beside == name:
                    element.addnext(etree.Element(f"{_XS}element", {"name": new, "type": _text(element)}))
            if name in self.removed:
                parent.remove(element)
                continue
            if name in self.rewritten or name in self.values:
                for child in list(element):
                    element.remove(child)
                element.set("type", _text(element))
            element.set("name", self.renamed.get(name, name))

    def _requests(self, root: etree._Element) -> list[etree._Element]:
        """The sequences of the elements that the input messages name."""
        inputs = {one.get("message", "").rpartition(":")[2] for one in root.iter(f"{_WSDL}input")}
        elements = {
            part.get("element", "").rpartition(":")[2]
            for message in root.iter(f"{_WSDL}message")
            if message.get("name") in inputs
            for part in message.iter(f"{_WSDL}part")
        }
        return [
            sequence
            for element in root.iter(f"{_XS}element")
            if element.get("name") in elements
            for sequence in element.iterfind(f"{_XS}complexType/{_XS}sequence")
        ]

    def _openapi(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._openapi(one) for one in value if one not in self.removed]
        if not isinstance(value, dict):
            return self.renamed.get(value, value) if isinstance(value, str) else value
        changed = {name: self._openapi(inner) for name, inner in value.items() if name not in self.without}
        properties = value.get("properties")
        if isinstance(properties, dict):
            changed["properties"] = {}
            for name, inner in properties.items():
                if name not in self.removed:
                    told = {"type": "string"} if name in self.rewritten or name in self.values else self._openapi(inner)
                    changed["properties"][self.renamed.get(name, name)] = told
                changed["properties"] |= {
                    new: {"type": "string"} for new, beside in self.added.items() if beside == name
                }
        if "parameters" in value:
            changed["parameters"] += [
                {"name": wanted, "in": "query", "required": True, "schema": {"type": "string"}}
                for wanted in self.required
            ]
        return changed


def _text(place: etree._Element) -> str:
    """`xs:string`, by whatever prefix is declared for it there."""
    prefix = next((prefix for prefix, uri in place.nsmap.items() if f"{{{uri}}}" == _XS), None)
    return f"{prefix}:string" if prefix else "string"
