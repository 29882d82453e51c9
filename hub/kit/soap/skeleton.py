"""A first mapping for one operation of a WSDL: it loads and runs, and says what only a person can know.

Guesses are marked `CHECK`. What is written is text with comments: the file is for reading and changing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hub.kernel.errors import ConfigurationError
from hub.kit.soap.description import Description, Port
from hub.kit.soap.documents import Documents
from hub.kit.soap.guesses import Country, Leaf, best, converter, identifier_country, identifier_scheme, leaves_of
from hub.kit.soap.inspect import abstract_operation, message
from hub.kit.soap.names import nearest_first
from hub.kit.soap.shapes import Shape, Shapes
from hub.kit.soap.skeleton_office import configuration
from hub.kit.soap.skeleton_text import parameters, quoted, scalar, short


class TargetField(Protocol):
    """A field of a target, as hub.mapping describes it."""

    @property
    def kind(self) -> str: ...
    @property
    def help(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def choices(self) -> tuple[str, ...]: ...
    @property
    def fields(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The text of a mapping file, and of the back office's block in city.yaml."""

    mapping: str
    configuration: str


@dataclass(frozen=True, slots=True)
class _Whose:
    """What is known of whose the records are: the schemes that a request is asked by, and the target's first role."""

    back_office: str
    role: str
    asked: Sequence[str]
    country: Country


def skeleton(
    documents: Documents,
    description: Description,
    operation: str,
    *,
    name: str,
    target: str,
    fields: Mapping[str, TargetField],
    roles: Sequence[str],
    wsdl: str,
    port: str | None = None,
) -> Skeleton:
    """For an operation of the first port that has it, or of the port named.

    `name` is that of the back office and its mapping folder, `wsdl` the file in it. Raises ConfigurationError:
    an unknown operation with those that exist, one without a reply.
    """
    chosen = _port(description, operation, port)
    bound = next(one for one in chosen.outlined.binding.operations if one.name == operation)
    abstract = abstract_operation(bound, chosen, documents)
    shapes = Shapes(documents.trees)
    question = message(bound, abstract, "input", documents, shapes)
    answer = message(bound, abstract, "output", documents, shapes)
    if not answer:
        raise ConfigurationError(
            f"the operation {operation} declares no reply, so there are no records to map", key="--skeleton"
        )
    document = bound.style == "document" and len(answer) == 1
    reply = answer[0] if document else Shape(f"{bound.wire_name}Response", None, None, content=tuple(answer))
    asked = question[0].content if bound.style == "document" and len(question) == 1 else tuple(question)
    if bound.style == "document" and len(question) == 1 and question[0].base is not None and not asked:
        asked = (Shape("value", question[0].type, question[0].base, documentation=question[0].documentation),)
    records = _records(reply)
    record = records[-1][1] if records else reply
    leaves = leaves_of(record)
    lines = [
        f"# {operation} of {wsdl}, as the WSDL describes it. Lines with CHECK are guesses: look at a real reply.",
        "# Try it:  munihub mapping try THIS_FILE REPLY.xml",
        f"target: {target}",
        "source:",
        f"  operation: {scalar(operation)}",
        *parameters(asked),
        "  # not_found: [CODE]    # the code of its fault for somebody it does not know, if it has one",
    ]
    path = ".".join(step for step, _ in records)
    if path:
        others = _other_lists(reply, path)
        lines.append(f"  records: {path}    # CHECK: the first element of the reply that is repeated{others}")
    else:
        lines.append("  # records: nothing in the reply is repeated, so the reply is one record.")
    aliases = [scheme for one in asked for scheme in [identifier_scheme(one.name)] if scheme and one.base == "string"]
    schemes = [*aliases, *(scheme for leaf in leaves if (scheme := identifier_scheme(leaf.name)))]
    country = identifier_country(schemes[0] if schemes else "")
    lines += _body(leaves, target, fields, _Whose(name, roles[0] if roles else "self", aliases, country))
    office = configuration(
        description, chosen, documents, shapes, name=name, wsdl=wsdl, target=target, language=country.language
    )
    return Skeleton("\n".join(lines) + "\n", office)


def _port(description: Description, operation: str, port: str | None) -> Port:
    ports = [one for one in description.ports if port is None or one.name == port]
    found = next((one for one in ports if operation in one.operations()), None)
    if found is not None:
        return found
    broken = next((one for one in ports if operation in one.missing()), None)
    if broken is not None:
        broken.operation(operation)  # Raises, and says what is wrong with it.
    names = {name for one in ports for name in one.operations()}
    where = f" at the port {port}" if port is not None else ""
    raise ConfigurationError(
        f"the WSDL has no operation {operation}{where}",
        key="--skeleton",
        remedy=f"It has: {nearest_first(operation, names)}.",
    )


def _records(reply: Shape) -> list[tuple[str, Shape]]:
    """The way to the repeated element that is nearest to the root; empty where nothing is repeated."""
    level: list[list[tuple[str, Shape]]] = [[(one.name, one)] for one in reply.content]
    while level:
        for way in level:
            shape = way[-1][1]
            if shape.repeated and shape.name != "*" and not shape.name.startswith("@"):
                return way
        level = [[*way, (one.name, one)] for way in level for one in way[-1][1].content]
    return []


def _other_lists(reply: Shape, chosen: str) -> str:
    paths = [".".join(way) for way, shape in reply.walk() if shape.repeated and shape.name != "*"]
    others = [path for path in paths if path != chosen and not path.startswith(f"{chosen}.")]
    return f"; others: {', '.join(others[:5])}" if others else ""


def _body(leaves: Sequence[Leaf], target: str, fields: Mapping[str, TargetField], whose: _Whose) -> list[str]:
    single = [leaf for leaf in leaves if not leaf.repeated]
    key = best("key", single) or (single[0] if single else None)
    taken: set[str] = set()
    lines = []
    if key is not None:
        lines.append(f"key: {scalar(key.path)}    # CHECK: what identifies a record, for ever ({key.said})")
        taken.add(key.path)
    else:
        lines.append('key: "."    # CHECK: the reply names nothing; write the path of what identifies a record')
    if (changed := best("version", single)) is not None:
        form = f', format: "{moment.format}"' if (moment := changed.wording.moment) is not None else ""
        read = f"{{ from: {scalar(changed.path)}, as: datetime{form} }}"
        lines.append(f"version: {read}    # CHECK: grows with every change")
        taken.add(changed.path)
    lines += _party_lines(single, whose, taken, key)
    lines.append("fields:")
    suggestions: list[str] = []
    for name, field in fields.items():
        # The number that identifies a bill is often the one printed on it.
        usable = [leaf for leaf in single if leaf.path not in taken or (leaf is key and name == "document_number")]
        if field.required:
            lines.append(_field_line(name, field, usable, whose.country, taken))
        else:
            line = _field_line(name, field, leaves if field.kind == "list" else usable, whose.country)
            suggestions.append(line.split("    # CHECK", maxsplit=1)[0].strip() + f"    # {short(field.help)}")
    lines.append(f"  # Optional fields of {target}; take away the mark of those you want.")
    lines += [f"  # {line}" for line in suggestions]
    left = [leaf for leaf in leaves if leaf.path not in taken]
    if left:
        lines += ["ignore:", "  # Everything else a record carries. Take out what you map above."]
        lines += [f"  - {scalar(leaf.path)}    # {leaf.said}{converter(leaf, whose.country.currency)}" for leaf in left]
    lines.append(f"# examples: examples/{target}.yaml    # replies and what they become; `munihub record` writes them")
    return lines


def _party_lines(single: Sequence[Leaf], whose: _Whose, taken: set[str], key: Leaf | None) -> list[str]:
    found = [(leaf, scheme) for leaf in single if (scheme := identifier_scheme(leaf.name)) is not None]
    if found:
        taken.update(leaf.path for leaf, _ in found)
        lines = [f"  - {{ role: {whose.role}, scheme: {scheme}, from: {scalar(leaf.path)} }}" for leaf, scheme in found]
        return ["parties:    # CHECK: whose the record is, and the schemes", *lines]
    if whose.asked:
        return [f"subject: {{ scheme: {whose.asked[0]}, asked: true }}    # CHECK: everything in a reply is theirs"]
    own = f"{whose.back_office}.client"
    path = scalar(key.path) if key is not None else '"."'
    check = "# CHECK: whose the record is; nothing here looks like an identifier"
    return [f"subject: {{ scheme: {own}, from: {path} }}    {check}"]


def _field_line(
    name: str, field: TargetField, leaves: Sequence[Leaf], country: Country, taken: set[str] | None = None
) -> str:
    """A line of `fields:`; the leaf that a required field is read from is added to `taken`."""
    kind = str(field.kind)
    check = f"    # CHECK: {short(field.help)}"
    if kind == "list":
        return f"  {name}: {_list(field, leaves, country)}{check}"
    leaf = best(name, leaves, kind)
    if taken is not None and leaf is not None:
        taken.add(leaf.path)
    path = scalar(leaf.path) if leaf is not None else "PATH"
    if kind == "choice":
        if leaf is not None and leaf.values:
            table = ", ".join(f"{quoted(value)}: {field.choices[0]}" for value in leaf.values[:12])
            return f"  {name}: {{ from: {path}, table: {{ {table} }} }}{check} One of {', '.join(field.choices)}."
        if taken is not None and leaf is not None:
            taken.discard(leaf.path)
        return f"  {name}: {{ constant: {field.choices[0]} }}{check} One of {', '.join(field.choices)}."
    if leaf is None and field.required:
        if kind == "money":
            return f'  {name}: {{ constant: "0.00", currency: {country.currency} }}{check}'
        language = f", language: {country.language}" if kind == "localised_text" else ""
        return f"  {name}: {{ constant: unknown{language} }}{check}"
    return f"  {name}: {_value(kind, leaf, path, leaves, country)}{check}"


def _value(kind: str, leaf: Leaf | None, path: str, leaves: Sequence[Leaf], country: Country) -> str:
    """How a field of a kind is read from a path; the path alone where nothing more needs to be said."""
    if kind == "references":
        model = next((one for one in leaves if one.name.lower() == "model"), None)
        if model is not None and country.reference in {"hr.poziv_na_broj", "rs.poziv_na_broj"}:
            return f"[{{ scheme: {country.reference}, join: [{scalar(model.path)}, {path}] }}]"
        return f"[{{ scheme: {country.reference or 'SCHEME'}, from: {path} }}]"
    extra = ""
    if kind == "money":
        how = leaf.wording.amount if leaf is not None else None
        extra = f", as: {how or 'decimal'}, currency: {country.currency}"
    elif kind == "localised_text":
        extra = f", language: {country.language}"
    elif kind in {"date", "datetime"} and leaf is not None and leaf.wording.moment is not None:
        extra = f', as: {kind}, format: "{leaf.wording.moment.format}"'
    return f"{{ from: {path}{extra} }}" if extra else path


def _list(field: TargetField, leaves: Sequence[Leaf], country: Country) -> str:
    """The fields of an item, from the first repeated element that has all that an item needs."""
    groups: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        if leaf.repeated and (way := leaf.path.rpartition(".")[0]):
            groups.setdefault(way, []).append(leaf)
    each, found = "PATH", dict[str, Leaf | None]()
    for way, inside in groups.items():
        matches = {name: best(name, inside, str(one.kind)) for name, one in field.fields.items()}
        if all(matches[name] is not None for name, one in field.fields.items() if one.required):
            each, found = way, matches
            break
    parts = []
    for name, one in field.fields.items():
        part = found.get(name)
        if part is None and each != "PATH":
            continue
        path = scalar(part.path.removeprefix(f"{each}.")) if part is not None else "PATH"
        parts.append(f"{name}: {_value(str(one.kind), part, path, (), country)}")
    return f"{{ each: {each}, fields: {{ {', '.join(parts)} }} }}"


def as_targets(targets: Mapping[str, Any], name: str) -> Any:
    """The target called `name`. Raises ConfigurationError with those there are."""
    if name not in targets:
        raise ConfigurationError(f"there is no target {name}", key="--target", remedy=f"One of {', '.join(targets)}.")
    return targets[name]
