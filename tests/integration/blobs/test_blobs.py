"""Files in the database: encrypted, within limits, one person's, gone when nobody uses them."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from hub.blobs import service as blobs
from hub.blobs.model import Rules
from hub.blobs.scanner import Scanner
from hub.kernel.errors import Conflict, InvalidRequest, NotFound, NotReady, TooLarge, UnsupportedMedia
from hub.kernel.ids import new_uuid
from hub.storage import retention
from tests.support.records import ANA, IVO, NOW, make_subject, make_town

PDF = b"%PDF-1.7\ntrailer\n%%EOF\n"
CLEAN, FOUND, BROKEN = "true", "false", "sh -c 'exit 2'"


async def test_kept_encrypted_found_by_its_owner_alone_and_gone_when_unused(worker, api, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    ana, ivo = await make_subject(worker, keys, ANA), await make_subject(worker, keys, IVO)
    said = {"name": "../../vlasnički list.pdf", "content": PDF, "media_type": "application/pdf", "now": NOW}
    async with api.citizen(1, ana) as connection:
        blob = await blobs.put(connection, keys, owner_subject_id=ana, **said)
        assert (blob.name, blob.media_type, blob.size) == ("vlasnički list.pdf", "application/pdf", len(PDF))
        assert blob.sha256 == hashlib.sha256(PDF).digest()
        assert await blobs.open(connection, keys, blob.blob_id) == PDF
        stored = await connection.fetchval("select content from blobs")
        assert PDF not in stored
        with pytest.raises(NotFound):
            await blobs.open(connection, keys, new_uuid())
    async with api.citizen(1, ivo) as connection:
        with pytest.raises(NotFound):
            await blobs.open(connection, keys, blob.blob_id)
        assert await connection.fetch("select * from blobs") == []
        with pytest.raises(NotFound):
            await blobs.attach(connection, 1, ivo, [blob.blob_id], new_uuid())
    await retention.keep(worker, [1], NOW + timedelta(hours=23))
    async with worker.town(1) as connection:
        assert await blobs.look(connection, 1, blob.blob_id) == blob
    await retention.keep(worker, [1], NOW + timedelta(hours=25))
    async with worker.town(1) as connection:
        with pytest.raises(NotFound):
            await blobs.look(connection, 1, blob.blob_id)


async def test_limits_of_size_type_and_room(worker, api, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    ana = await make_subject(worker, keys, ANA)
    rules = Rules(frozenset({"application/pdf"}), largest=100, quota=50)

    async def put(content: bytes, media_type: str | None = None) -> None:
        async with api.citizen(1, ana) as connection:
            await blobs.put(
                connection, keys, name="a", content=content, media_type=media_type, owner_subject_id=ana, now=NOW,
                rules=rules,
            )  # fmt: skip

    with pytest.raises(TooLarge):
        await put(PDF + b" " * 100)
    with pytest.raises(UnsupportedMedia, match="does not take files of the type text/plain"):
        await put(b"words")
    with pytest.raises(InvalidRequest, match="was called image/png, and is application/pdf"):
        await put(PDF, "image/png")
    await put(PDF, "application/octet-stream")
    await put(PDF)
    with pytest.raises(Conflict, match="may have 50 bytes; there are 46 already"):
        await put(PDF)
    async with worker.town(1) as connection:
        assert await connection.fetchval("select count(*) from blobs") == 2


async def test_the_scanner_decides_and_where_it_cannot_nothing_is_taken():
    assert await Scanner().clean(b"x")
    assert await Scanner.of(CLEAN).clean(b"x" * 300_000)
    assert not await Scanner.of(FOUND).clean(b"x")
    for broken in (BROKEN, "/nowhere/scanner"):
        with pytest.raises(NotReady):
            await Scanner.of(broken).clean(b"x")
    with pytest.raises(NotReady):
        await Scanner(("sleep", "60"), patience=0.05).clean(b"x")
