"""The XML Schema of a WSDL, compiled once by libxml2, and the check of a message body against it.

libxml2 reads one document per namespace and ignores a second import of it, while WSDLs spread one
namespace over several inline schemas, import each other's without a location, or use them without an
import at all. So each namespace gets a generated document that includes all its parts, and every
import is pointed to that.
"""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from hub.kernel.errors import ConfigurationError
from hub.kit.soap.documents import Documents, shown
from hub.kit.soap.names import WSDL, XSD, declared_namespaces, line_of, local
from hub.kit.soap.relaxing import Relaxing
from hub.kit.soap.violations import Violation, explain, plain

_IMPORT = f"{{{XSD}}}import"
_INCLUDES = (f"{{{XSD}}}include", f"{{{XSD}}}redefine")
_MOST_REASONS = 3
_MOST_ROUNDS = 20
_LARGE = 1_000_000  # bytes
_PIECE = 65_536
Shape = tuple[str, tuple[tuple[str, str], ...], tuple["Shape", ...]]


@dataclass(frozen=True, slots=True)
class Wrapper:
    """The element around the parts of an RPC message, which no schema of the WSDL declares (WSDL 1.1 section 3.5).

    `parts` are accessor names with the qualified name of their type; accessors are in no namespace
    (WS-I Basic Profile 1.1, R2735).
    """

    name: etree.QName
    parts: tuple[tuple[str, etree.QName], ...]


class BodySchema:
    """Checks elements against all schemas of a WSDL."""

    def __init__(self, documents: Documents, wrappers: Iterable[Wrapper] = ()) -> None:
        """Compiles. Raises ConfigurationError with the file, line and reason of the first mistakes.

        A mistake inside one type, element or group takes that component out only: `unchecked` says which and why.
        """
        self._schema, self.unchecked = _compile(_Sources(documents, wrappers))
        self._lock = threading.Lock()  # libxml2's errors are kept in the schema object.

    def violations(self, element: etree._Element, *, size: int = 0, limit: int = 5) -> list[Violation]:
        """What is wrong with `element`, in document order, at most `limit`; empty where it is valid.

        `size` is about how many bytes its document has. Of one over 1 MB only the first violation is told, and
        the check takes 50 ms for each MB, six times as long as for a small one.
        """
        try:
            return self._violations(element, size, limit)
        except etree.XMLSchemaValidateError:
            # libxml2 gives up on a value that a pattern could match in too many ways; that is nobody's valid value.
            reason = "cannot be compared with the schema: a pattern takes too long"
            return [Violation(local(element), line_of(element), reason, None)]

    def _violations(self, element: etree._Element, size: int, limit: int) -> list[Violation]:
        if size <= _LARGE:
            with self._lock:
                return [] if self._schema.validate(element) else explain(element, self._schema.error_log, limit)
        wrong = self._invalid_start(element)
        if wrong is None:
            return []
        with self._lock:
            # What is missing because the document was cut comes after what is wrong in it.
            self._schema.validate(wrong)
            return explain(wrong, self._schema.error_log, 1)

    def _invalid_start(self, element: etree._Element) -> etree._Element | None:
        """The beginning of a large document up to a little after its first violation.

        libxml2 reports all violations, each with a path for which it counts the siblings before: 30
        seconds where each of 50,000 records has lost a field. So it is fed piece by piece and stopped.
        """
        text = etree.tostring(element, with_tail=False)
        parser = etree.XMLParser(schema=self._schema, resolve_entities=False, no_network=True)
        for end in range(_PIECE, len(text) + _PIECE, _PIECE):
            # For each piece anew: the event loop, with a small document, does not wait for the end of a large one.
            with self._lock, contextlib.suppress(etree.XMLSyntaxError):
                parser.feed(text[end - _PIECE : end])
                if end >= len(text):
                    parser.close()
            if len(parser.feed_error_log):
                cut = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
                start = b"\n" * (line_of(element) - 1) + text[:end]
                return etree.fromstring(start, cut)
        return None


@dataclass
class _Sources:
    """The schema documents of a WSDL, rewritten so that libxml2 finds all of each namespace."""

    documents: Documents
    wrappers: Iterable[Wrapper]
    texts: dict[str, bytes] = field(default_factory=dict)
    parts: dict[str | None, list[str]] = field(default_factory=lambda: defaultdict(list))
    doubtful: list[str] = field(default_factory=list)
    _sources: dict[str, set[str]] = field(default_factory=dict)
    _declared: dict[tuple[str, str, str], Shape] = field(default_factory=dict)

    def __post_init__(self) -> None:
        inline = list(self._inline())
        trees = self.documents.trees
        schemas = {location: tree for location, tree in trees.items() if tree.tag == f"{{{XSD}}}schema"}
        for location, schema in inline:
            self._add_part(schema.get("targetNamespace"), location)
        for schema in (*schemas.values(), *(schema for _, schema in inline)):
            for reference in schema.iterchildren(_IMPORT):
                if (location := reference.get("schemaLocation", "")) in schemas:
                    self._add_part(reference.get("namespace"), location)
        for tree in trees.values():
            for reference in tree.iterchildren(f"{{{WSDL}}}import"):
                if (location := reference.get("location", "")) in schemas:
                    self._add_part(schemas[location].get("targetNamespace"), location)
        generated = self._rpc()
        for location, schema in (*inline, *schemas.items(), *generated):
            self.texts[location] = self._rewritten(location, schema)
        for namespace, locations in self.parts.items():
            self.texts[self._of_namespace(namespace)] = _including(namespace, locations)

    def master(self) -> bytes:
        """One document that imports every namespace."""
        schema = etree.Element(f"{{{XSD}}}schema")
        for namespace in self.parts:
            schema.append(self._import(namespace))
        if None in self.parts:
            # An import of what has no namespace is allowed only to a schema that has one.
            schema.set("targetNamespace", "urn:munihub:all")
        return etree.tostring(schema)

    def _inline(self) -> Iterator[tuple[str, etree._Element]]:
        for location, tree in self.documents.trees.items():
            for number, schema in enumerate(tree.iterfind(f"{{{WSDL}}}types/{{{XSD}}}schema"), 1):
                yield f"{location}#{number}", schema

    def _add_part(self, namespace: str | None, location: str) -> None:
        if location not in self.parts[namespace]:
            self.parts[namespace].append(location)

    def _of_namespace(self, namespace: str | None) -> str:
        return f"urn:munihub:namespace:{list(self.parts).index(namespace)}"

    def _import(self, namespace: str | None) -> etree._Element:
        element = etree.Element(_IMPORT, schemaLocation=self._of_namespace(namespace))
        if namespace is not None:
            element.set("namespace", namespace)
        return element

    def _rewritten(self, location: str, schema: etree._Element) -> bytes:
        # Serialised and parsed, not deep-copied: a copy loses the prefixes declared on wsdl:definitions.
        copy = etree.fromstring(etree.tostring(schema, with_tail=False))
        own = copy.get("targetNamespace")
        imported = {reference.get("namespace") for reference in copy.iterchildren(_IMPORT)}
        if own is not None:
            # Siblings in one WSDL are often used without an import; every QName has a prefix in scope.
            imported |= declared_namespaces(copy)
        for reference in list(copy.iterchildren(_IMPORT)):
            copy.remove(reference)
        for child in list(copy.iterchildren(etree.Element)):
            if child.tag in _INCLUDES:
                copy.insert(0, child)  # Some generators put them after what they are needed for.
            elif etree.QName(child).namespace != XSD:
                copy.remove(child)
        for namespace in imported - {own, XSD}:
            if namespace in self.parts:
                copy.insert(0, self._import(namespace))
        self._drop_repeated(copy, location)
        # The blank lines keep the line numbers of errors those of the file.
        return b"\n" * (line_of(schema) - 1) + etree.tostring(copy)

    def _parts_of(self, namespace: str) -> set[str]:
        """Documents that declare something of a namespace, and so perhaps the same."""
        if namespace not in self._sources:
            documents = {
                place for place, tree in self.documents.trees.items() if tree.get("targetNamespace") == namespace
            }
            self._sources[namespace] = {*documents, *self.parts.get(namespace, ())}
        return self._sources[namespace]

    def _drop_repeated(self, schema: etree._Element, location: str) -> None:
        """Leaves out what another document of the same namespace declares too, as copies of a schema do."""
        own = schema.get("targetNamespace")
        if own is None or len(self._parts_of(own)) == 1:  # Without one it may be included into several namespaces.
            return
        for component in [child for child in schema.iterchildren(etree.Element) if child.get("name")]:
            kind = "type" if local(component).endswith("Type") else local(component)
            key = (own, kind, component.get("name", ""))
            shape = _shape(component)
            known = self._declared.setdefault(key, shape)
            if known is not shape:
                schema.remove(component)
                if known != shape:
                    place = "the message of an RPC operation" if location.startswith("urn:") else shown(location)
                    self.doubtful.append(f"{kind} {key[2]} ({place}): declared before, in another way")

    def _rpc(self) -> list[tuple[str, etree._Element]]:
        by_namespace: dict[str | None, dict[str, Wrapper]] = defaultdict(dict)
        for wrapper in self.wrappers:
            by_namespace[wrapper.name.namespace][wrapper.name.localname] = wrapper
        generated = []
        for number, (namespace, wrappers) in enumerate(by_namespace.items()):
            location = f"urn:munihub:rpc:{number}"
            generated.append((location, _declaring(namespace, wrappers.values())))
            self._add_part(namespace, location)
        return generated


def _shape(element: etree._Element) -> Shape:
    """What an element says, for comparing two of them; prefixes count, which may tell equal ones apart."""
    inner = tuple(_shape(child) for child in element.iterchildren(etree.Element) if local(child) != "annotation")
    return str(element.tag), tuple(sorted((str(name), str(value)) for name, value in element.items())), inner


def _including(namespace: str | None, locations: Iterable[str]) -> bytes:
    schema = etree.Element(f"{{{XSD}}}schema")
    if namespace is not None:
        schema.set("targetNamespace", namespace)
    for location in locations:
        etree.SubElement(schema, f"{{{XSD}}}include", schemaLocation=location)
    return etree.tostring(schema)


def _declaring(namespace: str | None, wrappers: Iterable[Wrapper]) -> etree._Element:
    """A schema with the wrapper elements of RPC messages."""
    namespaces = sorted({str(kind.namespace) for wrapper in wrappers for _, kind in wrapper.parts})
    prefixes = {namespace: f"n{number}" for number, namespace in enumerate(namespaces)}
    schema = etree.Element(f"{{{XSD}}}schema", nsmap={prefix: uri for uri, prefix in prefixes.items()})
    if namespace is not None:
        schema.set("targetNamespace", namespace)
    for wrapper in wrappers:
        element = etree.SubElement(schema, f"{{{XSD}}}element", name=wrapper.name.localname)
        element.tail = "\n"  # A line for each, by which libxml2's errors tell them apart.
        content = etree.SubElement(element, f"{{{XSD}}}complexType")
        sequence = etree.SubElement(content, f"{{{XSD}}}sequence")
        for name, kind in wrapper.parts:
            qname = f"{prefixes[str(kind.namespace)]}:{kind.localname}"
            etree.SubElement(sequence, f"{{{XSD}}}element", name=name, type=qname)
    return schema


class _Resolver(etree.Resolver):
    """Gives libxml2 what was collected and refuses everything else."""

    def __init__(self, texts: dict[str, bytes]) -> None:
        super().__init__()
        self.texts = texts

    def resolve(self, system_url: str, public_id: str | None, context: object) -> object:  # type: ignore[override]
        text = self.texts.get(system_url, b"")
        # An empty document is a parse error; returning None would make libxml2 open the location itself.
        return self.resolve_string(text, context, base_url=system_url)


def _compile(sources: _Sources) -> tuple[etree.XMLSchema, tuple[str, ...]]:
    """The schema, and the components that it takes anything for."""
    try:
        return _compiled(sources.master(), sources.texts), tuple(sources.doubtful)
    except etree.XMLSchemaParseError as error:
        failure = error
    relaxing = Relaxing(sources.texts)
    unchecked = list(sources.doubtful)
    # Components that depend on one taken out may fail in turn.
    for _ in range(_MOST_ROUNDS):
        try:
            return _compiled(sources.master(), relaxing.texts()), tuple(unchecked)
        except etree.XMLSchemaParseError as error:
            relaxed = relaxing.relax(error.error_log)
        if not relaxed:
            break
        unchecked += relaxed
    entries = [entry for entry in failure.error_log if entry.level_name != "WARNING"]
    first = entries[0] if entries else None
    reasons = "; ".join(plain(entry.message) for entry in entries[:_MOST_REASONS]) or str(failure)
    raise ConfigurationError(
        f"the WSDL's schema cannot be compiled: {reasons}",
        file=shown(first.filename).split("#")[0] if first and first.filename else None,
        line=first.line if first else None,
        key="wsdl",
        remedy="Correct a copy of the schema in the mapping folder, or set check_schema: false to read replies "
        "unchecked.",
    )


def _compiled(master: bytes, texts: dict[str, bytes]) -> etree.XMLSchema:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    parser.resolvers.add(_Resolver(texts))
    return etree.XMLSchema(etree.fromstring(master, parser))
