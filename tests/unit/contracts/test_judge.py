"""What a change does: to feeds and to deliveries that use what changed, and to nobody else."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.bootstrap.nouns import TARGETS
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
        {
            "case": None,
            "name": None,
            "kind": frozenset({"scan"}),
            "sender.name": None,
            "sender.way": frozenset({"mail", "portal"}),
        },
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
        "sender": Part("parts"),
        "sender.name": Part("text"),
        "sender.way": Part("text", values=frozenset({"mail", "portal", "desk"})),
        "sender.phone": Part("text", 0),
        "other": Part("parts", 0),
        "other.name": Part("text", 0),
    },
    {"file": Part("parts"), "file.number": Part("text"), "file.size": Part("integer")},
)


def judged(request: dict, reply: dict | None = None, *, strict: bool = False):
    now = Interface({OPEN: Operation({**WAS.request, **request}, {**WAS.reply, **(reply or {})})})
    return list(changes_judged(changes(Interface({OPEN: WAS}), now), "openapi", [WRITER], strict=strict))


def without(parts: dict, name: str) -> dict:
    return {path: part for path, part in parts.items() if path != name}


def way(*values: str) -> Operation:
    return Operation({**WAS.request, "sender.way": Part("text", values=frozenset(values))}, WAS.reply)


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
        (Operation({**WAS.request, "sender.country": Part("text")}, WAS.reply), "breaks", "new"),
        (Operation({**WAS.request, "other.country": Part("text")}, WAS.reply), "new", "new"),
        (Operation({**WAS.request, "sender.phone": Part("text", 1)}, WAS.reply), "breaks", "occurrence"),
        (Operation({**WAS.request, "other.name": Part("text", 1)}, WAS.reply), "new", "occurrence"),
        (way("portal", "desk"), "breaks", "value_gone"),
        (way("mail", "portal"), "new", "value_gone"),
        (Operation({**WAS.request, "name": Part("text", values=frozenset({"a"}))}, WAS.reply), "breaks", "value_gone"),
        (Operation({**WAS.request, "note": Part("text", 0, values=frozenset({"a"}))}, WAS.reply), "new", "value_gone"),
        (Operation({**WAS.request, "name": Part("text", form=("maxLength=20",))}, WAS.reply), "breaks", "form"),
        (Operation({**WAS.request, "note": Part("text", 0, form=("maxLength=20",))}, WAS.reply), "new", "form"),
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


@pytest.mark.parametrize(
    ("was", "now", "request_side", "reply_side"),
    [
        ((), ("maxLength=20",), "breaks", "new"),
        (("maxLength=20",), (), "new", "breaks"),
        (("maxLength=20",), ("maxLength=30",), "new", "breaks"),
        (("maxLength=20",), ("maxLength=10",), "breaks", "new"),
        (("minInclusive=0",), ("minInclusive=-5",), "new", "breaks"),
        (("fractionDigits=2",), ("fractionDigits=0",), "breaks", "new"),
        (("maxLength=20", "minLength=1"), ("maxLength=30", "minLength=2"), "breaks", "breaks"),
        (("pattern=[0-9]+",), ("pattern=[0-9]{8}",), "breaks", "breaks"),
        (("pattern=[0-9]+",), ("pattern=[0-9]+", "pattern=[A-Z]+"), "breaks", "breaks"),
    ],
)
def test_rules_that_became_tighter_hurt_whoever_sends_and_looser_ones_whoever_checks_what_comes(
    was: tuple[str, ...], now: tuple[str, ...], request_side: str, reply_side: str
):
    recorded = Operation({"name": Part("text", form=was)}, {"file.number": Part("text", form=was)})
    live = Operation({"name": Part("text", form=now)}, {"file.number": Part("text", form=now)})
    found = changes_judged(changes(Interface({OPEN: recorded}), Interface({OPEN: live})), "wsdl", [WRITER], strict=True)
    assert [one.severity for one in found] == [request_side, reply_side]


def test_messages_that_stand_in_another_namespace():
    recorded = Operation(WAS.request, WAS.reply, "{urn:v1}Open", "{urn:v1}Opened")
    live = Operation(WAS.request, WAS.reply, "{urn:v2}Open", "{urn:v2}Opened")
    found = list(
        changes_judged(changes(Interface({OPEN: recorded}), Interface({OPEN: live})), "wsdl", [WRITER], strict=True)
    )
    assert [(one.severity, one.what) for one in found] == [("breaks", "element"), ("breaks", "element")]
    assert found[0].says("registar") == (f"registar: the message of {OPEN} was {{urn:v1}}Open and is {{urn:v2}}Open")


def test_codes_of_a_table_in_a_file(tmp_path: Path):
    (tmp_path / "ways.yaml").write_text("M: mail\nP: portal\n", encoding="utf-8")
    file = tmp_path / "open_case.delivery.yaml"
    file.write_text(
        """steps:
  - name: case
    call: { request: POST /cases }
    request:
      way: { from: way, table: { file: ways.yaml } }
      kind: { from: kind, table: { S: scan }, default: X }
    receipt: { state: { from: state, table: { file: ways.yaml } } }
""",
        encoding="utf-8",
    )
    (found,) = uses_of_delivery(file)
    assert found.sent == {"way": frozenset({"M", "P"}), "kind": frozenset({"S", "X"})}
    assert [use.codes for use in found.uses] == [frozenset({"M", "P"})]


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
