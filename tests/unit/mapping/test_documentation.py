"""docs/mapping.md names every word there is, and what it shows works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.bootstrap.nouns import TARGETS
from hub.kit.identifiers import NATIONAL
from hub.kit.yaml_document import parse
from hub.mapping.compile import OWN_SOURCE_KEYS, compile_mapping
from hub.mapping.converters import CONVERTERS
from hub.mapping.date_formats import COUNTED
from hub.mapping.detail import OWN_DETAIL_KEYS
from hub.mapping.model import Target
from hub.mapping.receipt import compile_receipt
from hub.mapping.request import compile_request
from hub.mapping.writers import WRITERS
from hub.obligations.model import TARGET
from tests.unit.mapping.engine import ZAGREB

PAGE = (Path(__file__).parents[3] / "docs" / "mapping.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(
    "word",
    [
        *CONVERTERS,
        *(option for converter in CONVERTERS.values() for option in converter.options),
        *WRITERS,
        *(option for writer in WRITERS.values() for option in writer.options),
        *OWN_DETAIL_KEYS,
        *COUNTED,
        *("required", "nil", "to", "receipts", "record", "file", "scheme"),
        *NATIONAL,
        *OWN_SOURCE_KEYS,
        *("from", "constant", "first_of", "join", "languages", "as", "table", "split", "empty", "default", "lenient"),
        *("language", "currency", "sign", "each", "fields", "with", "in", "not_in", "values", "asked", "role"),
        *("target", "source", "namespaces", "key", "version", "subject", "parties", "removed", "where", "ignore"),
        "examples",
    ],
)
def test_every_word_is_explained(word: str) -> None:
    blocks = "".join(BLOCKS) if word in OWN_DETAIL_KEYS else ""
    assert re.search(rf"(?m)^\s+{re.escape(word)}: .+#", blocks) or re.search(
        rf"`[^`\n]*(?<![\w.]){re.escape(word)}(?![\w.])[^`\n]*`", PAGE
    )


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_every_field_is_named_with_what_it_may_say(target: Target) -> None:
    (section,) = re.findall(r"(?ms)^## Fields\n(.*?)^## ", PAGE)
    (row,) = re.findall(rf"(?m)^\| `{target.name}` \|(.*)\|$", section)
    own, _, items = row.partition(": list of ")
    lists = [field for field in target.fields.values() if field.fields]
    assert len(lists) <= 1
    for said, fields in ((own, target.fields), (items, lists[0].fields if lists else {})):
        names = re.findall(r"(\*\*)?`(\w+)`", re.sub(r"\(.*?\)", "", said))
        assert {name: bool(bold) for bold, name in names} == {name: one.required for name, one in fields.items()}
    for name, field in target.fields.items():
        if field.choices:
            assert f"**`{name}`** ({', '.join(f'`{choice}`' for choice in field.choices)})" in own


def test_the_mappings_shown_can_be_loaded() -> None:
    shown = [block for block in BLOCKS if "target:" in block]
    assert len(shown) == 2
    for block in shown:
        mapping = compile_mapping(parse(block, "docs.yaml"), {"obligation": TARGET}, timezone=ZAGREB)
        assert mapping.schemes == {"hr.oib"}


def test_the_examples_shown_can_be_read() -> None:
    (shown,) = [block for block in BLOCKS if "records:\n" in block]
    (example,) = parse(shown, "docs.yaml").data
    assert set(example) == {"name", "input", "asked", "records", "problems", "drift", "caught_up_to", "cursor"}


def test_what_is_sent_as_shown() -> None:
    (shown,) = [parse(block, "docs.yaml").data for block in BLOCKS if block.startswith("request:")]
    request = compile_request(shown["request"], file="docs.yaml", timezone=ZAGREB)
    record = {
        "key": "k", "title": {"hr": "Žalba"}, "kind": "complaint", "receipts": {"case": {"number": "7"}},
        "fee": {"minor": -150, "currency": "EUR"}, "documents": [{"name": "a", "content": b"x"}],
    }  # fmt: skip
    assert request.build(record) == {
        "Kljuc": "k", "Predmet": {"Naziv": "Žalba", "Vrsta": "P", "Broj": "7"}, "Iznos": "1,50", "Valuta": "EUR",
        "Strana": "P", "Rok": None, "Prilozi": {"Prilog": [{"Naziv": "a", "Sadrzaj": "eA=="}]},
    }  # fmt: skip
    receipt = compile_receipt(shown["receipt"], file="docs.yaml", timezone=ZAGREB)
    assert receipt.read({"Predmet": {"Broj": 7}}) == {"number": "7"}
