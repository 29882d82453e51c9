"""References are compared in one form, which Python and PostgreSQL make alike."""

from __future__ import annotations

import json

import psycopg
import pytest

from hub.kernel.references import Reference
from hub.statements.words import of_references, of_text

VALUES = [
    *("HR68 5720-87582274224", "HR00 0001-02", "0000012345", "000", "", "  ", "97 20-12345", "RF18 5390 0754 7034"),
    *("Čž-12-đ", "hr01 7269-68949637676-00019", "2026/004711", "HR68", "A" * 90, "0HR6812"),
]


@pytest.mark.parametrize("value", VALUES)
def test_both_make_the_same_of_a_reference(urls, value):
    with psycopg.connect(urls.owner) as connection:
        row = connection.execute(
            "select munihub_plain_references(%s::jsonb)", [json.dumps([{"scheme": "text", "value": value}])]
        ).fetchone()
    assert sorted(of_references([Reference("text", value)])) == sorted(row[0])


def test_a_constant_symbol_is_nobodys():
    assert of_references([Reference("cz.constant_symbol", "0308"), Reference("cz.variable_symbol", "0012")]) == ["12"]


def test_of_a_text_what_could_be_a_number_from_a_bill():
    text = "Uplata po računu 2026-004711, br. 17/26 od 12.11.2026 HR68 5720-87582274224 hvala 1250,00"
    found = of_text(text)
    assert {"2026004711", "572087582274224"} <= set(found)
    assert not {"HVALA", "RAČUNU", "1726"} & set(found)
