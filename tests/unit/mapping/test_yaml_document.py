"""YAML files with the lines of their keys, and without YAML's traps."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.errors import ConfigurationError
from hub.kit.yaml_document import load, parse


def refused(content: bytes | str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        parse(content, "town.yaml")
    return caught.value


def test_scalars_keep_what_a_person_meant() -> None:
    document = parse(
        "country: NO\ncode: 0800\nzero: 0\nminus: -12\nclock: 12:30\nday: 2026-01-31\nyes: yes\non: off\n"
        "live: false\nnothing:\nempty: ~\nrate: 1.5\nversion: '1.10'\nlong: 123456789012345678901\n"
        "block: |\n  a\n  b\nsigned: +1\nhex: 0x10\ninf: .inf\n",
        "town.yaml",
    )
    assert document.data == {
        "country": "NO",
        "code": "0800",
        "zero": 0,
        "minus": -12,
        "clock": "12:30",
        "day": "2026-01-31",
        "yes": "yes",
        "on": "off",
        "live": False,
        "nothing": None,
        "empty": None,
        "rate": 1.5,
        "version": "1.10",
        "long": "123456789012345678901",
        "block": "a\nb\n",
        "signed": "+1",
        "hex": "0x10",
        "inf": ".inf",
    }


def test_a_key_that_is_null_is_refused() -> None:
    assert str(refused("a: 1\n~: 2\n")) == "town.yaml:2: a key is a text, an integer or a boolean. Quote the key."


def test_lines_of_keys_and_items() -> None:
    document = parse(
        "a:\n  b: 1\n  c:\n    - x\n    - { d: 2,\n        e: 3 }\nf: [1,\n  2]\n2: two\ntrue: yes\n", "t.yaml"
    )
    assert document.line(()) == 1
    assert document.line(("a", "b")) == 2
    assert document.line(("a", "c")) == 3
    assert document.line(("a", "c", 0)) == 4
    assert document.line(("a", "c", 1)) == 5
    assert document.line(("a", "c", 1, "e")) == 6
    assert document.line(("f", 1)) == 8
    assert document.line((2,)) == 9
    assert document.line(("a", "nowhere")) is None
    assert document.data[True] == "yes"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "town.yaml:4: the key 'c' stands here already, on line 3. Remove one of them."),
        (
            "a: &x 1\nb: *x\n",
            "town.yaml:1: anchors (&name) are not used here. Write the block out, or quote the text.",
        ),
        ("b: *x\n", "town.yaml:1: aliases (*name) are not used here. Write the block out, or quote the text."),
        ("a: !!python/name:os.system x\n", "town.yaml:1: tags (tag:yaml.org,2002:python/name:os.system) are not used"),
        ("a: !mine [1]\n", "town.yaml:1: tags (!mine) are not used here. Remove it, or quote the text."),
        ("a: 1\n---\nb: 2\n", "town.yaml:2: holds several documents. Keep one; remove the line ---."),
        ("? [a]\n: 1\n", "town.yaml:1: a key is a text, an integer or a boolean. Quote the key."),
        (
            "x: 1\na: [1\nb: 2\n",
            "town.yaml:2: is not YAML: the list [ that begins here is not closed, or a comma is missing.",
        ),
        (
            "x: 1\na: { b: 1\nc: 2\n",
            "town.yaml:2: is not YAML: the block { that begins here is not closed, or a comma is missing.",
        ),
        ("x: 1\na: 'b\nc: 2\n", "town.yaml:2: is not YAML: the quote that opens here is not closed. Close it."),
        (
            "x: 1\na 2\nb: 3\n",
            "town.yaml:2: is not YAML: this is no line of the form `key: value`. Write a colon and a",
        ),
        ("a:\n\t- b\n", "town.yaml:2: is not YAML: a tab stands where only spaces may. Indent with spaces."),
        ("a: b: c\n", "town.yaml:1: is not YAML: no key may stand here. Correct the indentation, or put a text that"),
        ("a: @b\n", "town.yaml:1: is not YAML: found character '@' where a text begins. Put the text into quotes."),
        (
            "a:\n  b: 1\n c: 2\n",
            "town.yaml:3: is not YAML: this does not continue the block that begins on line 1. Give lines that belong",
        ),
        (
            'a: "b" c\n',
            "town.yaml:1: is not YAML: this does not continue the block that begins on line 1. Close the quotes",
        ),
        ('a: "\\q"\n', "town.yaml:1: is not YAML: found unknown escape character 'q'. Check indentation, quotes and"),
        (b"a: 1\nb: \xff\n", "town.yaml:2: is not UTF-8. Save the file as UTF-8."),
        ("a: \x01\n", "town.yaml: holds a character that YAML does not allow. Remove control characters."),
        ("[" * 100 + "]" * 100, "town.yaml:1: is nested deeper than 64 levels. Flatten it."),
        ("a" * 1_000_001, "town.yaml: has more than 1000000 bytes. Split the file."),
    ],
)
def test_what_is_refused(content: bytes | str, message: str) -> None:
    assert str(refused(content)).startswith(message)


def test_a_merge_key_is_a_plain_key() -> None:
    assert parse("<<: { a: 1 }\n", "t.yaml").data == {"<<": {"a": 1}}


def test_load_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "town.yaml"
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    assert str(caught.value) == f"{file}: cannot be read: No such file or directory. Check the name and the rights."
    file.write_bytes(b"\xef\xbb\xbfname: \xc4\x8cakovec\n")
    assert load(str(file)).data == {"name": "Čakovec"}
    assert load(file).path == file


def test_an_empty_file_is_nothing() -> None:
    document = parse("# only a comment\n", "t.yaml")
    assert (document.data, document.line(())) == (None, None)


@given(st.text(max_size=60))
def test_any_text_is_data_or_a_readable_error(content: str) -> None:
    try:
        parse(content, "t.yaml")
    except ConfigurationError as error:
        assert str(error).startswith("t.yaml")  # noqa: PT017  (both are answers)
