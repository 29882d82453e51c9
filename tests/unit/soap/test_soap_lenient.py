"""Fields that a town has said need not fit the schema: they stop nothing, and are told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from lxml import etree

from hub.kernel.errors import RemoteGarbage
from hub.kit.soap.contract import load_contract
from hub.kit.soap.documents import collect_from_folder
from hub.kit.soap.reply import check_body
from hub.kit.soap.schema import BodySchema
from tests.unit.soap.samples import NS, dogs, write

EXPECTED = etree.QName(NS, "FindDogsResponse")


@pytest.fixture
def schema(tmp_path: Path) -> BodySchema:
    found = load_contract(collect_from_folder(write(tmp_path, dogs_wsdl=dogs()), "dogs.wsdl")).schema
    assert found is not None
    return found


def dog(*parts: str, **attributes: str) -> str:
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<Dog{written}>{''.join(parts)}</Dog>"


TAG, NAME, FEE = "<Tag>T</Tag>", "<Name>Rex</Name>", "<Fee>1</Fee>"
BAD_FEE, BAD_BORN = "<Fee>Ana Novak</Fee>", "<Born>31.1.2026</Born>"


def reply(*dogs_: str) -> etree._Element:
    return etree.fromstring(f'<FindDogsResponse xmlns="{NS}"><Dogs>{"".join(dogs_)}</Dogs></FindDogsResponse>')


def told(body: etree._Element, schema: BodySchema, *lenient: str) -> list[str]:
    size = len(etree.tostring(body))
    return [one.path for one in check_body(body, EXPECTED, schema, size=size, lenient=lenient)]


class TestForgiven:
    def test_a_value(self, schema: BodySchema) -> None:
        body = reply(dog(TAG, NAME, BAD_FEE), dog(TAG, NAME, FEE), dog(TAG, NAME, BAD_FEE))
        (one,) = check_body(body, EXPECTED, schema, size=0, lenient=["Dogs.Dog.Fee"])
        assert (one.path, one.reason) == ("Dogs.Dog.Fee", "is not a valid value of the atomic type 'xs:decimal'")

    def test_what_is_missing(self, schema: BodySchema) -> None:
        assert told(reply(dog(TAG, NAME)), schema, "Dogs.Dog.Fee") == ["Dogs.Dog.Fee"]
        born = "<Born>2026-01-31</Born>"
        assert told(reply(dog(TAG, NAME, born)), schema, "Dogs.Dog.Fee") == ["Dogs.Dog.Fee"]

    def test_what_is_too_much(self, schema: BodySchema) -> None:
        assert told(reply(dog(TAG, NAME, FEE, "<Chip>1</Chip>")), schema, "Dogs.Dog.Chip") == ["Dogs.Dog.Chip"]

    def test_an_attribute(self, schema: BodySchema) -> None:
        assert told(reply(dog(TAG, NAME, FEE, breed="x")), schema, "Dogs.Dog.@breed") == ["Dogs.Dog.@breed"]

    def test_a_valid_reply_has_nothing_to_forgive(self, schema: BodySchema) -> None:
        assert told(reply(dog(TAG, NAME, FEE)), schema, "Dogs.Dog.Fee") == []

    def test_several_paths(self, schema: BodySchema) -> None:
        body = reply(dog(TAG, NAME, BAD_FEE), dog(TAG, NAME, FEE, BAD_BORN))
        assert told(body, schema, "Dogs.Dog.Fee", "Dogs.Dog.Born") == ["Dogs.Dog.Fee", "Dogs.Dog.Born"]


class TestNotForgiven:
    def test_another_place(self, schema: BodySchema) -> None:
        body = reply(dog(TAG, NAME, BAD_FEE), dog(TAG, NAME, FEE, BAD_BORN))
        with pytest.raises(RemoteGarbage) as caught:
            told(body, schema, "Dogs.Dog.Fee")
        assert str(caught.value) == (
            "The reply FindDogsResponse breaks the WSDL's schema at Dogs.Dog[2].Born: "
            "is not a valid value of the atomic type 'xs:date' (line 1)."
        )
        assert caught.value.evidence == "Dogs.Dog[2].Born = '31.1.2026'"

    def test_what_would_stand_elsewhere(self, schema: BodySchema) -> None:
        with pytest.raises(RemoteGarbage, match=r"at Dogs\.Dog: .*Expected is \( Fee \)"):
            told(reply(dog(TAG, NAME)), schema, "Dogs.Dog.Born")

    def test_behind_many_that_are_forgiven(self, schema: BodySchema) -> None:
        many = [dog(TAG, NAME, BAD_FEE)] * 900
        with pytest.raises(RemoteGarbage, match=r"at Dogs\.Dog\[901\]\.Born: "):
            told(reply(*many, dog(TAG, NAME, FEE, BAD_BORN)), schema, "Dogs.Dog.Fee")


def test_every_record_of_a_large_reply_has_the_same_mistake(schema: BodySchema) -> None:
    body = reply(*[dog(TAG, NAME, BAD_FEE)] * 5_000)
    started = time.process_time()
    assert told(body, schema, "Dogs.Dog.Fee") == ["Dogs.Dog.Fee"]
    assert time.process_time() - started < 5
