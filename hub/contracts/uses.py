"""Which places of a document a mapping reads, and for what: the file itself is asked, not its compiled form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from hub.kit.yaml_document import YamlDocument, load
from hub.mapping.block import Block
from hub.mapping.mapping import Mapping as RecordMapping
from hub.mapping.model import Field
from hub.mapping.paths import parse_path
from hub.mapping.tables import table_block

_VERBS = frozenset({"from", "constant", "join", "first_of", "table", "each", "default", "as", "nil"})


@dataclass(frozen=True, slots=True)
class Use:
    """One path a mapping reads.

    `path`      dotted, from the message's element or the document's root, names without prefixes.
    `key`       of the mapping: `fields.outstanding`, `parties`, `source.records`.
    `field`     of the target; empty for what is none.
    `required`  without it a record (or all of them) cannot be used.
    `scheme`    of the identifier that stands there; empty where none does.
    `codes`     those its table has, where it has one.
    `converter` how it is written (`as:`).
    """

    path: str
    key: str
    field: str = ""
    required: bool = False
    scheme: str = ""
    codes: frozenset[str] = frozenset()
    converter: str = ""


@dataclass(frozen=True, slots=True)
class Uses:
    """Everything one mapping reads and sends. `operation` as its source names it; empty for an event's data.

    `sent`: dotted paths of what it sends, each with the only texts it may be; None where they depend on the call.
    `ignored`: paths that are known.
    """

    file: str
    operation: str
    records: str
    uses: tuple[Use, ...]
    sent: Mapping[str, frozenset[str] | None]
    ignored: tuple[str, ...] = ()

    def of(self, path: str) -> list[Use]:
        """What reads this place or something below it."""
        return [use for use in self.uses if use.path == path or use.path.startswith(f"{path}.")]


def uses_of(mapping: RecordMapping) -> Uses:
    """What a compiled mapping reads."""
    return _uses(mapping.file, mapping.file.stat().st_mtime_ns, tuple(_required(mapping.target.fields)))


def uses_of_delivery(file: Path) -> list[Uses]:
    """What each step of a delivery sends and reads, and the question after a doubt; each an operation."""
    document = load(file)
    data = document.data
    walk = _Walk(document, data.get("namespaces") or {}, frozenset())
    found: list[Uses] = []
    for number, step in enumerate(_listed(data.get("steps"))):
        for block, key in ((step, f"steps.{number}"), (step.get("ask"), f"steps.{number}.ask")):
            call = block.get("call") if isinstance(block, dict) else None
            if isinstance(call, dict):
                operation = str(call.get("operation") or call.get("request") or "")
                prefix = walk.plain(block.get("found"))
                uses = [
                    use
                    for name, spec in (block.get("receipt") or {}).items()
                    for use in walk.value(spec, prefix, f"{key}.receipt.{name}", str(name), required=True)
                ]
                sent = dict(_written(document, block.get("request"), ""))
                found.append(Uses(file.name, operation, prefix, tuple(uses), sent))
    return found


def _written(document: YamlDocument, spec: Any, path: str) -> Iterator[tuple[str, frozenset[str] | None]]:
    """The parts of a request by path: a block of verbs makes one value, any other block has parts."""
    if isinstance(spec, dict) and not _VERBS & spec.keys():
        for name, part in spec.items():
            yield from _written(document, part, _joined(path, str(name)))
    elif isinstance(spec, dict) and "each" in spec and "fields" in spec:
        yield from _written(document, spec["fields"], path)
    elif path:
        block = spec if isinstance(spec, dict) else {}
        if "constant" in block:
            yield path, frozenset({str(block["constant"])})
        else:
            # A table of what is sent has their codes on its left.
            codes = _codes(document, block.get("table")) - {"*"}
            yield path, codes | {str(one) for one in _listed(block.get("default"))} if codes else None


@lru_cache(maxsize=256)
def _uses(file: Path, _changed: int, required: tuple[str, ...]) -> Uses:
    document = load(file)
    data = document.data
    walk = _Walk(document, data.get("namespaces") or {}, frozenset(required))
    source = data.get("source") if isinstance(data.get("source"), dict) else {}
    records = walk.plain(source.get("records") or "")
    found = [Use(records, "source.records", required=True)] if records else []
    found += walk.value(source.get("caught_up_to"), "", "source.caught_up_to")
    found += walk.value(source.get("cursor"), "", "source.cursor")
    found += walk.value(data.get("key"), records, "key", required=True)
    found += walk.value(data.get("version"), records, "version", required=True)
    found += walk.value(data.get("removed"), records, "removed")
    for where in _listed(data.get("where")):
        found += walk.value(where, records, "where", required=True)
    for party in (*_listed(data.get("subject")), *_listed(data.get("parties"))):
        found += walk.party(party, records)
    for name, spec in (data.get("fields") or {}).items():
        found += walk.value(spec, records, f"fields.{name}", str(name), required=str(name) in required)
    sent = dict(_sent(source.get("parameters"), "")) | dict(_sent(source.get("body"), ""))
    sent |= dict.fromkeys(_of_pages(source.get("pages")), None)
    operation = str(source.get("operation") or source.get("request") or "")
    ignored = tuple(_joined(records, walk.plain(path)) for path in _listed(data.get("ignore")))
    return Uses(file.name, operation, records, tuple(found), sent, ignored)


class _Walk:
    def __init__(self, document: YamlDocument, namespaces: Mapping[str, str], required: frozenset[str]) -> None:
        self._document, self._namespaces, self._required = document, namespaces, required

    def plain(self, path: Any) -> str:
        """A path with names only. What cannot be parsed was refused when the mapping was compiled."""
        if not isinstance(path, str) or path in ("", "."):
            return ""
        steps = parse_path(path.removesuffix(".*"), self._namespaces)
        return ".".join(f"@{step.name}" if step.attribute else step.name for step in steps)

    def party(self, spec: Any, prefix: str) -> Iterator[Use]:
        if isinstance(spec, dict) and "scheme" in spec:
            inside = _joined(prefix, self.plain(spec.get("each")))
            path = _joined(inside, self.plain(spec.get("from")))
            if "from" in spec:
                yield Use(path, "parties", "parties", required=True, scheme=str(spec["scheme"]))

    def value(
        self, spec: Any, prefix: str, key: str, name: str = "", *, required: bool = False, inherited: str = ""
    ) -> Iterator[Use]:
        """The paths in the spec of one value, with the verbs beside them."""
        if isinstance(spec, str):
            yield Use(_joined(prefix, self.plain(spec)), key, name, required, converter=inherited)
        elif isinstance(spec, list):
            for one in spec:
                yield from self.value(one, prefix, key, name, required=required, inherited=inherited)
        elif isinstance(spec, dict):
            yield from self._verbs(spec, prefix, key, name, required=required, inherited=inherited)

    def _verbs(
        self, spec: Mapping[Any, Any], prefix: str, key: str, name: str, *, required: bool, inherited: str
    ) -> Iterator[Use]:
        converter = str(spec.get("as") or inherited)
        inside = _joined(prefix, self.plain(spec.get("each")))
        codes = _codes(self._document, spec.get("table"))
        codes = frozenset() if "*" in codes else codes
        if "each" in spec and "fields" in spec:
            yield Use(inside, key, name)
            for inner, part in spec["fields"].items():
                yield from self.value(part, inside, f"{key}.{inner}", name)
            return
        if isinstance(spec.get("from"), str):
            path = _joined(inside, self.plain(spec["from"]))
            yield Use(path, key, name, required, str(spec.get("scheme") or ""), codes, converter)
        for verb in ("join", "first_of", "max"):
            # Of several, none alone is needed.
            some = verb == "join" and required
            yield from self.value(spec.get(verb), inside, key, name, required=some, inherited=converter)
        for verb in ("currency", "sign"):
            beside = spec.get(verb)
            if isinstance(beside, dict):
                yield from self.value(beside, inside, f"{key}.{verb}", name, required=required)
        for language, part in (spec.get("languages") or {}).items():
            yield from self.value(part, inside, f"{key}.languages.{language}", name, required=required)


def _required(fields: Mapping[str, Field]) -> Iterator[str]:
    yield from (name for name, field in fields.items() if field.required)


def _sent(spec: Any, path: str) -> Iterator[tuple[str, frozenset[str] | None]]:
    """What is sent, by path: the text of a constant, None where it depends on the call."""
    if isinstance(spec, dict) and not {"alias", "cursor", "now"} & spec.keys():
        for name, part in spec.items():
            yield from _sent(part, _joined(path, str(name)))
    elif path:
        yield path, None if isinstance(spec, (dict, list)) or spec is None else frozenset({str(spec)})


def _of_pages(pages: Any) -> Iterator[str]:
    """Names of the parameters by which pages are asked for, as the connectors' `pages:` write them."""
    for key in ("parameter", "size_parameter", "page", "offset", "size", "limit"):
        value = pages.get(key) if isinstance(pages, dict) else None
        value = value.get("parameter") if isinstance(value, dict) else value
        if isinstance(value, str):
            yield value


def _codes(document: YamlDocument, table: Any) -> frozenset[str]:
    """Of a table, here or in a file; empty where there is none."""
    if not isinstance(table, dict):
        return frozenset()
    return frozenset(map(str, table_block(Block(document, (), table)).value))


def _joined(prefix: str, path: str) -> str:
    return f"{prefix}.{path}" if prefix and path else prefix or path


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
