"""The documents a WSDL consists of, collected before anything interprets them and closed afterwards.

A WSDL names other WSDLs and schemas by location. They are read here, each through hub.kit.xml (no DTD,
no entities), and every reference is rewritten to the one canonical location of what it names. zeep and
libxml2 then look documents up and can fetch nothing: a location outside the collection does not exist.

Canonical locations are `file:///x/y.xsd` for a file, its path being relative to the mapping folder, and
the URL itself for what came over HTTP. A WSDL on disk must be complete on disk: it is the recorded
contract. A WSDL read by URL may import from allowed origins only; an import can never add one. Schemas of
common namespaces that nobody ships are munihub's own (catalogue.py).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

from lxml import etree

from hub.kernel.errors import ConfigurationError, RemoteGarbage
from hub.kit import xml
from hub.kit.redaction import shown_url
from hub.kit.soap import dialects
from hub.kit.soap.bombs import refuse_bombs
from hub.kit.soap.catalogue import LOCATIONS, complete, is_shipped, shipped
from hub.kit.soap.names import WSDL, WSDL_20, XSD, line_of, local, nearest_first
from hub.kit.soap.repairs import repair

_FILE = "file:///"
_MOST_DOCUMENTS = 400
_MOST_BYTES = 30_000_000
_MOST_LISTED = 5_000
_REFERENCES = {
    f"{{{WSDL}}}import": "location",
    f"{{{XSD}}}import": "schemaLocation",
    f"{{{XSD}}}include": "schemaLocation",
    f"{{{XSD}}}redefine": "schemaLocation",
}


@dataclass(frozen=True, slots=True)
class Documents:
    """A closed set of parsed documents by canonical location; `start` is the WSDL that was asked for."""

    start: str
    trees: Mapping[str, etree._Element]

    def own(self) -> Documents:
        """The same for the thread this is called in (hub.kit.one_thread)."""
        return Documents(self.start, {location: xml.own(tree) for location, tree in self.trees.items()})

    def content(self, location: str) -> bytes:
        """A document as text for a parser. Raises ConfigurationError for one outside the collection."""
        if location in self.trees:
            return etree.tostring(self.trees[location])
        if is_shipped(location):
            return etree.tostring(shipped(location))
        raise ConfigurationError(f"{shown(location)} is not part of this WSDL", key="wsdl")


class OutsideFolder(ConfigurationError):
    """A document refers to a file outside the folder, in which nothing is read."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document to be read, and the document and line that ask for it.

    `otherwise` is the location of a shipped schema that serves where this document is not there.
    """

    location: str
    importer: str | None = None
    line: int | None = None
    otherwise: str | None = None

    def error(
        self, problem: str, remedy: str, *, kind: type[ConfigurationError] = ConfigurationError
    ) -> ConfigurationError:
        if self.importer is None:
            return kind(problem, key="wsdl", remedy=remedy)
        return kind(problem, file=shown(self.importer), line=self.line, key="wsdl", remedy=remedy)


def shown(location: str) -> str:
    """A canonical location as an error text names it."""
    return unquote(location.removeprefix(_FILE)) if location.startswith(_FILE) else shown_url(location)


def collect_from_folder(folder: Path, wsdl: str, *, catalogue: Mapping[str, str] | None = None) -> Documents:
    """A WSDL in `folder` and all it imports; nothing is read outside the folder.

    `catalogue` says which file stands for a URL or a namespace that a document imports.
    Raises ConfigurationError naming the importing file and line.
    """
    collecting = collect(_in_folder(Wanted(_FILE), wsdl), catalogue=catalogue or {})
    try:
        wanted = next(collecting)
        while True:
            wanted = collecting.send(read_file(folder, wanted))
    except StopIteration as done:
        documents: Documents = done.value
        return documents


async def collect_by_url(
    url: str,
    fetch: Callable[[Wanted], Awaitable[bytes]],
    *,
    folder: Path,
    catalogue: Mapping[str, str] | None = None,
) -> Documents:
    """A WSDL and all it imports over HTTP; `fetch` decides which addresses are allowed.

    Files named in `catalogue` are read from `folder`. Raises ConfigurationError naming the importing
    document, and what `fetch` raises.
    """
    collecting = collect(url, catalogue=catalogue or {})
    try:
        wanted = next(collecting)
        while True:
            remote = not wanted.location.startswith(_FILE)
            wanted = collecting.send(await fetch(wanted) if remote else read_file(folder, wanted))
    except StopIteration as done:
        documents: Documents = done.value
        return documents


def collect(start: str, *, catalogue: Mapping[str, str]) -> Generator[Wanted, bytes, Documents]:
    """Asks for one document after another and returns all of them; does no reading itself."""
    trees: dict[str, etree._Element] = {}
    waiting = [Wanted(start)]
    total = 0
    while waiting:
        wanted = waiting.pop()
        if wanted.location in trees:
            continue
        if is_shipped(wanted.location):
            trees[wanted.location] = shipped(wanted.location)
            continue
        content = yield wanted
        total += len(content)
        if len(trees) >= _MOST_DOCUMENTS or total > _MOST_BYTES:
            raise wanted.error(
                f"The WSDL imports more than {_MOST_DOCUMENTS} documents or {_MOST_BYTES} bytes",
                "Save a copy of the WSDL without the imports that are not needed.",
            )
        trees[wanted.location] = tree = _parse(wanted, content)
        for reference, attribute in _references(tree, catalogue):
            target = _resolve(wanted.location, reference, attribute, catalogue)
            reference.set(attribute, target.location)
            waiting.append(target)
    _refuse_unless_wsdl(start, trees[start])
    complete(trees)
    refuse_bombs(trees)
    repair(trees)
    return Documents(start, trees)


def read_file(folder: Path, wanted: Wanted) -> bytes:
    """The bytes of a wanted document in `folder`. Raises ConfigurationError with the nearest file names."""
    if not wanted.location.startswith(_FILE):
        raise wanted.error(
            f"{shown(wanted.location)} is imported by its address; a WSDL on disk is read from disk only",
            "Save that document in the mapping folder and name it in the back office's settings: "
            f'catalogue: {{ "{shown(wanted.location)}": FILE }}.',
        )
    name = shown(wanted.location)
    root = folder.resolve()
    try:
        path = (root / name).resolve()
    except (ValueError, RuntimeError):  # A NUL in the name; links that lead to each other.
        raise wanted.error(f"{name!r} is no file", "Name a file of the mapping folder.") from None
    if not path.is_relative_to(root):
        raise _outside(wanted, name)
    try:
        if path.exists() and not path.is_file():  # To read a pipe or a device may never end.
            raise wanted.error(f"{name} is no file", "Name a file of the mapping folder.")
        if path.stat().st_size > _MOST_BYTES:
            raise wanted.error(f"{name} has more than {_MOST_BYTES} bytes", "A WSDL with all it imports has less.")
        return path.read_bytes()
    except OSError:
        if wanted.otherwise is not None:
            return etree.tostring(shipped(wanted.otherwise))
        present = [
            found.relative_to(root).as_posix()
            for found in islice(root.rglob("*"), _MOST_LISTED)
            if found.suffix.lower() in {".wsdl", ".xsd", ".xml"}
        ]
        raise wanted.error(
            f"{name} is not in the mapping folder {root.name}",
            f"Put it there. Files present: {nearest_first(name, present)}.",
        ) from None


def _references(tree: etree._Element, catalogue: Mapping[str, str]) -> Iterator[tuple[etree._Element, str]]:
    """Elements that name another document, by its location or by a namespace of the catalogue."""
    for element in tree.iter(*_REFERENCES):
        attribute = _REFERENCES[str(element.tag)]
        if element.get(attribute, "").strip() or element.get("namespace") in catalogue:
            yield element, attribute


def _resolve(base: str, reference: etree._Element, attribute: str, catalogue: Mapping[str, str]) -> Wanted:
    location = urldefrag(reference.get(attribute, "").strip().replace("\\", "/")).url
    wanted = Wanted(location, base, line_of(reference))
    if not base.startswith(_FILE):
        location = urljoin(base, location)
    remote = urlsplit(location).scheme in {"http", "https"}
    for name in (location, reference.get("namespace", "")):
        if name in catalogue:
            return Wanted(_in_folder(wanted, catalogue[name]), base, line_of(reference))
    built_in = LOCATIONS.get(reference.get("namespace", ""))
    if built_in and (remote or location.startswith(("/", "urn:"))):
        return Wanted(built_in, base, line_of(reference))
    if remote:
        return Wanted(location, base, line_of(reference))
    return Wanted(_in_folder(wanted, location, base), base, line_of(reference), otherwise=built_in)


def _in_folder(wanted: Wanted, name: str, base: str = _FILE) -> str:
    """The canonical location of a file, from its name relative to `base`."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|/", name) or not base.startswith(_FILE):
        raise wanted.error(
            f"{name} is not a file name relative to the mapping folder",
            "Write the import's location relative to the file it stands in.",
        )
    folder = posixpath.dirname(unquote(base.removeprefix(_FILE)))
    path = posixpath.normpath(posixpath.join(folder, unquote(name)))
    if path.startswith(".."):
        raise _outside(wanted, name)
    return _FILE + quote(path)


def _outside(wanted: Wanted, name: str) -> ConfigurationError:
    remedy = "Copy the file into the mapping folder."
    return wanted.error(f"{name} leads outside the mapping folder", remedy, kind=OutsideFolder)


def _parse(wanted: Wanted, content: bytes) -> etree._Element:
    content, draft = dialects.standard(content)
    try:
        tree = xml.parse(content, max_bytes=_MOST_BYTES, what=f"document {shown(wanted.location)}")
    except RemoteGarbage as error:
        if not wanted.location.startswith(_FILE):
            raise
        raise wanted.error(error.detail.rstrip("."), "It must be a WSDL or an XML Schema without a DTD.") from None
    if draft:
        dialects.modernise(tree)
    return tree


def _refuse_unless_wsdl(start: str, root: etree._Element) -> None:
    if root.tag == f"{{{WSDL}}}definitions":
        return
    if etree.QName(root).namespace == WSDL_20:
        problem = f"{shown(start)} is a WSDL 2.0, which is another language; WSDL 1.1 is read"
        remedy = "Ask for the service's WSDL 1.1; services that offer 2.0 mostly have it at ?wsdl beside ?wsdl2."
    else:
        problem = f"{shown(start)} is no WSDL 1.1: it starts with the element {local(root)}"
        remedy = "Name the file or address of the WSDL itself."
    raise ConfigurationError(problem, key="wsdl", remedy=remedy)
