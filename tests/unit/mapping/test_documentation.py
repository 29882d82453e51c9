"""docs/mapping.md names every word there is, and what it shows works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.kit.identifiers import NATIONAL
from hub.kit.yaml_document import parse
from hub.mapping.compile import OWN_SOURCE_KEYS, compile_mapping
from hub.mapping.converters import CONVERTERS
from hub.obligations.model import TARGET
from tests.unit.mapping.engine import ZAGREB

PAGE = (Path(__file__).parents[3] / "docs" / "mapping.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(
    "word",
    [
        *CONVERTERS,
        *(option for converter in CONVERTERS.values() for option in converter.options),
        *NATIONAL,
        *OWN_SOURCE_KEYS,
        *("from", "constant", "first_of", "join", "languages", "as", "table", "split", "empty", "default", "lenient"),
        *("language", "currency", "sign", "each", "fields", "with", "in", "not_in", "values", "asked", "role"),
        *("target", "source", "namespaces", "key", "version", "subject", "parties", "removed", "where", "ignore"),
        "examples",
    ],
)
def test_every_word_is_explained(word: str) -> None:
    assert re.search(rf"`[^`\n]*(?<![\w.]){re.escape(word)}(?![\w.])[^`\n]*`", PAGE)


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
