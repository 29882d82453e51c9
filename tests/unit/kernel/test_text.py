"""Languages: what a browser asks for, and what it is served."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hub.kernel.text import LocalisedText, choose, choose_language, preferred_languages

TAGS = st.sampled_from(["hr", "en", "cs", "sk", "hu", "sr-Cyrl", "sr-Latn", "bs", "de", "ro"])


@pytest.mark.parametrize(
    ("header", "languages"),
    [
        (None, []),
        ("", []),
        ("*", []),
        ("hr", ["hr"]),
        ("en-GB,en;q=0.7,hr;q=0.9", ["en-GB", "hr", "en"]),
        ("hr;q=0.5, cs;q=0.5", ["hr", "cs"]),
        (" hr ; q=0.8 , en ", ["en", "hr"]),
        ("de;q=0, en", ["en"]),
        ("hr;Q=0.5,en;q=0.7", ["en", "hr"]),  # names of parameters in either case: RFC 9110 §5.6.6
        ("hr;q=x,en;q=,cs;level=1,sk", ["sk"]),
        ("hr;q=nan,en;q=inf,cs;q=-1,de;q=2,sk;q=1", ["sk"]),  # RFC 9110 §12.4.2: 0 to 1
        (",,;q=1,;,", []),
    ],
)
def test_headers_of_browsers(header, languages):
    assert preferred_languages(header) == languages


@given(st.text(max_size=80) | st.lists(TAGS).map(",".join))
def test_any_header_is_survived(header):
    assert choose_language({"hr": 1}, preferred_languages(header), "hr") == "hr"


def test_a_long_header_is_read_only_at_its_beginning():
    assert len(preferred_languages("hr," * 100_000)) < 200


@pytest.mark.parametrize(
    ("wanted", "available", "served"),
    [
        (["hr"], ["en", "hr"], "hr"),
        (["HR-hr"], ["en", "hr"], "hr"),
        (["de", "cs"], ["en", "cs"], "cs"),
        # Serbian has two scripts; whoever does not say which is served Cyrillic.
        (["sr"], ["en", "sr-Latn", "sr-Cyrl"], "sr-Cyrl"),
        (["sr-RS"], ["en", "sr-Latn"], "sr-Latn"),
        (["sr-ME"], ["en", "sr-Cyrl"], "sr-Cyrl"),
        (["sr-Latn-RS"], ["sr-Cyrl", "sr-Latn"], "sr-Latn"),
        (["sr-Latn-BA"], ["en", "sr-Cyrl"], "sr-Cyrl"),
        (["sr-Cyrl"], ["en", "sr-Latn"], "sr-Latn"),
        # A text written without a script is Cyrillic too.
        (["sr-Cyrl"], ["sr-Latn", "sr"], "sr"),
        (["sr-Cyrl-RS"], ["sr-Latn", "sr"], "sr"),
        (["sr-Latn"], ["sr", "sr-Latn"], "sr-Latn"),
        (["bs"], ["sr-Latn", "hr", "bs"], "bs"),
        (["bs-BA"], ["en", "hr"], "hr"),
        (["sh"], ["hr", "sr-Latn"], "sr-Latn"),
        (["mo"], ["en", "ro"], "ro"),
        (["sk"], ["en", "cs"], "cs"),
        (["sk-SK"], ["cs", "sk"], "sk"),
        # Nobody is served a neighbour's language before the town's own.
        (["cs"], ["sk", "hu"], "hu"),
        ([], ["en", "hu"], "hu"),
        (["de"], ["fr", "en"], "en"),
        (["de"], ["fr", "uk"], "fr"),
        (["de"], [], None),
    ],
)
def test_what_is_served(wanted, available, served):
    assert choose_language(dict.fromkeys(available), wanted, "hu") == served


@given(st.lists(TAGS), st.dictionaries(TAGS, st.just("text"), min_size=1), TAGS)
def test_a_text_is_always_found_and_an_exact_wish_is_kept(wanted, texts, default):
    assert choose(texts, wanted, default) == "text"
    if wanted and wanted[0] in texts:
        assert choose_language(texts, wanted, default) == wanted[0]


def test_only_no_text_at_all_is_empty():
    assert choose({"hr": "Grad"}, ["de"], "cs") == "Grad"
    assert choose({}, ["hr"], "hr") == ""


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({}, "write at least one language"),
        ("Grad", "write the text by language, such as"),
        (None, "write the text by language, such as"),
        ({"hr": " "}, "the text for language 'hr' is empty"),
        ({"": "Grad"}, "the text for language '' is empty"),
    ],
)
def test_a_text_is_not_empty(texts, message):
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(LocalisedText).validate_python(texts)
    assert TypeAdapter(LocalisedText).validate_python({"hr": "Grad"}) == {"hr": "Grad"}
