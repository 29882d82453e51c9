"""Answers in pages: by position, by page number, by token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from connectors.soap.pages import Pager
from connectors.soap.settings import Pages
from hub.kernel.errors import RemoteError, RemoteGarbage, RemoteUnavailable


def page(*dogs: str, total: int | str | None = None, token: str | None = None) -> etree._Element:
    body = etree.Element("{urn:d}Answer")
    items = etree.SubElement(body, "{urn:d}Dogs")
    items.append(etree.Comment("nothing"))
    for dog in dogs:
        etree.SubElement(items, "{urn:d}Dog").text = dog
    if total is not None:
        etree.SubElement(body, "{urn:d}Total").text = f" {total} "
    if token is not None:
        etree.SubElement(body, "{urn:d}Next").text = token
    return body


def walk(pages: Pages, serve: Callable[[dict[str, Any]], etree._Element], most: int = 20) -> list[dict[str, Any]]:
    """What is asked for until the pager has enough."""
    pager = Pager(pages)
    asked = []
    for _ in range(most):
        parameters = pager.parameters({"Owner": "1"})
        asked.append(parameters)
        if not pager.more(serve(parameters)):
            return asked
    raise AssertionError("endless")


ALL = ["a", "b", "c", "d", "e"]
COUNTED = Pages(parameter="Start", size_parameter="Count", size=2, items="Dogs.Dog", total="Total")


def test_by_position_until_the_total() -> None:
    asked = walk(COUNTED, lambda asked: page(*ALL[asked["Start"] : asked["Start"] + 2], total=5))
    assert asked == [{"Owner": "1", "Start": start, "Count": 2} for start in (0, 2, 4)]


def test_a_service_that_gives_fewer_than_it_was_asked_for() -> None:
    """Counted by what was asked for, the answer would end after four pages of one record, and the fifth be absent."""
    asked = walk(COUNTED, lambda asked: page(ALL[asked["Start"]], total=5))
    assert [one["Start"] for one in asked] == [0, 1, 2, 3, 4]


def test_an_answer_that_ends_before_its_total() -> None:
    error = refusal(COUNTED, lambda asked: page(*ALL[asked["Start"] : 3], total=5))
    assert (type(error), str(error)) == (RemoteGarbage, "The answer ended after 3 of 5 records (Total).")


@pytest.mark.parametrize("total", [0, 1, 2])
def test_one_page_is_enough(total: int) -> None:
    assert len(walk(COUNTED, lambda _: page(*ALL[:total], total=total))) == 1


def test_by_page_number_from_one_in_nested_parameters() -> None:
    pages = COUNTED.model_copy(
        update={"parameter": "Page.Number", "size_parameter": "Page.Size", "first": 1, "step": 1}
    )
    asked = walk(pages, lambda asked: page(*ALL[2 * asked["Page"]["Number"] - 2 :][:2], total=5))
    assert asked == [{"Owner": "1", "Page": {"Size": 2, "Number": number}} for number in (1, 2, 3)]


def test_until_a_page_is_empty() -> None:
    pages = Pages(parameter="Start", size=2, items="Dogs.Dog")
    asked = walk(pages, lambda asked: page(*["a", "b", "c"][asked["Start"] : asked["Start"] + 2]))
    assert [one["Start"] for one in asked] == [0, 2, 3]


def test_by_token() -> None:
    tokens = {None: "t1", "t1": "t2", "t2": None}
    asked = walk(Pages(parameter="Token", next="Next"), lambda asked: page("x", token=tokens[asked.get("Token")]))
    assert asked == [{"Owner": "1"}, {"Owner": "1", "Token": "t1"}, {"Owner": "1", "Token": "t2"}]


def test_an_empty_token_ends_it() -> None:
    assert len(walk(Pages(parameter="Token", next="Next"), lambda _: page(token=""))) == 1


def refusal(pages: Pages, serve: Callable[[dict[str, Any]], etree._Element]) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        walk(pages, serve)
    return caught.value


def test_a_total_that_changes_makes_the_answer_unusable() -> None:
    totals = iter([5, 4])
    error = refusal(COUNTED, lambda asked: page(str(asked), total=next(totals)))
    assert (type(error), error.transient) == (RemoteUnavailable, True)
    assert "changed from 5 to 4" in str(error)


@pytest.mark.parametrize("total", [None, "", "many", "-1", "1.5", "²"])
def test_a_total_that_is_no_number(total: str | None) -> None:
    error = refusal(COUNTED, lambda _: page(total=total))
    assert (type(error), str(error)) == (
        RemoteGarbage,
        "Page 1 does not say how many records there are (Total).",
    )


@pytest.mark.parametrize("total", [None, "Total"])
def test_an_operation_that_does_not_heed_the_position(total: str | None) -> None:
    error = refusal(Pages(parameter="Start", size=2, items="Dogs.Dog", total=total), lambda _: page("a", "b", total=5))
    assert (type(error), str(error)) == (
        RemoteGarbage,
        "Page 2 repeats the one before: the operation does not heed Start.",
    )


def test_a_token_that_leads_to_itself() -> None:
    error = refusal(Pages(parameter="Token", next="Next"), lambda _: page("a", token="t"))
    assert (type(error), str(error)) == (RemoteGarbage, "Page 2 names itself as the next (Next).")


def test_an_answer_without_an_end() -> None:
    numbers = iter(range(100_000))
    pages = Pages(parameter="Token", next="Next")
    with pytest.raises(RemoteGarbage, match="more than 10000 pages"):
        walk(pages, lambda _: page(token=str(next(numbers))), most=20_000)
