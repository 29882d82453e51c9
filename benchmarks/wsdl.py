"""Loading a large WSDL: time and memory of a fresh process, beside zeep alone on the same files.

The WSDL has as many operations and types as the largest interfaces of registers do: 200 operations over 1,200 types of
12 elements in 12 schema documents, 2 MB. `hub` is what a back office does at start: collect, complete and repair the
documents, refuse bombs, let zeep read them, compile the XSD; `unchecked` is the same without the XSD. `zeep` is
`zeep.wsdl.Document` alone, which compiles no XSD and so checks nothing. Both import what they need first; the memory is the peak of the process (VmHWM, Linux) less
what it had before loading. Medians of interleaved runs, each in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.row import Row, at_most, for_information, skipped
from hub.settings import PROJECT

GOAL = 2.0
SCHEMAS, TYPES, ELEMENTS, OPERATIONS = 12, 100, 12, 200
_NS = "urn:example:large"
_BUILT_IN = ("string", "int", "decimal", "date", "dateTime", "boolean")


def run(quick: bool) -> list[Row]:
    rounds = 1 if quick else 5
    with tempfile.TemporaryDirectory() as place:
        write(Path(place), operations=20 if quick else OPERATIONS, schemas=3 if quick else SCHEMAS)
        found: dict[str, list[tuple[float, float]]] = {"unchecked": [], "hub": [], "zeep": []}
        for _ in range(rounds):
            for who, figures in found.items():
                figures.append(_once(who, place))
    seconds = {who: median(one[0] for one in figures) for who, figures in found.items()}
    memory = {who: median(one[1] for one in figures) for who, figures in found.items()}
    theirs = ("zeep alone", seconds["zeep"] * 1000)
    ratio = seconds["unchecked"] / seconds["zeep"]
    rows = [
        at_most("wsdl, load without the XSD", (seconds["unchecked"] * 1000, "ms"), theirs, ratio, GOAL),
        for_information("wsdl, load with the XSD compiled", (seconds["hub"] * 1000, "ms"), theirs),
    ]
    if all(memory.values()):
        alone = ("zeep alone", memory["zeep"] / 1_000_000)
        for name, who in (("without the XSD", "unchecked"), ("with the XSD compiled", "hub")):
            rows.append(for_information(f"wsdl, memory at the peak {name}", (memory[who] / 1_000_000, "MB"), alone))
    else:
        rows.append(skipped("wsdl, memory at the peak", "the peak of a process is told by Linux only"))
    return rows


def write(folder: Path, *, operations: int, schemas: int) -> None:
    """`large.wsdl` and the schemas it imports."""
    for number in range(schemas):
        (folder / f"types{number}.xsd").write_text(_schema(number), "utf-8")
    imports = "".join(f'<xs:import namespace="{_NS}:{n}" schemaLocation="types{n}.xsd"/>' for n in range(schemas))
    elements, messages, abstract, bound = [], [], [], []
    for number in range(operations):
        kind = f"n{number % schemas}:T{number % TYPES}"
        elements.append(
            f'<xs:element name="Ask{number}" type="{kind}"/><xs:element name="Answer{number}"><xs:complexType><xs:sequence>'
            f'<xs:element name="Item" type="{kind}" minOccurs="0" maxOccurs="unbounded"/>'
            "</xs:sequence></xs:complexType></xs:element>"
        )
        messages += [
            f'<message name="{name}{number}"><part name="p" element="t:{name}{number}"/></message>'
            for name in ("Ask", "Answer")
        ]
        abstract.append(
            f'<operation name="Do{number}"><input message="t:Ask{number}"/><output message="t:Answer{number}"/></operation>'
        )
        bound.append(
            f'<operation name="Do{number}"><s:operation soapAction="{number}"/><input><s:body use="literal"/></input>'
            '<output><s:body use="literal"/></output></operation>'
        )
    prefixes = " ".join(f'xmlns:n{n}="{_NS}:{n}"' for n in range(schemas))
    (folder / "large.wsdl").write_text(
        f'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" {prefixes} '
        f'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="{_NS}" targetNamespace="{_NS}"><types>'
        f'<xs:schema targetNamespace="{_NS}" elementFormDefault="qualified">{imports}{"".join(elements)}</xs:schema></types>'
        f'{"".join(messages)}<portType name="P">{"".join(abstract)}</portType><binding name="B" type="t:P">'
        f'<s:binding transport="http://schemas.xmlsoap.org/soap/http"/>{"".join(bound)}</binding><service name="S">'
        '<port name="P" binding="t:B"><s:address location="http://127.0.0.1/"/></port></service></definitions>',
        "utf-8",
    )


def _schema(number: int) -> str:
    types = []
    for kind in range(TYPES):
        inner = "".join(
            f'<xs:element name="E{n}" type="xs:{_BUILT_IN[n % len(_BUILT_IN)]}" minOccurs="0">'
            f"<xs:annotation><xs:documentation>The field {n} of the type {kind}.</xs:documentation></xs:annotation>"
            "</xs:element>"
            for n in range(ELEMENTS)
        )
        sequence = f"<xs:sequence>{inner}</xs:sequence>"
        if kind % 5:  # Four of five extend the type before them.
            sequence = (
                f'<xs:complexContent><xs:extension base="t:T{kind - 1}">{sequence}</xs:extension></xs:complexContent>'
            )
        types.append(f'<xs:complexType name="T{kind}">{sequence}</xs:complexType>')
    namespace = f"{_NS}:{number}"
    return (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="{namespace}" targetNamespace="{namespace}" '
        f'elementFormDefault="qualified">{"".join(types)}</xs:schema>'
    )


def _once(who: str, folder: str) -> tuple[float, float]:
    """Seconds of processor time, and bytes at the peak (0 where nobody tells), of a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.wsdl", who, folder],
        cwd=PROJECT, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    seconds, memory = json.loads(done.stdout)
    return float(seconds), float(memory)


def _peak() -> int:
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def _load(who: str, file: Path) -> None:
    """What is measured, in the process that measures it."""
    if who != "zeep":
        from hub.kit.soap.contract import load_contract
        from hub.kit.soap.documents import collect_from_folder

        begun, before = time.process_time(), _peak()
        load_contract(collect_from_folder(file.parent, file.name), check_schema=who == "hub")
    else:
        from zeep import Settings
        from zeep.wsdl import Document

        class Files:
            def load(self, url: str) -> bytes:
                return Path(url).read_bytes()

        begun, before = time.process_time(), _peak()
        transport: object = Files()
        Document(str(file), transport, settings=Settings(strict=True))  # type: ignore[arg-type]
    print(json.dumps([time.process_time() - begun, _peak() - before]))


if __name__ == "__main__":
    _load(sys.argv[1], next(Path(sys.argv[2]).glob("*.wsdl")) if Path(sys.argv[2]).is_dir() else Path(sys.argv[2]))
