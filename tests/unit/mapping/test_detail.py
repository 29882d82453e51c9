"""`detail:`, a second call for each record: who is asked about, what becomes of failures, and how much is asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import current_thread
from typing import Any

import pytest
from lxml import etree

from hub.back_offices.details import DetailReader
from hub.kernel.errors import ConfigurationError, RemoteFault, RemoteRefused, RemoteUnavailable
from hub.kit.parameters import aliases_needed, compile_parameters
from hub.mapping.compile import compile_mapping
from hub.mapping.detail import Detail
from hub.mapping.examples import run_examples
from hub.mapping.fragments import fragments
from hub.mapping.mapping import Mapping
from hub.mapping.model import Mapped
from hub.ports.back_office import Arguments, Page
from tests.support.threads import hop
from tests.unit.mapping.engine import TARGETS, ZAGREB, compiled, xml

MAPPING = """\
target: thing
source:
  list: things
  records: Items.Item
  detail: {{ thing: {{ id: {{ record: Id }} }}, records: Thing{more} }}
key: Id
subject: {{ scheme: hr.oib, asked: true }}
removed: {{ from: Gone, values: [true] }}
where: {{ from: State, not_in: [X] }}
fields:
  text: Name
  number: Detail.Number
  keys: {{ from: Detail.Keys.Key }}
"""
ARGUMENTS = Arguments(datetime(2026, 11, 22, tzinfo=UTC), {"hr.oib": "87582274224"}, "cursor")


def mapping(more: str = "") -> Mapping:
    return compiled(MAPPING.format(more=more))


@dataclass
class Office:
    """A list, and a reply (or an error) by the `Id` that is asked for."""

    pages: list[Any]
    replies: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    now: int = 0
    most_at_once: int = 0

    async def everything(self, arguments: Arguments) -> AsyncIterator[Page]:
        assert (arguments.cursor, dict(arguments.record)) == ("cursor", {})
        for document in self.pages:
            yield Page(document, b"", "application/json")

    async def one(self, arguments: Arguments) -> AsyncIterator[Page]:
        assert arguments.cursor is None
        key = arguments.record["Id"]
        self.asked.append(key)
        self.now += 1
        self.most_at_once = max(self.now, self.most_at_once)
        await asyncio.sleep(0)
        self.now -= 1
        reply = self.replies[key]
        if isinstance(reply, Exception):
            raise reply
        yield Page(reply, b"", "application/json")

    async def read(self, by: Mapping) -> list[Mapped]:
        @dataclass
        class Reader:
            read: Callable[[Arguments], AsyncIterator[Page]]

        assert by.detail is not None
        reader = DetailReader(by, by.detail, Reader(self.everything), Reader(self.one))
        return [by.map(page.document, asked=ARGUMENTS.aliases) async for page in reader.read(ARGUMENTS)]


def items(*records: dict[str, Any]) -> dict[str, Any]:
    return {"Items": {"Item": [{"State": "O", "Name": "n", **record} for record in records]}}


def detail(number: Any, *keys: str) -> dict[str, Any]:
    return {"Thing": {"Number": number, "Keys": {"Key": list(keys)}}}


async def test_records_with_their_details() -> None:
    office = Office([items({"Id": "1"}, {"Id": "2"})], {"1": detail(5, "a", "b"), "2": detail(6)})
    (mapped,) = await office.read(mapping())
    assert (mapped.problems, mapped.drift) == ([], [])
    assert [(one.key, one.values["text"], one.values["number"], one.values["keys"]) for one in mapped.records] == [
        ("1", "n", 5, ("a", "b")),
        ("2", "n", 6, ()),
    ]


async def test_the_same_in_xml() -> None:
    document = xml('<R xmlns="urn:l"><Items><Item><Id>1</Id><State>O</State></Item></Items></R>')
    reply = xml('<R xmlns="urn:d"><Thing><Number>5</Number><Keys><Key>a</Key></Keys><New>x</New></Thing></R>')
    (mapped,) = await Office([document], {"1": reply}).read(mapping())
    assert mapped.problems == []
    assert (mapped.records[0].values["number"], mapped.records[0].values["keys"]) == (5, ("a",))
    assert [(one.what, one.path) for one in mapped.drift] == [("unknown_field", "Detail.New")]
    # The reply itself stays as it was.
    assert etree.tostring(reply[0]).startswith(b"<Thing")


async def test_a_record_is_read_and_changed_in_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both write to what libxml2 keeps for the thread that parsed it (hub.kit.one_thread)."""
    document = xml("<R><Items>" + "<Item><Id>1</Id><State>O</State></Item>" * 3 + "<Item/></Items></R>")
    by, threads = mapping(), []
    for owner, name in ((Mapping, "details_wanted"), (Mapping, "details_found"), (Detail, "put"), (Detail, "mark")):
        call = getattr(owner, name)

        def noted(*given: Any, call: Any = call) -> Any:
            threads.append(current_thread())
            return call(*given)

        monkeypatch.setattr(owner, name, noted)
    hop()
    (mapped,) = await Office([document], {"1": xml("<R><Thing><Number>5</Number></Thing></R>")}).read(by)
    assert len(mapped.records) == 3
    assert len(threads) > 8
    assert len(set(threads)) == 1
    assert current_thread() not in threads
    assert document.find(".//Thing") is None


async def test_nobody_asks_about_what_is_gone_or_left_out() -> None:
    office = Office([items({"Id": "1", "Gone": True}, {"Id": "2", "State": "X"}, {"Id": "3"})], {"3": detail(1)})
    (mapped,) = await office.read(mapping())
    assert office.asked == ["3"]
    assert ([(one.key, one.removed) for one in mapped.records], mapped.problems) == ([("1", True), ("3", False)], [])


async def test_a_failure_refuses_its_record_and_no_other() -> None:
    office = Office(
        [items(*({"Id": str(number)} for number in range(1, 7)), {"Name": "nameless"})],
        {
            "1": RemoteFault("case 1 is locked"),
            "2": detail(2),
            "3": {"Thing": []},
            "4": {"Thing": [{}, {}]},
            "5": RemoteUnavailable("no answer"),
            "6": detail("x"),
        },
    )
    (mapped,) = await office.read(mapping())
    assert [one.key for one in mapped.records] == ["2"]
    assert [(one.key, one.field, one.path, one.reason) for one in mapped.problems] == [
        ("1", "detail", r"Items.Item[0].Detail\.asked", "the second call for it failed: case 1 is locked"),
        ("3", "detail", r"Items.Item[2].Detail\.asked", "the second call for it gave nothing"),
        ("4", "detail", r"Items.Item[3].Detail\.asked", "the second call for it gave 2 records"),
        ("5", "detail", r"Items.Item[4].Detail\.asked", "the second call for it failed: no answer"),
        ("6", "number", "Items.Item[5].Detail.Number", "'x' is not a whole number"),
        (None, "key", "Items.Item[6].Id", "is missing: no record is kept without one"),
        (None, "detail", r"Items.Item[6].Detail\.asked", "has no Id, by which its detail is asked for"),
    ]


async def test_what_was_refused_is_refused_again_until_it_has_its_detail() -> None:
    """A letter about it holds the record with what is known of its detail; so does one that was never asked for."""
    by = mapping()
    office = Office([items({"Id": "1"})], {"1": RemoteFault("locked")})
    document = office.pages[0]
    await office.read(by)
    kept, _ = fragments(by, document, ["1"])
    assert b'"Detail.asked": "the second call for it failed: locked"' in kept["1"]
    (problem,) = by.map(items({"Id": "1"})).problems
    assert problem.reason == "has no Detail: the second call for it was not made"
    whole = items({"Id": "1", "Detail": {"Number": 3}, "Detail.asked": "yes"})
    assert [one.values["number"] for one in by.map(whole, asked=ARGUMENTS.aliases).records] == [3]


async def test_a_back_office_that_is_down_ends_the_read() -> None:
    records = [{"Id": str(number)} for number in range(20)]
    office = Office([items(*records)], {record["Id"]: RemoteUnavailable("down") for record in records})
    with pytest.raises(RemoteUnavailable):
        await office.read(mapping())
    assert len(office.asked) < 10
    refused = Office([items({"Id": "1"})], {"1": RemoteRefused("who are you")})
    with pytest.raises(RemoteRefused):
        await refused.read(mapping())


async def test_the_number_of_calls_is_bounded() -> None:
    records = [{"Id": str(number)} for number in range(10)]
    replies = {record["Id"]: detail(1) for record in records}
    office = Office([items(*records)], replies)
    await office.read(mapping(", at_once: 3"))
    assert (office.most_at_once, len(office.asked)) == (3, 10)
    two_pages = Office([items(*records[:6]), items(*records[6:])], replies)
    with pytest.raises(ConfigurationError, match=r"source\.detail\.most: one read would ask for 10 details and more"):
        await two_pages.read(mapping(", most: 9"))
    assert len(two_pages.asked) == 6


async def test_a_name_that_the_record_has_already() -> None:
    office = Office([items({"Id": "1", "Detail": 1}), xml("<R><Items><Item><Id>2</Id><Detail/></Item></Items></R>")],
                    {"1": detail(1), "2": xml("<R><Thing/></R>")})  # fmt: skip
    for mapped in await office.read(mapping()):
        assert mapped.problems[-1].reason == "has a Detail of its own: give the detail another name in the mapping"


def test_parameters_of_a_second_call() -> None:
    by = mapping()
    assert by.detail is not None
    assert (by.source_call, by.detail.call) == ({"list": "things"}, {"thing": {"id": {"record": "Id"}}})
    bind = compile_parameters(by.detail.call)
    assert bind(Arguments(ARGUMENTS.now, record={"Id": "7"})) == {"thing": {"id": "7"}}
    with pytest.raises(ConfigurationError, match="names Id of a record, and it is about none"):
        bind(ARGUMENTS)
    assert aliases_needed([{"a": {"alias": "hr.oib"}}, by.detail.call]) == {"hr.oib"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("detail: 5", "source.detail: is not a block of keys."),
        ("detail: { request: x }", "source.detail: names nothing of the record."),
        ("detail: { p: { record: a..b } }", "source.detail.p.record: 'a..b': a name is missing"),
        ("detail: { p: { record: A }, name: a b }", "source.detail.name: 'a b' is not a name."),
        (
            "detail: { p: { record: A }, at_once: 17 }",
            "source.detail.at_once: is 17. Write a whole number from 1 to 16.",
        ),
        ("detail: { p: { record: A }, most: true }", "source.detail.most: is True."),
    ],
)
def test_a_detail_that_cannot_work(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        compiled(f"target: thing\nsource: {{ {text} }}\nkey: Id\nsubject: {{ scheme: hr.oib, asked: true }}\n")
    assert message in str(caught.value)


def test_where_cannot_look_at_a_detail() -> None:
    with pytest.raises(ConfigurationError, match=r"where\.from: is known only after the second call"):
        compiled(MAPPING.format(more="").replace("from: State", "from: Detail.State"))


def test_examples_with_details(tmp_path: Path) -> None:
    (tmp_path / "reply.json").write_text(json.dumps(detail(5)))
    (tmp_path / "examples.yaml").write_text(
        "- name: told, told here, and not told\n"
        "  input: { Items: { Item: [{ Id: 1, Name: n }, { Id: 2 }, { Id: 3 }, { Id: 4 }] } }\n"
        "  details: { 1: reply.json, 2: { Thing: { Number: 6 } }, 4: { Thing: [] } }\n"
        "  records:\n"
        "    - { key: '1', parties: [], values: { text: n, number: 5 } }\n"
        "    - { key: '2', parties: [], values: { number: 6 } }\n"
        "  problems:\n"
        "    - { key: '3', field: detail, path: 'Items.Item[2].Detail\\.asked' }\n"
        "    - { key: '4', field: detail, path: 'Items.Item[3].Detail\\.asked' }\n"
    )
    file = tmp_path / "thing.yaml"
    file.write_text(MAPPING.format(more="") + "examples: examples.yaml\n")
    (result,) = run_examples(compile_mapping(file, TARGETS, timezone=ZAGREB))
    assert result.differences == ()
