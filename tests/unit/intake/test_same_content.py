"""Whether two messages say the same."""

from __future__ import annotations

import pytest

from hub.intake.cloudevents import SINGLE
from hub.intake.same_content import same
from hub.intake.soap_call import MEDIA_TYPE


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (b'{"a":1,"b":[1.50,true]}', b'{ "b": [1.50, true],\n "a": 1 }', True),
        ('{"a":"č"}'.encode(), b'\xef\xbb\xbf{"a":"\\u010d"}', True),
        (b'{"a":1}', b'{"a":1.0}', False),
        (b'{"a":1}', b'{"a":true}', False),
        (b'{"a":0.1}', b'{"a":0.10000000000000000001}', False),
        (b'{"a":[1,2]}', b'{"a":[2,1]}', False),
        (b'{"a":null}', b"{}", False),
        (b'{"a":' + b"[" * 100_000, b'{"a":' + b"[" * 100_001, False),
        (b'{"a":1}', b"\xff", False),
    ],
)
def test_events(one, other, equal):
    assert same(one, other, SINGLE) is equal
    assert same(other, one, SINGLE) is equal
    assert same(one, one, SINGLE)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (b'<p:a xmlns:p="u" x="1" y="2"><p:b>c</p:b></p:a>', b'<a xmlns="u" y="2" x="1">\n <b>c</b>\n</a>', True),
        (b"<a><b>c</b></a>", b"<a><b>d</b></a>", False),
        (b'<a x="1"/>', b'<a x="2"/>', False),
        (b"<a><b/><c/></a>", b"<a><c/><b/></a>", False),
        (b'<a xmlns="u"/>', b'<a xmlns="v"/>', False),
        (b"<a/>", b"<a", False),
    ],
)
def test_items(one, other, equal):
    assert same(one, other, MEDIA_TYPE) is equal
