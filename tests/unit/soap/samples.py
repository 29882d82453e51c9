"""A made-up register of dogs, described by WSDLs in all the shapes the field knows."""

from __future__ import annotations

from pathlib import Path

NS = "urn:example:dogs:1"
ENV_11 = "http://schemas.xmlsoap.org/soap/envelope/"
ENV_12 = "http://www.w3.org/2003/05/soap-envelope"

SCHEMA = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:d="urn:example:dogs:1"
    targetNamespace="urn:example:dogs:1" elementFormDefault="qualified">
  <xs:simpleType name="OwnerId">
    <xs:restriction base="xs:string"><xs:pattern value="\\d{11}"/></xs:restriction>
  </xs:simpleType>
  <xs:complexType name="Dog">
    <xs:sequence>
      <xs:element name="Tag" type="xs:string"/>
      <xs:element name="Name" type="xs:string" nillable="true"/>
      <xs:element name="Fee" type="xs:decimal"/>
      <xs:element name="Born" type="xs:date" minOccurs="0"/>
    </xs:sequence>
    <xs:attribute name="sex" type="xs:string"/>
  </xs:complexType>
  <xs:element name="FindDogs">
    <xs:complexType><xs:sequence>
      <xs:element name="Owner" type="d:OwnerId"/>
      <xs:element name="Since" type="xs:date" minOccurs="0"/>
      <xs:element name="Page" minOccurs="0">
        <xs:complexType><xs:sequence>
          <xs:element name="Start" type="xs:int" minOccurs="0"/>
          <xs:element name="Count" type="xs:int" minOccurs="0"/>
          <xs:element name="Token" type="xs:string" minOccurs="0"/>
        </xs:sequence></xs:complexType>
      </xs:element>
    </xs:sequence></xs:complexType>
  </xs:element>
  <xs:element name="FindDogsResponse">
    <xs:complexType><xs:sequence>
      <xs:element name="Dogs">
        <xs:complexType><xs:sequence>
          <xs:element name="Dog" type="d:Dog" minOccurs="0" maxOccurs="unbounded"/>
        </xs:sequence></xs:complexType>
      </xs:element>
      <xs:element name="Total" type="xs:int" minOccurs="0"/>
      <xs:element name="Next" type="xs:string" minOccurs="0"/>
    </xs:sequence></xs:complexType>
  </xs:element>
  <xs:element name="Ping" type="xs:string"/>
  <xs:element name="PingResponse" type="xs:string"/>
  <xs:element name="Session">
    <xs:complexType><xs:sequence>
      <xs:element name="Key" type="xs:string"/>
      <xs:element name="Town" type="xs:string" minOccurs="0"/>
    </xs:sequence></xs:complexType>
  </xs:element>
</xs:schema>"""

MESSAGES = """
<wsdl:message name="FindDogsIn"><wsdl:part name="parameters" element="d:FindDogs"/></wsdl:message>
<wsdl:message name="FindDogsOut"><wsdl:part name="parameters" element="d:FindDogsResponse"/></wsdl:message>
<wsdl:message name="PingIn"><wsdl:part name="text" element="d:Ping"/></wsdl:message>
<wsdl:message name="PingOut"><wsdl:part name="text" element="d:PingResponse"/></wsdl:message>
<wsdl:message name="SessionHeader"><wsdl:part name="session" element="d:Session"/></wsdl:message>
<wsdl:portType name="Dogs">
  <wsdl:operation name="FindDogs">
    <wsdl:input message="d:FindDogsIn"/><wsdl:output message="d:FindDogsOut"/>
  </wsdl:operation>
  <wsdl:operation name="Ping"><wsdl:input message="d:PingIn"/><wsdl:output message="d:PingOut"/></wsdl:operation>
  <wsdl:operation name="Forget"><wsdl:input message="d:PingIn"/></wsdl:operation>
</wsdl:portType>"""


def binding(name: str = "DogsSoap", prefix: str = "soap") -> str:
    return f"""
<wsdl:binding name="{name}" type="d:Dogs">
  <{prefix}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
  <wsdl:operation name="FindDogs">
    <{prefix}:operation soapAction="urn:example:dogs:1:FindDogs"/>
    <wsdl:input>
      <{prefix}:header message="d:SessionHeader" part="session" use="literal"/><{prefix}:body use="literal"/>
    </wsdl:input>
    <wsdl:output><{prefix}:body use="literal"/></wsdl:output>
  </wsdl:operation>
  <wsdl:operation name="Ping">
    <{prefix}:operation soapAction=""/>
    <wsdl:input><{prefix}:body use="literal"/></wsdl:input><wsdl:output><{prefix}:body use="literal"/></wsdl:output>
  </wsdl:operation>
  <wsdl:operation name="Forget">
    <{prefix}:operation soapAction="urn:forget"/><wsdl:input><{prefix}:body use="literal"/></wsdl:input>
  </wsdl:operation>
</wsdl:binding>"""


def port(name: str = "DogsSoap", prefix: str = "soap", address: str = "No target address") -> str:
    return f'<wsdl:port name="{name}" binding="d:{name}"><{prefix}:address location="{address}"/></wsdl:port>'


def definitions(*parts: str, namespace: str = NS, head: str = "") -> str:
    """A WSDL around `parts`; `head` goes before everything, for a DTD."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}
<wsdl:definitions name="Dogs" targetNamespace="{namespace}" xmlns:d="urn:example:dogs:1"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/">
{"".join(parts)}
</wsdl:definitions>"""


def types(*schemas: str) -> str:
    return f"<wsdl:types>{''.join(schemas)}</wsdl:types>"


def service(*ports: str, name: str = "DogRegister") -> str:
    return f'<wsdl:service name="{name}">{"".join(ports)}</wsdl:service>'


def dogs(*, prefix: str = "soap") -> str:
    """The whole register in one document."""
    return definitions(types(SCHEMA), MESSAGES, binding(prefix=prefix), service(port(prefix=prefix)))


def write(folder: Path, **files: str) -> Path:
    """`dogs_wsdl="…"` becomes the file `dogs.wsdl`."""
    for name, content in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_text(content.lstrip(), "utf-8")
    return folder
