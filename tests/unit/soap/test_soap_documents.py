"""A WSDL and what it imports: collected under one roof, nothing from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.kernel.errors import ConfigurationError, RemoteGarbage
from hub.kit.soap.documents import Wanted, collect_by_url, collect_from_folder
from tests.unit.soap.samples import MESSAGES, NS, SCHEMA, binding, definitions, dogs, port, service, types, write


def locations(folder: Path, wsdl: str = "dogs.wsdl", **options) -> set[str]:
    return set(collect_from_folder(folder, wsdl, **options).trees)


def importing(location: str) -> str:
    return definitions(types(f'<xs:schema><xs:import namespace="{NS}" schemaLocation="{location}"/></xs:schema>'))


def refusal(folder: Path, wsdl: str = "dogs.wsdl", **options) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        collect_from_folder(folder, wsdl, **options)
    return caught.value


def test_one_document(tmp_path: Path) -> None:
    assert locations(write(tmp_path, dogs_wsdl=dogs())) == {"file:///dogs.wsdl"}


def test_imports_and_includes_are_found_relative_to_the_file_they_stand_in(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    (tmp_path / "x").mkdir()
    write(tmp_path, dogs_wsdl=importing("a%20b\\main.xsd"))
    write(
        tmp_path / "a b",
        main_xsd='<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        '<xs:include schemaLocation="../x/part.xsd#y"/></xs:schema>',
    )
    write(tmp_path / "x", part_xsd=SCHEMA)
    assert locations(tmp_path) == {"file:///dogs.wsdl", "file:///a%20b/main.xsd", "file:///x/part.xsd"}


def test_references_are_rewritten_to_canonical_locations(tmp_path: Path) -> None:
    write(tmp_path, dogs_wsdl=importing("./sub/../dogs.xsd"), dogs_xsd=SCHEMA)
    documents = collect_from_folder(tmp_path, "dogs.wsdl")
    assert b'schemaLocation="file:///dogs.xsd"' in documents.content("file:///dogs.wsdl")
    assert documents.content("file:///dogs.wsdl").count(b"schemaLocation") == 1


def test_wsdls_that_import_each_other_end(tmp_path: Path) -> None:
    write(
        tmp_path,
        dogs_wsdl=definitions('<wsdl:import namespace="urn:b" location="b.wsdl"/>'),
        b_wsdl=definitions(f'<wsdl:import namespace="{NS}" location="dogs.wsdl"/>', namespace="urn:b"),
    )
    assert locations(tmp_path) == {"file:///dogs.wsdl", "file:///b.wsdl"}


def test_the_namespace_of_a_wsdl_import_becomes_the_true_one(tmp_path: Path) -> None:
    write(
        tmp_path,
        dogs_wsdl=definitions('<wsdl:import namespace="urn:wrong" location="b.wsdl"/>'),
        b_wsdl=definitions('<wsdl:import namespace="urn:wrong" location="dogs.wsdl"/>', namespace="urn:b"),
    )
    documents = collect_from_folder(tmp_path, "dogs.wsdl")
    assert b'<wsdl:import namespace="urn:b"' in documents.content("file:///dogs.wsdl")


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        ("../outside.xsd", "../outside.xsd leads outside the mapping folder"),
        ("sub/../../outside.xsd", "sub/../../outside.xsd leads outside the mapping folder"),
        ("/etc/passwd", "/etc/passwd is not a file name relative to the mapping folder"),
        ("file:///etc/passwd", "file:///etc/passwd is not a file name relative to the mapping folder"),
        ("C:\\schemas\\dogs.xsd", "C:/schemas/dogs.xsd is not a file name relative to the mapping folder"),
        ("link.xsd", "link.xsd leads outside the mapping folder"),
    ],
)
def test_nothing_outside_the_folder_is_read(tmp_path: Path, location: str, problem: str) -> None:
    (tmp_path / "outside.xsd").write_text(SCHEMA)
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "link.xsd").symlink_to(tmp_path / "outside.xsd")
    error = refusal(write(folder, dogs_wsdl=importing(location)))
    assert (error.problem, error.file, error.line, error.key) == (problem, "dogs.wsdl", 5, "wsdl")


def test_a_missing_file_is_named_with_its_importer_and_the_nearest_files(tmp_path: Path) -> None:
    write(tmp_path, dogs_wsdl=importing("Dog.xsd"), dogs_xsd=SCHEMA, cats_xsd=SCHEMA, notes_txt="")
    error = refusal(tmp_path)
    assert str(error) == (
        f"dogs.wsdl:5: wsdl: Dog.xsd is not in the mapping folder {tmp_path.name}. "
        "Put it there. Files present: dogs.xsd, dogs.wsdl, cats.xsd."
    )


def test_the_wsdl_itself_missing(tmp_path: Path) -> None:
    assert refusal(write(tmp_path, dogs_wsdl=dogs()), "dog.wsdl").remedy == "Put it there. Files present: dogs.wsdl."


def test_an_address_is_not_fetched_for_a_wsdl_on_disk(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, dogs_wsdl=importing("http://schemas.example.org/dogs.xsd?v=2")))
    assert error.problem == (
        "http://schemas.example.org/dogs.xsd is imported by its address; a WSDL on disk is read from disk only"
    )
    assert 'catalogue: { "http://schemas.example.org/dogs.xsd": FILE }' in (error.remedy or "")


def test_the_catalogue_gives_an_address_a_file(tmp_path: Path) -> None:
    write(tmp_path, dogs_wsdl=importing("http://schemas.example.org/dogs.xsd"), own_xsd=SCHEMA)
    catalogue = {"http://schemas.example.org/dogs.xsd": "own.xsd"}
    assert locations(tmp_path, catalogue=catalogue) == {"file:///dogs.wsdl", "file:///own.xsd"}


@pytest.mark.parametrize("location", ["http://www.w3.org/2001/xml.xsd", "http://www.w3.org/2009/01/xml.xsd"])
def test_the_schema_of_the_xml_namespace_is_built_in(tmp_path: Path, location: str) -> None:
    imported = f'<xs:import namespace="http://www.w3.org/XML/1998/namespace" schemaLocation="{location}"/>'
    schema = f"<xs:schema>{imported}</xs:schema>"
    documents = collect_from_folder(write(tmp_path, dogs_wsdl=definitions(types(schema))), "dogs.wsdl")
    assert set(documents.trees) == {"https://www.w3.org/2001/xml.xsd", "file:///dogs.wsdl"}
    assert b'schemaLocation="https://www.w3.org/2001/xml.xsd"' in documents.content("file:///dogs.wsdl")


@pytest.mark.parametrize(
    "head",
    [
        "<!DOCTYPE x>",
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://203.0.113.1/x.dtd">',
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>',
    ],
)
def test_a_dtd_is_refused(tmp_path: Path, head: str) -> None:
    error = refusal(write(tmp_path, dogs_wsdl=definitions(types(SCHEMA), head=head)))
    assert error.problem == "The document dogs.wsdl carries a DTD, which is not accepted"


def test_something_else_than_a_wsdl(tmp_path: Path) -> None:
    assert refusal(write(tmp_path, dogs_wsdl="<html/>")).problem == (
        "dogs.wsdl is no WSDL 1.1: it starts with the element html"
    )


def test_documents_outside_the_collection_do_not_exist(tmp_path: Path) -> None:
    documents = collect_from_folder(write(tmp_path, dogs_wsdl=dogs(), other_xsd=SCHEMA), "dogs.wsdl")
    with pytest.raises(ConfigurationError, match=r"other\.xsd is not part of this WSDL"):
        documents.content("file:///other.xsd")


def test_too_many_documents(tmp_path: Path) -> None:
    for number in range(420):
        (tmp_path / f"s{number}.xsd").write_text(
            '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
            f'<xs:include schemaLocation="s{number + 1}.xsd"/></xs:schema>'
        )
    error = refusal(write(tmp_path, dogs_wsdl=importing("s0.xsd")))
    assert error.problem == "The WSDL imports more than 400 documents or 30000000 bytes"


async def test_by_url_locations_are_urls(tmp_path: Path) -> None:
    site = {
        "http://a.example/x/dogs?wsdl": importing("../dogs?xsd=1"),
        "http://a.example/dogs?xsd=1": SCHEMA,
    }
    asked: list[tuple[str, str | None]] = []

    async def fetch(wanted: Wanted) -> bytes:
        asked.append((wanted.location, wanted.importer))
        return site[wanted.location].encode()

    documents = await collect_by_url("http://a.example/x/dogs?wsdl", fetch, folder=tmp_path)
    assert asked == [
        ("http://a.example/x/dogs?wsdl", None),
        ("http://a.example/dogs?xsd=1", "http://a.example/x/dogs?wsdl"),
    ]
    assert set(documents.trees) == set(site)


async def test_by_url_files_of_this_machine_are_not_read(tmp_path: Path) -> None:
    async def fetch(_: Wanted) -> bytes:
        return importing("file:///etc/passwd").encode()

    with pytest.raises(ConfigurationError, match="is not a file name relative to the mapping folder"):
        await collect_by_url("http://a.example/dogs?wsdl", fetch, folder=tmp_path)


async def test_by_url_a_web_page_is_the_back_offices_mistake(tmp_path: Path) -> None:
    async def fetch(_: Wanted) -> bytes:
        return b"<!DOCTYPE html><html><title>Login</title></html>"

    with pytest.raises(RemoteGarbage) as caught:
        await collect_by_url("http://a.example/dogs?wsdl", fetch, folder=tmp_path)
    assert caught.value.evidence == "HTML page “Login”"


def test_body_parts_reach_zeep_under_the_name_it_looks_for(tmp_path: Path) -> None:
    wsdl = definitions(
        types(SCHEMA),
        MESSAGES,
        binding().replace('<soap:body use="literal"/>', '<soap:body parts="x" use="literal"/>'),
        service(port()),
    )
    assert b'parts="x" use="literal" part="x"' in collect_from_folder(
        write(tmp_path, dogs_wsdl=wsdl), "dogs.wsdl"
    ).content("file:///dogs.wsdl")
