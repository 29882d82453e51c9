"""A made-up register of files: takes documents in, gives them out, forgets them without a word."""

from __future__ import annotations

FILES = "urn:example:files:1"
SWA_REF = "http://ws-i.org/profiles/basic/1.1/xsd"
_ELEMENTS = """
  <xs:element name="AddFile"><xs:complexType><xs:sequence>
    <xs:element name="Name" type="xs:string"/>
    <xs:element name="Content" type="xs:base64Binary" minOccurs="0"/>
    <xs:element name="Copy" type="ref:swaRef" minOccurs="0"/>
    <xs:element name="Closed" type="xs:date" minOccurs="0" nillable="true"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="AddFileResponse"><xs:complexType><xs:sequence>
    <xs:element name="Number" type="xs:int"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="GetFile"><xs:complexType><xs:sequence>
    <xs:element name="Number" type="xs:int"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="GetFileResponse"><xs:complexType><xs:sequence>
    <xs:element name="Content" type="xs:base64Binary" minOccurs="0" maxOccurs="unbounded"/>
    <xs:element name="Copy" type="ref:swaRef" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="ForgetFile"><xs:complexType><xs:sequence>
    <xs:element name="Number" type="xs:int"/>
  </xs:sequence></xs:complexType></xs:element>"""


def files_wsdl(*, prefix: str = "soap", addressing: str = "") -> str:
    messages, operations, bound = "", "", ""
    for name, answers in (("AddFile", True), ("GetFile", True), ("ForgetFile", False)):
        messages += f'<wsdl:message name="{name}In"><wsdl:part name="p" element="f:{name}"/></wsdl:message>'
        output = bound_output = ""
        if answers:
            part = f'<wsdl:part name="p" element="f:{name}Response"/>'
            messages += f'<wsdl:message name="{name}Out">{part}</wsdl:message>'
            output = f'<wsdl:output message="f:{name}Out"/>'
            bound_output = f'<wsdl:output><{prefix}:body use="literal"/></wsdl:output>'
        operations += f'<wsdl:operation name="{name}"><wsdl:input message="f:{name}In"/>{output}</wsdl:operation>'
        bound += (
            f'<wsdl:operation name="{name}"><{prefix}:operation soapAction="{FILES}:{name}"/>'
            f'<wsdl:input><{prefix}:body use="literal"/></wsdl:input>{bound_output}</wsdl:operation>'
        )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions targetNamespace="{FILES}" xmlns:f="{FILES}" xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:ref="{SWA_REF}">
<wsdl:types>
<xs:schema targetNamespace="{SWA_REF}">
  <xs:simpleType name="swaRef"><xs:restriction base="xs:anyURI"/></xs:simpleType>
</xs:schema>
<xs:schema targetNamespace="{FILES}" elementFormDefault="qualified">
  <xs:import namespace="{SWA_REF}"/>{_ELEMENTS}
</xs:schema></wsdl:types>
{messages}<wsdl:portType name="Files">{operations}</wsdl:portType>
<wsdl:binding name="FilesSoap" type="f:Files">{addressing}
<{prefix}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>{bound}</wsdl:binding>
<wsdl:service name="Files"><wsdl:port name="FilesSoap" binding="f:FilesSoap"><{prefix}:address location="x"/>
</wsdl:port></wsdl:service></wsdl:definitions>"""
