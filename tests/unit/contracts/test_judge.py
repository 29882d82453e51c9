"""What a change does: to feeds and to deliveries that use what changed, and to nobody else."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.bootstrap import TARGETS
from hub.contracts.judge import Reader, changes_judged
from hub.contracts.uses import Use, Uses, uses_of, uses_of_delivery
from hub.kit.interfaces.diff import changes
from hub.mapping.compile import compile_mapping
from hub.ports.interface import Interface, Operation, Part

ROOT = Path(__file__).resolve().parents[3]
OPEN = "POST /api/v1/cases/{id}/files"
WRITER = Reader(
    Uses(
        "open_case.delivery.yaml",
        "POST /cases/{case}/files",
        "",
        (Use("file.number", "steps.0.receipt.number", "number", required=True),),
        {"case": None, "name": None, "kind": "scan"},
    ),
    "Registry of cases",
    delivery="open_case",
)
WAS = Operation(
    {
        "id": Part("text"),
        "name": Part("text"),
        "kind": Part("text", values=frozenset({"scan", "photo"})),
        "note": Part("text", 0),
    },
    {"file": Part("parts"), "file.number": Part("text"), "file.size": Part("integer")},
)


def judged(request: dict, reply: dict | None = None, *, strict: bool = False):
    now = Interface({OPEN: Operation({**WAS.request, **request}, {**WAS.reply, **(reply or {})})})
    return list(changes_judged(changes(Interface({OPEN: WAS}), now), "openapi", [WRITER], strict=strict))


def without(parts: dict, name: str) -> dict:
    return {path: part for path, part in parts.items() if path != name}


@pytest.mark.parametrize(
    ("live", "severity", "what"),
    [
        (Operation({**WAS.request, "reason": Part("text")}, WAS.reply), "breaks", "new"),
        (Operation({**WAS.request, "reason": Part("text", 0)}, WAS.reply), "new", "new"),
        (Operation(without(WAS.request, "name"), WAS.reply), "breaks", "gone"),
        (Operation(without(WAS.request, "note"), WAS.reply), "new", "gone"),
        (Operation({**WAS.request, "note": Part("text", 1)}, WAS.reply), "breaks", "occurrence"),
        (
            Operation({**WAS.request, "kind": Part("text", values=frozenset({"photo"}))}, WAS.reply),
            "breaks",
            "value_gone",
        ),
        (Operation({**WAS.request, "kind": Part("text", values=frozenset({"scan"}))}, WAS.reply), "new", "value_gone"),
        (Operation({**WAS.request, "name": Part("integer")}, WAS.reply), "breaks", "type"),
        (Operation(WAS.request, without(WAS.reply, "file.number")), "breaks", "gone"),
        (Operation(WAS.request, without(WAS.reply, "file.size")), "new", "gone"),
        (Operation(WAS.request, {**WAS.reply, "file.hash": Part("text")}), "new", "new"),
    ],
)
def test_a_change_of_an_operation_by_which_things_are_delivered(live: Operation, severity: str, what: str):
    found = list(
        changes_judged(changes(Interface({OPEN: WAS}), Interface({OPEN: live})), "openapi", [WRITER], strict=False)
    )
    assert [(one.severity, one.what) for one in found] == [(severity, what)]
    hurt = severity != "new"
    assert found[0].feeds == (("delivery open_case",) if hurt else ())
    told = "What they send (open_case) cannot be delivered to Registry of cases, and waits."
    assert found[0].citizens == (told if hurt else "Nothing changes in what is shown.")


def test_an_operation_that_is_gone():
    (found,) = changes_judged(changes(Interface({OPEN: WAS}), Interface({})), "openapi", [WRITER], strict=False)
    assert (found.severity, found.what, found.operation) == ("breaks", "operation_gone", OPEN)


def test_what_a_strict_reader_refuses_although_nobody_reads_it():
    assert [one.severity for one in judged({}, {"file.hash": Part("text")}, strict=True)] == ["breaks"]
    assert [one.severity for one in judged({}, {"file.hash": Part("text", 0)}, strict=True)] == ["loses"]
    assert [one.severity for one in judged({}, {"file.size": Part("text")}, strict=True)] == ["breaks"]
    assert [one.severity for one in judged({}, {"file.size": Part("text")}, strict=False)] == ["new"]


def test_what_the_registrys_mapping_reads_and_sends():
    file = ROOT / "mappings" / "pregrada_urudzbeni" / "case.yaml"
    found = uses_of(compile_mapping(file, TARGETS, timezone=ZoneInfo("Europe/Zagreb")))
    assert (found.operation, found.records) == ("GET /api/v1/predmeti", "data")
    assert found.sent == {"oib": None, "page": None, "per_page": None}
    by_path = {use.path: use for use in found.uses}
    assert by_path["data.stranke.podnositelji.oib"].scheme == "hr.oib"
    assert "U_RADU" in by_path["data.status.sifra"].codes
    assert by_path["data.naziv"].required
    assert not by_path["data.klasa"].required
    assert by_path["data.dogadaji.opis"].key == "fields.events.text"
    assert by_path["meta.stanje_na"].key == "source.caught_up_to"
    assert "data.referent" in found.ignored


def test_what_the_registrys_delivery_sends_and_reads():
    steps = uses_of_delivery(ROOT / "mappings" / "pregrada_urudzbeni" / "open_case.delivery.yaml")
    first = steps[0]
    assert first.operation == "POST /api/v1/predmeti"
    assert {"naziv", "podnositelj.oib", "podnositelj.naziv"} <= set(first.sent)
    assert "predmet.klasa" in {use.path for use in first.uses}
    assert any(use.path == "zapis.predmet.klasa" for one in steps for use in one.uses)
