"""A SOAP reply of 50 items to canonical records, with the XSD check, beside what else one would use.

    hub        hub.kit.xml, envelope and fault, XSD check, compiled mapping
    by hand    lxml, fault, the same XSD check, a reader written for this one reply; the same records
    zeep       zeep reused: its own objects, no XSD check, no records
    php        PHP's SoapClient reused: its own objects, no XSD check, no records; where php has soap

Prints the smallest processor time of each over interleaved rounds and the ratios with their goals, then
where the hub's time goes. The request is built and sent by none of them.

    python -m benchmarks.soap
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree
from zeep import Client

from benchmarks.mapping import MAPPING, NS, ZONE, as_xml, by_hand_xml
from hub.kit import xml
from hub.kit.reply import Reply
from hub.kit.soap.contract import load_contract
from hub.kit.soap.documents import collect_from_folder
from hub.kit.soap.envelope import Fault
from hub.kit.soap.reply import check_body, read_reply
from hub.kit.yaml_document import parse
from hub.mapping.compile import compile_mapping
from hub.mapping.model import Record
from hub.obligations.model import TARGET

ROUNDS, CALLS = 40, 20
GOALS = {"by hand": 1.3, "zeep": 0.1, "php": 2.0}
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
SCHEMA = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="{NS}" targetNamespace="{NS}"
    elementFormDefault="qualified">
  <xs:simpleType name="OIB">
    <xs:restriction base="xs:string"><xs:pattern value="[0-9]{{11}}"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="Amount">
    <xs:restriction base="xs:string"><xs:pattern value="[0-9]{{1,3}}(\\.?[0-9]{{3}})*,[0-9]{{2}}"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="Day">
    <xs:restriction base="xs:string"><xs:pattern value="[0-9]{{2}}\\.[0-9]{{2}}\\.[0-9]{{4}}"/></xs:restriction>
  </xs:simpleType>
  <xs:complexType name="Item"><xs:sequence>
    <xs:element name="DocNo" type="xs:string"/>
    <xs:element name="ChangedAt" type="xs:dateTime"/>
    <xs:element name="Taxpayer">
      <xs:complexType><xs:sequence><xs:element name="OIB" type="t:OIB"/></xs:sequence></xs:complexType>
    </xs:element>
    <xs:element name="Type" type="xs:string"/>
    <xs:element name="Description" type="xs:string"/>
    <xs:element name="Total" type="t:Amount"/>
    <xs:element name="Open" type="t:Amount"/>
    <xs:element name="Issued" type="t:Day"/>
    <xs:element name="Due" type="t:Day"/>
    <xs:element name="Year" type="xs:short"/>
    <xs:element name="CallNo" type="xs:string"/>
    <xs:element name="Cancelled" type="xs:boolean"/>
    <xs:element name="ClerkCode" type="xs:string" minOccurs="0"/>
  </xs:sequence></xs:complexType>
  <xs:element name="GetOpenItems">
    <xs:complexType><xs:sequence><xs:element name="OIB" type="t:OIB"/></xs:sequence></xs:complexType>
  </xs:element>
  <xs:element name="GetOpenItemsResponse">
    <xs:complexType><xs:sequence>
      <xs:element name="Items">
        <xs:complexType><xs:sequence>
          <xs:element name="Item" type="t:Item" minOccurs="0" maxOccurs="unbounded"/>
        </xs:sequence></xs:complexType>
      </xs:element>
    </xs:sequence></xs:complexType>
  </xs:element>
</xs:schema>"""
WSDL = f"""<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:t="{NS}" targetNamespace="{NS}"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/">
  <wsdl:types>{SCHEMA}</wsdl:types>
  <wsdl:message name="In"><wsdl:part name="parameters" element="t:GetOpenItems"/></wsdl:message>
  <wsdl:message name="Out"><wsdl:part name="parameters" element="t:GetOpenItemsResponse"/></wsdl:message>
  <wsdl:portType name="Items">
    <wsdl:operation name="GetOpenItems"><wsdl:input message="t:In"/><wsdl:output message="t:Out"/></wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="Items" type="t:Items">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="GetOpenItems">
      <soap:operation soapAction=""/>
      <wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="Items"><wsdl:port name="Items" binding="t:Items"><soap:address location="http://127.0.0.1:1/"/>
  </wsdl:port></wsdl:service>
</wsdl:definitions>"""
PHP = """<?php
class Fixed extends SoapClient {
    public string $reply = '';
    public function __doRequest(string $r, string $l, string $a, int $v, bool $o = false): ?string {
        return $this->reply;
    }
}
function cpu() { $u = getrusage(); return $u['ru_utime.tv_sec'] * 1e6 + $u['ru_utime.tv_usec']
    + $u['ru_stime.tv_sec'] * 1e6 + $u['ru_stime.tv_usec']; }
$client = new Fixed($argv[1], ['cache_wsdl' => WSDL_CACHE_NONE]);
$client->reply = file_get_contents($argv[2]);
$best = INF;
for ($round = 0; $round < ROUNDS; $round++) {
    $begun = cpu();
    for ($call = 0; $call < CALLS; $call++) { $found = $client->GetOpenItems(['OIB' => '87582274224']); }
    $best = min($best, (cpu() - $begun) / CALLS);
}
if (count($found->Items->Item) !== 50) { exit(1); }
echo $best / 1e6;
"""


def reply() -> bytes:
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soap": ENVELOPE})
    etree.SubElement(envelope, f"{{{ENVELOPE}}}Body").append(as_xml())
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")


def by_hub(folder: Path, content: bytes) -> tuple[Callable[[], list[Record]], dict[str, Callable[[], object]]]:
    """The whole path, and its parts one by one."""
    contract = load_contract(collect_from_folder(folder, "items.wsdl"))
    expected = contract.port.operation("GetOpenItems").reply
    mapping = compile_mapping(parse(MAPPING, "obligation.yaml"), {"obligation": TARGET}, timezone=ZONE)
    headers = {"content-type": "text/xml; charset=utf-8"}
    received = Reply("POST", "http://items.example/", 200, headers, content, datetime.now(UTC))

    def read() -> etree._Element:
        body = read_reply(received, max_bytes=20_000_000)
        assert not isinstance(body, Fault)
        return body

    def check(body: etree._Element) -> None:
        check_body(body, expected, contract.schema, size=len(content))

    def whole() -> list[Record]:
        body = read()
        check(body)
        mapped = mapping.map(body)
        assert not mapped.problems, mapped.problems
        return mapped.records

    body = read()
    parts = {
        "decode and parse": lambda: xml.parse(content, charset="utf-8"),
        "XSD check": lambda: check(body),
        "mapping": lambda: mapping.map(body),
    }
    return whole, parts


def by_hand(content: bytes) -> Callable[[], list[Record]]:
    schema = etree.XMLSchema(etree.fromstring(SCHEMA))
    body_path, fault = f"{{{ENVELOPE}}}Body", f"{{{ENVELOPE}}}Fault"

    def read() -> list[Record]:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
        if root.getroottree().docinfo.doctype:
            raise ValueError("DTD")
        body = root.find(body_path)[0]
        if body.tag == fault:
            raise ValueError("fault")
        schema.assertValid(body)
        return by_hand_xml(body)[0]

    return read


class _Response:
    """What zeep looks at in a reply of requests."""

    def __init__(self, content: bytes) -> None:
        self.status_code = 200
        self.headers = {"Content-Type": "text/xml; charset=utf-8"}
        self.encoding = "utf-8"
        self.content = content


def by_zeep(wsdl: Path, content: bytes) -> Callable[[], object]:
    client = Client(str(wsdl))
    binding = client.service._binding  # noqa: SLF001 — the part of a call that follows the reply
    operation, response = binding.get("GetOpenItems"), _Response(content)
    return lambda: binding.process_reply(client, operation, response)


def fastest(calls: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """The smallest processor time of one call of each, in seconds, over interleaved rounds."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            begun = time.process_time_ns()
            for _ in range(CALLS):
                call()
            best[name] = min(best[name], (time.process_time_ns() - begun) / CALLS / 1e9)
    return best


def by_php(folder: Path, content: bytes) -> float | str:
    """Seconds, or why there is no figure."""
    php = shutil.which("php")
    if php is None:
        return "skipped: php is not installed"
    if "soap" not in subprocess.run([php, "-m"], capture_output=True, text=True, check=True).stdout.split():
        return "skipped: php has no soap extension"
    script, answer = folder / "soap.php", folder / "reply.xml"
    script.write_text(PHP.replace("ROUNDS", str(ROUNDS)).replace("CALLS", str(CALLS)))
    answer.write_bytes(content)
    run = [php, str(script), str(folder / "items.wsdl"), str(answer)]
    return float(subprocess.run(run, capture_output=True, text=True, check=True).stdout)


def main() -> int:
    content = reply()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "items.wsdl").write_text(WSDL, "utf-8")
        hub, parts = by_hub(folder, content)
        hand, zeep = by_hand(content), by_zeep(folder / "items.wsdl", content)
        assert hub() == hand()
        assert len(hub()) == len(zeep()) == 50  # type: ignore[arg-type]
        best: dict[str, float | str] = {**fastest({"hub": hub, "by hand": hand, "zeep": zeep})}
        best["php"] = by_php(folder, content)
        shares = fastest(parts)
    ours = best["hub"]
    assert isinstance(ours, float)
    print(f"SOAP reply of 50 items x 13 fields ({len(content)} bytes) to records: {ours * 1e6:.0f} µs")
    missed = False
    for name, goal in GOALS.items():
        other = best[name]
        if isinstance(other, str):
            print(f"  {name:8} {other}")
            continue
        missed = missed or ours / other > goal
        print(f"  {name:8} {other * 1e6:7.0f} µs   hub/{name} {ours / other:5.2f}   goal <= {goal}")
    print("  of which " + ", ".join(f"{part} {share * 1e6:.0f} µs" for part, share in shares.items()))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
