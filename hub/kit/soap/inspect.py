"""Everything a WSDL says, as plain values: for `munihub soap inspect` and whoever reads its JSON.

The form is stable; README.md of connectors/soap describes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from hub.kernel.errors import ConfigurationError
from hub.kit import xml
from hub.kit.soap.description import Description, Port
from hub.kit.soap.documents import Documents, OutsideFolder, collect_from_folder, shown
from hub.kit.soap.names import WSDL, WSDL_SOAP_11, WSDL_SOAP_12
from hub.kit.soap.outline import BoundOperation, qualified
from hub.kit.soap.policies import policies
from hub.kit.soap.schema import BodySchema
from hub.kit.soap.shapes import Shape, Shapes

_MOST_STEPS_UP = 8
_MOST_FILES = 5_000
_SOAP = (WSDL_SOAP_11, WSDL_SOAP_12)


def wsdls(path: Path) -> list[Path]:
    """The WSDLs at a path: the file itself, or those in a folder and below it, without parts that others import.

    A part is what some other WSDL of the folder imports. Of WSDLs that import each other one stays, the first.
    Raises ConfigurationError where there is none.
    """
    if not path.is_dir():
        return [path]
    found = [file for file in _files(path) if file.suffix.lower() == ".wsdl"]
    if not found:
        raise ConfigurationError(f"there is no .wsdl in {path}", key="PATH", remedy="Name a file or another folder.")
    imports = {file.resolve(): _imports(file) for file in found}
    imported = set().union(*imports.values())
    roots = [file for file in found if file.resolve() not in imported]
    covered: set[Path] = set()
    for file in [*roots, *found]:
        if file.resolve() not in covered:
            if file not in roots:
                roots.append(file)
            waiting = [file.resolve()]
            while waiting:
                if (one := waiting.pop()) not in covered:
                    covered.add(one)
                    waiting += imports.get(one, ())
    return sorted(roots)


def inspect(file: Path, *, catalogue: Mapping[str, str] | None = None) -> dict[str, Any]:
    """One WSDL with all it offers, or the reason why it cannot be used (`ok`: False). Nothing is raised."""
    result: dict[str, Any] = {
        "path": str(file), "ok": False, "services": [], "operations": 0, "ignored": [], "unchecked": [],
        "reason": None, "remedy": None,
    }  # fmt: skip
    try:
        documents = load(file, catalogue=catalogue)
        description = Description(documents)
        result["services"] = _services(description, documents)
        result["operations"] = description.outline.operations
        result["ignored"] = list(description.outline.ignored)
        if missing := [name for port in description.ports for name in port.missing()]:
            first = description.broken[0] if description.broken else None
            names = ", ".join(dict.fromkeys(missing))
            why = f": {_placed(first)}" if first else ""
            result["reason"] = f"these operations cannot be used: {names}{why}"
            result["remedy"] = (first and first.remedy) or "Correct a copy of the WSDL in the mapping folder."
            return result
        result["unchecked"] = list(BodySchema(documents, description.wrappers()).unchecked)
        result["ok"] = True
    except ConfigurationError as error:
        result["reason"], result["remedy"] = _placed(error), error.remedy
    return result


def load(file: Path, *, catalogue: Mapping[str, str] | None = None) -> Documents:
    """The documents of a WSDL anywhere on this machine.

    Its folder is the one it lies in, or as far above as its own imports lead; in a town's configuration it
    is the mapping folder. Raises ConfigurationError.
    """
    file = file.absolute()
    folder = file.parent
    for _ in range(_MOST_STEPS_UP):
        try:
            return collect_from_folder(folder, file.relative_to(folder).as_posix(), catalogue=catalogue)
        except OutsideFolder:
            if folder.parent == folder:
                raise
            folder = folder.parent
    return collect_from_folder(folder, file.relative_to(folder).as_posix(), catalogue=catalogue)


def _placed(error: ConfigurationError) -> str:
    place = ":".join(str(part) for part in (error.file, error.line) if part is not None)
    return f"{place}: {error.problem}" if place else error.problem


def _files(folder: Path) -> Iterator[Path]:
    """Files in a folder and below it, sorted, without following links."""
    number = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            number += 1
            if number > _MOST_FILES:
                raise ConfigurationError(
                    f"{folder} holds more than {_MOST_FILES} files", key="PATH", remedy="Name a smaller folder."
                )
            yield Path(place, name)


def _imports(file: Path) -> set[Path]:
    """Files that a WSDL imports as WSDLs; none where it cannot be read, which is told when it is loaded."""
    try:
        tree = xml.parse(file.read_bytes(), what=file.name)
    except Exception:  # noqa: BLE001 — told when it is loaded
        return set()
    locations = (one.get("location", "") for one in tree.iter(f"{{{WSDL}}}import"))
    places = {(file.parent / location).resolve() for location in locations if location and "://" not in location}
    return places - {file.resolve()}


def _services(description: Description, documents: Documents) -> list[dict[str, Any]]:
    shapes = Shapes(documents.trees)
    services: dict[str, list[dict[str, Any]]] = {}
    bindings: dict[str, list[dict[str, Any]]] = {}
    for port in description.ports:
        binding = port.outlined.binding
        if binding.name not in bindings:
            bindings[binding.name] = [_operation(one, port, documents, shapes) for one in binding.operations]
        services.setdefault(port.service, []).append({
            "name": port.name,
            "binding": binding.name,
            "address": port.outlined.address,
            "soap": binding.soap,
            "style": binding.style,
            "policies": sorted(
                {*policies(binding.element, documents.trees), *policies(port.outlined.element, documents.trees)}
            ),
            "operations": bindings[binding.name],
        })  # fmt: skip
    return [{"name": name, "ports": ports} for name, ports in services.items()]


def _operation(operation: BoundOperation, port: Port, documents: Documents, shapes: Shapes) -> dict[str, Any]:
    abstract = abstract_operation(operation, port, documents)
    return {
        "name": operation.name,
        "action": operation.action,
        "style": operation.style,
        "use": sorted(operation.uses),
        "one_way": abstract is not None and abstract.find(f"{{{WSDL}}}output") is None,
        "documentation": _documentation(abstract),
        "input": [as_plain(one) for one in message(operation, abstract, "input", documents, shapes)],
        "output": [as_plain(one) for one in message(operation, abstract, "output", documents, shapes)],
        "headers": _headers(operation, documents, shapes),
        "faults": _faults(abstract, documents, shapes),
        "policies": policies(operation.element, documents.trees),
    }


def abstract_operation(operation: BoundOperation, port: Port, documents: Documents) -> etree._Element | None:
    """The wsdl:operation of the port type."""
    wanted = port.outlined.binding.port_type
    for tree in documents.trees.values():
        for port_type in tree.iterfind(f"{{{WSDL}}}portType"):
            if f"{{{tree.get('targetNamespace', '')}}}{port_type.get('name', '')}" == wanted:
                for one in port_type.iterfind(f"{{{WSDL}}}operation"):
                    if one.get("name") == operation.name:
                        return one
    return None


def message(
    operation: BoundOperation, abstract: etree._Element | None, direction: str, documents: Documents, shapes: Shapes
) -> list[Shape]:
    """The parts of a message that go into the Body: one element for document style, accessors for RPC."""
    element = abstract.find(f"{{{WSDL}}}{direction}") if abstract is not None else None
    bound = operation.element.find(f"{{{WSDL}}}{direction}")
    body = next(bound.iter(*(f"{{{one}}}body" for one in _SOAP)), None) if bound is not None else None
    only = body.get("parts", "").split() if body is not None and body.get("parts") is not None else None
    in_headers = {header.get("part") for header in _header_elements(operation, direction)}
    return [
        shape
        for name, shape in _parts(element, documents, shapes)
        if (name in only if only is not None else name not in in_headers)
    ]


def _parts(element: etree._Element | None, documents: Documents, shapes: Shapes) -> list[tuple[str, Shape]]:
    """Parts of the message that a wsdl:input, output, fault or soap:header names."""
    if element is None or (wanted := element.get("message")) is None:
        return []
    qname = qualified(wanted, element)
    for tree in documents.trees.values():
        for one in tree.iterfind(f"{{{WSDL}}}message"):
            if f"{{{tree.get('targetNamespace', '')}}}{one.get('name', '')}" == qname:
                return [(part.get("name", ""), _part(part, shapes)) for part in one.iterfind(f"{{{WSDL}}}part")]
    return []


def _part(part: etree._Element, shapes: Shapes) -> Shape:
    name = part.get("name", "")
    if (declared := part.get("element")) is not None:
        return shapes.element(qualified(declared, part)) or Shape(declared.rpartition(":")[2], None, "anyType")
    return shapes.typed(name, qualified(part.get("type", ""), part))


def _header_elements(operation: BoundOperation, direction: str) -> list[etree._Element]:
    bound = operation.element.find(f"{{{WSDL}}}{direction}")
    return [] if bound is None else list(bound.iter(*(f"{{{one}}}header" for one in _SOAP)))


def _headers(operation: BoundOperation, documents: Documents, shapes: Shapes) -> list[dict[str, Any]]:
    return [
        {"part": name, "direction": direction, **as_plain(shape)}
        for direction in ("input", "output")
        for header in _header_elements(operation, direction)
        for name, shape in _parts(header, documents, shapes)
        if name == header.get("part")
    ]


def _faults(abstract: etree._Element | None, documents: Documents, shapes: Shapes) -> list[dict[str, Any]]:
    faults = abstract.iterfind(f"{{{WSDL}}}fault") if abstract is not None else ()
    return [
        {"name": fault.get("name", ""), "detail": [as_plain(shape) for _, shape in _parts(fault, documents, shapes)]}
        for fault in faults
    ]


def _documentation(element: etree._Element | None) -> str | None:
    found = element.find(f"{{{WSDL}}}documentation") if element is not None else None
    text = " ".join("".join(str(part) for part in found.itertext()).split()) if found is not None else ""
    return text or None


def as_plain(shape: Shape) -> dict[str, Any]:
    """A shape as JSON has it; what is usual (once, not nillable, no choice) is left out."""
    plain: dict[str, Any] = {"name": shape.name, "type": shape.type, "base": shape.base}
    plain |= {"min": shape.least, "max": "unbounded" if shape.most is None else shape.most}
    unusual = {
        "nillable": shape.nillable,
        "choice": shape.choice,
        "documentation": shape.documentation,
        "cut": shape.cut,
    }
    plain |= {name: value for name, value in unusual.items() if value}
    if shape.values:
        plain["values"] = list(shape.values)
    if shape.content:
        plain["content"] = [as_plain(one) for one in shape.content]
    return plain


__all__ = ["abstract_operation", "as_plain", "inspect", "load", "message", "shown", "wsdls"]
