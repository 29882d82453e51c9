"""Work that must not wander between threads, and documents that belong to one."""

from __future__ import annotations

import asyncio
import threading

import pytest
from lxml import etree

from hub.kit import xml
from hub.kit.one_thread import OneThread


async def test_every_call_is_in_the_same_thread_and_not_the_loops() -> None:
    with OneThread("test") as one, OneThread("test") as other:
        threads = [await each.run(threading.current_thread) for each in (one, one, other, one)]
    assert threads[0] == threads[1] == threads[3]
    assert len({threads[0], threads[2], threading.current_thread()}) == 3


async def test_it_is_over_when_its_block_is() -> None:
    with OneThread("test") as one:
        running = asyncio.ensure_future(one.run(threading.current_thread))
        await asyncio.sleep(0)
    thread = await running
    thread.join(5)
    assert not thread.is_alive()
    with pytest.raises(RuntimeError):
        await one.run(threading.get_ident)


async def test_an_error_keeps_nothing_of_what_was_at_work() -> None:
    def failing() -> None:
        held = etree.XMLPullParser()
        raise ValueError(f"{type(held).__name__} failed")

    with OneThread("test") as one, pytest.raises(ValueError, match="XMLPullParser failed") as caught:
        await one.run(failing)
    frame = caught.value.__traceback__
    while frame.tb_next is not None:
        frame = frame.tb_next
    assert frame.tb_frame.f_code.co_name == "failing"
    assert frame.tb_frame.f_locals == {}


def test_a_document_of_ones_own() -> None:
    given = xml.parse('<a xmlns="urn:x" b="č"><c>1</c><!-- d --> e</a>'.encode())
    own = xml.own(given)
    assert etree.tostring(own) == etree.tostring(given)
    etree.SubElement(own, "f").set("g", "1")
    assert len(own) == len(given) + 1
    plain = {"a": []}
    assert xml.own(plain) is plain
