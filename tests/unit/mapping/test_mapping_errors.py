"""A mapping that cannot work says so when it is loaded: file, line, key, what is allowed, what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.kernel.errors import ConfigurationError
from hub.mapping.compile import compile_mapping
from tests.unit.mapping.engine import HEAD, TARGETS, ZAGREB, compiled

START = "target: thing\nkey: Id\nsubject: { scheme: hr.oib, from: S }\n"


def error(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        compiled(text)
    return str(caught.value)


def field_error(name: str, spec: str) -> str:
    """The complaint about one field, which stands on line 5."""
    return error(f"{HEAD}fields:\n  {name}: {spec}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "thing.yaml: is not a block of keys. Write keys here; allowed are: target, source, namespaces,"),
        ("- a\n", "thing.yaml:1: is not a block of keys."),
        ("taget: thing\n", "thing.yaml:1: taget: unknown key 'taget'. Did you mean 'target'? Allowed: target, source,"),
        ("key: Id\n", "thing.yaml:1: says no target. Add target: one of thing, strict."),
        (
            "target: thin\n",
            "thing.yaml:1: target: unknown target 'thin'. Did you mean 'thing'? Allowed: thing, strict.",
        ),
        ("target: 5\n", "thing.yaml:1: target: is not a text. Write a text, in quotes"),
        (
            "target: thing\nsubject: { scheme: hr.oib, from: S }\n",
            "thing.yaml:1: has no key. Add key: path of what identifies a record at the source.",
        ),
        (
            "target: thing\nkey: Id\nfields: {}\n",
            "thing.yaml:1: does not say whose the records are. Write subject: { scheme: hr.oib, from: path }, or",
        ),
        (f"{START}parties: []\n", "thing.yaml:1: says both subject and parties. Write subject:"),
        (
            f"{START}fields:\n  text: A\n  txt: B\n",
            "thing.yaml:6: fields.txt: unknown field 'txt'. Did you mean 'text'? Allowed: text, title, amount,",
        ),
        (f"{START}fields: [a]\n", "thing.yaml:4: fields: is not a block of fields. Fields there are: text, title,"),
        (
            "target: strict\nkey: Id\nsubject: { scheme: hr.oib, from: S }\nfields:\n  number: N\n",
            "thing.yaml:4: fields: the required fields are missing: colour, text. Add colour: A colour.",
        ),
        (
            "target: strict\nkey: Id\nsubject: { scheme: hr.oib, from: S }\n",
            "thing.yaml:1: the required fields are missing: colour, text. Add colour: A colour.",
        ),
        (f"{START}source: Items\n", "thing.yaml:4: source: is not a block of keys. Write source: { records: path }."),
        (
            f"{START}source:\n  records: Items..Item\n",
            "thing.yaml:5: source.records: 'Items..Item': a name is missing.",
        ),
        (f"{START}source: {{ records: 'Items.@n' }}\n", "thing.yaml:4: source.records: is an attribute. Name the"),
        (f"{START}source: {{ each: . }}\n", "thing.yaml:4: source.each: '.' cannot be repeated. Name an element"),
        (
            f"{START}source: {{ timezone: Europe/Zagrb }}\n",
            "thing.yaml:4: source.timezone: 'Europe/Zagrb' is not a time",
        ),
        (f"{START}source: {{ complete: maybe }}\n", "thing.yaml:4: source.complete: is 'maybe'. Write true or false."),
        (f"{START}source: {{ cursor: [a] }}\n", "thing.yaml:4: source.cursor: is not a block of keys."),
        (
            f"{START}source: {{ cursor: {{ as: integer }} }}\n",
            "thing.yaml:4: source.cursor: does not say where it stands.",
        ),
        (
            f"{START}source: {{ cursor: {{ max: A, as: date }} }}\n",
            "thing.yaml:4: source.cursor.as: 'date' is no order. Add as: one of datetime, integer, text.",
        ),
        (
            f"{START}source: {{ cursor: {{ max: A }} }}\n",
            "thing.yaml:4: source.cursor: does not say in which order. Add as: one of datetime, integer, text.",
        ),
        (
            f"{START}source: {{ caught_up_to: {{ form: A }} }}\n",
            "thing.yaml:4: source.caught_up_to.form: unknown key 'form'. Did you mean 'format'? Allowed: from, format.",
        ),
        (
            f"{START}source: {{ caught_up_to: {{ format: x }} }}\n",
            "thing.yaml:4: source.caught_up_to: does not say where",
        ),
        (
            f"{START}source: {{ caught_up_to: {{ from: A, format: '%H' }} }}\n",
            "thing.yaml:4: source.caught_up_to.format: format '%H' has no year. Write it as in strptime:",
        ),
        (f"{START}version: {{ as: integer }}\n", "thing.yaml:4: version: does not say where the version is from."),
        (
            f"{START}version: {{ from: V, as: date }}\n",
            "thing.yaml:4: version.as: 'date' is no order of versions. Did you mean 'datetime'? Allowed: datetime, integer.",
        ),
        (
            f"{START}version: {{ from: V, as: integer, format: '%Y' }}\n",
            "thing.yaml:4: version.format: a whole number has no format.",
        ),
        (f"{START}version: {{ from: V, table: {{}} }}\n", "thing.yaml:4: version.table: unknown key 'table'."),
        (
            f"{START}removed: {{ from: A }}\n",
            "thing.yaml:4: removed: is not complete. Write { from: path, values: [true] }.",
        ),
        (
            f"{START}removed: {{ from: A, values: [1.10] }}\n",
            "thing.yaml:4: removed.values[0]: 1.1 is not a code. Write codes in quotes: '1.10'.",
        ),
        (f"{START}where: {{ from: A, in: [x], not_in: [y] }}\n", "thing.yaml:4: where: is not complete."),
        (f"{START}where:\n  - {{ in: [x] }}\n", "thing.yaml:5: where[0]: is not complete."),
        (
            f"{START}where: A\n",
            "thing.yaml:4: where: is not a list. Write { from: path, in: [codes] }, or a list of them.",
        ),
        (f"{START}where: {{ from: A, in: {{}} }}\n", "thing.yaml:4: where.in: is not a list. Write a list of codes"),
        (f"{START}ignore: A\n", "thing.yaml:4: ignore: is not a list. Write a list of paths: [ClerkCode, Audit.*]."),
        (f"{START}ignore: [A, B..C]\n", "thing.yaml:4: ignore[1]: 'B..C': a name is missing."),
        (f"{START}ignore: [a:B]\n", "thing.yaml:4: ignore[0]: 'a:B': the prefix 'a' is not declared under namespaces"),
        (
            f"{START}namespaces: {{ a: 'urn:a' }}\nignore: ['a:S']\n",
            "thing.yaml:5: ignore[0]: 'S' stands in this mapping with and without a namespace prefix. Write the path",
        ),
        (f"{START}namespaces: [a]\n", "thing.yaml:4: namespaces: is not a block of prefixes."),
        (f"{START}namespaces: {{ a: 5 }}\n", "thing.yaml:4: namespaces.a: is not a text."),
        (
            f"{START}namespaces: {{ a: 'urn:a' }}\nfields: {{ text: A, number: 'a:A' }}\n",
            "thing.yaml:5: fields.number: 'A' stands in this mapping with and without a namespace prefix.",
        ),
        (
            f"{START}fields:\n  text: P.N\n  parts: {{ each: P, fields: {{ name: M }} }}\n",
            "thing.yaml:1: a path leads into 'P', which `each` repeats. Read it inside that each.",
        ),
        (f"{START}examples: [x]\n", "thing.yaml:4: examples: is not a text."),
    ],
)
def test_the_mapping(text: str, message: str) -> None:
    assert error(text).startswith(message)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("subject: A", "thing.yaml:3: subject: is not a block of keys. Write { scheme: hr.oib, from: path }."),
        ("subject: { from: A }", "thing.yaml:3: subject: has no scheme. Add scheme: hr.oib, or <back office>.<name>"),
        (
            "subject: { scheme: hr.oibb, from: A }",
            "thing.yaml:3: subject.scheme: 'hr.oibb' is not a scheme of identifiers (did you mean hr.oib?)",
        ),
        ("subject: { scheme: hr.oib, asked: yes }", "thing.yaml:3: subject.asked: asked is not true."),
        ("subject: { scheme: hr.oib, asked: true, from: A }", "thing.yaml:3: subject.from: unknown key 'from'."),
        (
            "subject: { scheme: hr.oib }",
            "thing.yaml:3: subject: does not say where the value is from. Write exactly one of",
        ),
        ("subject: { scheme: hr.oib, from: A, as: text }", "thing.yaml:3: subject.as: has a converter. Remove it:"),
        ("subject: { scheme: hr.oib, from: A, role: debtor }", "thing.yaml:3: subject.role: unknown verb 'role'."),
        ("parties: { scheme: hr.oib, from: A }", "thing.yaml:3: parties: is not a list."),
        (
            "parties: [{ role: payer, scheme: hr.oib, from: A }]",
            "thing.yaml:3: parties[0].role: unknown role 'payer'. Allowed: debtor, co_owner.",
        ),
        (
            "parties: [{ scheme: hr.oib, each: '@a', from: A }]",
            "thing.yaml:3: parties[0].each: '@a' cannot be repeated.",
        ),
    ],
)
def test_parties(spec: str, message: str) -> None:
    assert error(f"target: thing\nkey: Id\n{spec}\nfields: {{}}\n").startswith(message)


@pytest.mark.parametrize(
    ("name", "spec", "message"),
    [
        ("text", "{ frm: A }", "fields.text.frm: unknown verb 'frm'. Did you mean 'from'? Allowed: from, constant, first_of,"),
        ("text", "{ from: A, format: x }", "fields.text.format: unknown verb 'format'."),
        ("text", "{ from: A, constant: x }", "fields.text: has from and constant. Write exactly one of: from, constant, first_of, join."),
        ("text", "{ as: text }", "fields.text: does not say where the value is from. Write exactly one of:"),
        ("text", "", "fields.text: is neither a path nor a block of verbs. Write a path, or { from: path, as: converter }."),
        ("text", "[a]", "fields.text: is neither a path nor a block of verbs."),
        ("text", "{ from: 5 }", "fields.text.from: is not a text."),
        ("text", "{ from: '@a.b' }", r"fields.text.from: '@a.b': nothing can stand below an attribute;"),
        ("text", "a:b", "fields.text: 'a:b': the prefix 'a' is not declared under namespaces (declared: none);"),
        ("day", "{ from: A, as: dat }", "fields.day.as: unknown converter 'dat'. Did you mean 'date'? Allowed: text, decimal,"),
        ("day", "{ from: A, as: integer }", "fields.day.as: 'integer' makes a integer, and this field is a date. Allowed here: date."),
        ("title", "{ from: A, as: date, language: hr }", "fields.title.as: 'date' makes a date, and this field is a localised_text. Allowed here: text,"),
        ("amount", "A", "fields.amount: does not say how a money is written. Add as: one of decimal, decimal_comma, minor_units."),
        ("amount", "{ from: A, as: decimal }", "fields.amount: has no currency. Add currency: EUR, or currency: { from: path }."),
        ("amount", "{ from: A, as: decimal, currency: Euro }", "fields.amount.currency: 'Euro' is not an ISO 4217 currency code. Write EUR, or { from: path } for a path."),
        ("amount", "{ from: A, as: decimal, currency: { fro: B } }", "fields.amount.currency.fro: unknown verb 'fro'. Did you mean 'from'?"),
        ("amount", "{ from: A, as: decimal, currency: EUR, group: '..' }", "fields.amount.group: group is '..', not one sign other than the decimal mark '.'. Write one sign in quotes."),
        ("amount", "{ from: A, as: decimal, currency: EUR, table: {} }", "fields.amount.table: unknown verb 'table'."),
        ("amount", "{ from: A, as: decimal, currency: EUR, sign: { from: B } }", 'fields.amount.sign: is not complete. Write sign: { from: path, negative: ["-"] }.'),
        ("amount", "{ from: A, as: decimal, currency: EUR, sign: B }", "fields.amount.sign: is not a block of keys."),
        ("amount", "{ constant: 5 }", "fields.amount: an amount written here needs a currency written here. Add currency: EUR."),
        ("amount", "{ constant: x, currency: EUR }", "fields.amount.constant: 'x' is not an amount. Write \"12.50\"."),
        ("amount", "{ constant: '', currency: EUR }", "fields.amount.constant: is empty."),
        ("amount", "{ from: A, as: decimal, currency: { from: B }, default: 0 }", "fields.amount: an amount written here needs a currency written here."),
        ("day", "{ from: A, as: date, format: dd.MM.yyyy }", "fields.day.format: format 'dd.MM.yyyy' is neither a pattern of strptime nor one of excel, dotnet, unix, unix_ms. Options of date are format: As in strptime"),
        ("moment", "{ from: A, as: datetime, timezone: Zagreb }", "fields.moment.timezone: 'Zagreb' is not a time zone"),
        ("flag", "{ from: A, as: boolean, true: [D], false: [D] }", "fields.flag.true: D stands for true and for false."),
        ("text", "{ from: A, as: identifier }", "fields.text: scheme is missing. Options of identifier are scheme: Such as `hr.oib`"),
        ("text", "{ from: A, as: identifier, scheme: hr.oibb }", "fields.text.scheme: 'hr.oibb' is not a scheme of identifiers"),
        ("text", "{ constant: }", "fields.text: constant is empty. Write a value, or leave the field out."),
        ("text", "{ constant: [a] }", "fields.text.constant: ['a'] is not a text."),
        ("text", "{ constant: x, lenient: true }", "fields.text.lenient: unknown verb 'lenient'. Allowed: constant."),
        ("number", "{ constant: x }", "fields.number.constant: 'x' is not a whole number. Write a whole number."),
        ("flag", "{ constant: 1 }", "fields.flag.constant: 1 is not a boolean. Write true or false."),
        ("colour", "{ constant: grean }", "fields.colour.constant: 'grean' is not a choice. Did you mean 'green'? Allowed: red, green."),
        ("day", "{ constant: 31.1.2026 }", "fields.day.constant: '31.1.2026' is not a date such as 2026-01-31. Write a date."),
        ("day", "{ from: A, default: '' }", "fields.day.default: is not a date."),
        ("keys", "{ constant: x }", "fields.keys.constant: is not a list. Write a list of texts."),
        ("keys", "{ join: [A] }", "fields.keys.join: unknown verb 'join'."),
        ("keys", "{ from: '@a' }", "fields.keys.from: '@a' cannot be repeated. Name a place that holds one value."),
        ("title", "A", "fields.title: does not say in which language the text is. Add language: hr, or write languages:"),
        ("title", "{ from: A, table: { K: Fee } }", "fields.title.table.K: does not say in which language. Write { hr: …, en: … }, or add language: hr beside it."),
        ("title", "{ constant: Fee }", "fields.title.constant: does not say in which language."),
        ("title", "{ languages: {} }", "fields.title: languages is empty."),
        ("title", "{ languages: { hr: { frm: A } } }", "fields.title.languages.hr.frm: unknown verb 'frm'."),
        ("colour", "{ from: A, table: { K: read } }", "fields.colour.table.K: 'read' is not a choice. Did you mean 'red'?"),
        ("colour", "{ from: A, table: {} }", "fields.colour.table: is not a table of codes."),
        ("text", "{ from: A, table: { 1.10: x } }", "a key is a text, an integer or a boolean. Quote the key."),
        ("text", "{ from: A, as: text, table: { K: x } }", "fields.text.as: has a table and a converter. Keep one:"),
        ("number", "{ from: A, table: { K: x } }", "fields.number.table.K: 'x' is not a whole number."),
        ("flag", "{ from: A, table: { K: 1 } }", "fields.flag.table.K: 1 is not a boolean."),
        ("text", "{ first_of: [] }", "fields.text: first_of is empty. Write a list: [PathA, { from: PathB }]."),
        ("text", "{ first_of: A }", "fields.text.first_of: is not a list."),
        ("number", "{ first_of: [A, { from: B, as: date }] }", "fields.number.first_of[1].as: 'date' makes a date, and this field is a integer."),
        ("text", "{ join: [] }", "fields.text: join is empty."),
        ("text", "{ join: [A, { from: B, as: integer }] }", "fields.text.join[1].as: 'integer' makes a integer, and this field is a text."),
        ("text", "{ join: [A], with: 5 }", "fields.text.with: with is not a text."),
        ("text", "{ from: A, with: x }", "fields.text.with: unknown verb 'with'."),
        ("text", "{ from: A, split: '/' }", "fields.text.split: is not a block of keys."),
        ("text", "{ from: A, split: { by: / } }", 'fields.text.split: is not complete. Write { by: "/", part: 1 }; part -1 is the last one.'),
        ("text", "{ from: A, split: { by: /, part: 0 } }", "fields.text.split: is not complete."),
        ("keys", "{ from: A, split: { by: / } }", "fields.keys.split: is not a text."),
        ("text", "{ from: A, lenient: 1 }", "fields.text.lenient: is 1. Write true or false."),
        ("text", "{ from: A, empty: {} }", "fields.text.empty: is not a list."),
        ("references", "A", "fields.references: is not a list. Write a list: [{ scheme: cz.variable_symbol, from: path }]."),
        ("references", "[{ from: A }]", "fields.references[0]: has no scheme. Add scheme: text, or one such as cz.variable_symbol."),
        ("references", "[A]", "fields.references[0]: has no scheme."),
        ("references", "[{ scheme: x, from: A, as: date }]", "fields.references[0].as: 'date' makes a date, and this field is a text."),
        ("parts", "A", "fields.parts: is not a block of keys. Write keys here; allowed are: each, fields."),
        ("parts", "{ fields: {} }", "fields.parts: does not say what is repeated. Add each: path of the repeated element."),
        ("parts", "{ each: '@a', fields: {} }", "fields.parts.each: '@a' cannot be repeated."),
        ("parts", "{ each: P, fields: { nam: N } }", "fields.parts.fields.nam: unknown field 'nam'. Did you mean 'name'? Allowed: name, day, amount."),
        ("parts", "{ each: P, fields: { day: D } }", "fields.parts.fields: the required field is missing: name. Add name: Its name."),
        ("parts", "{ each: P }", "fields.parts: the required field is missing: name. Add name: Its name."),
    ],
)  # fmt: skip
def test_fields(name: str, spec: str, message: str) -> None:
    assert field_error(name, spec).startswith(f"thing.yaml:5: {message}")


def test_the_line_is_that_of_the_key() -> None:
    message = error(
        f"{START}fields:\n  parts:\n    each: P\n    fields:\n      name: N\n      amount:\n        from: A\n"
        "        as: decimal_coma\n        currency: EUR\n"
    )
    assert message.startswith("thing.yaml:11: fields.parts.fields.amount.as: unknown converter 'decimal_coma'.")
    assert "Did you mean 'decimal_comma'?" in message


def test_the_error_has_its_parts() -> None:
    with pytest.raises(ConfigurationError) as caught:
        compiled(f"{START}fields:\n  txt: A\n")
    assert (caught.value.file, caught.value.line, caught.value.key) == ("thing.yaml", 5, "fields.txt")
    assert caught.value.problem == "unknown field 'txt'"
    assert (caught.value.remedy or "").startswith("Did you mean 'text'? Allowed: ")


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "thing.yaml"
    file.write_text(f"{START}fields: {{ text: A }}\nexamples: examples/thing.yaml\n")
    mapping = compile_mapping(file, TARGETS, timezone=ZAGREB)
    assert (mapping.file, mapping.examples) == (file, tmp_path / "examples" / "thing.yaml")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        compile_mapping(str(tmp_path / "other.yaml"), TARGETS, timezone=ZAGREB)
