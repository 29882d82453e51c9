"""A service provider of the tests' own: it signs with signxml and cryptography, verifies with signxml and python3-saml."""

from __future__ import annotations

import base64
import zlib
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from unittest.mock import patch
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit
from uuid import uuid4

import httpx
import signxml
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from simulators.kit.keys import certificate
from simulators.kit.secrets import secret
from tests.integration.simulators.harness import Simulator, start

NS = {
    "p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "a": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
    "s": "http://schemas.xmlsoap.org/soap/envelope/",
}
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
X509_SUBJECT = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
NATURAL = "http://eidas.europa.eu/attributes/naturalperson/"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
HUB = "http://127.0.0.1:8000"


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Answered:
    """What the simulator sent back by the browser. `action`: where the form goes."""

    action: str
    fields: dict[str, str]

    @property
    def text(self) -> bytes:
        return base64.b64decode(self.fields["SAMLResponse"], validate=True)

    @property
    def root(self) -> etree._Element:
        return etree.fromstring(self.text)


@dataclass
class Sp:
    """A service at a simulator. `scheme` decides what its requests look like."""

    simulator: Simulator
    scheme: str
    entity_id: str
    acs: str
    key: str
    certificate: str
    idp_entity_id: str
    idp_certificate: str
    sso: str
    slo: str
    wishes: dict[str, bool] = field(default_factory=dict)

    @property
    def sso_url(self) -> str:
        return self.simulator.url + self.sso

    # Asking

    def request(self, **over: str) -> str:
        """An AuthnRequest; `over` replaces texts: id, destination, issuer, conditions, level, format, extra attributes."""
        at = self.simulator.clock.at
        parts = {
            "id": f"_{uuid4()}",
            "destination": self.sso_url,
            "issuer": self.entity_id,
            "issuer_format": f' Format="{ENTITY}"' if self.scheme == "nias" else "",
            "acs": self.acs,
            "flags": 'ForceAuthn="true" IsPassive="false"',
            "policy": PERSISTENT,
            "conditions": "",
            "level": "",
            "extensions": "",
        }
        if self.scheme == "nias":
            parts["conditions"] = (
                f'<a:Conditions NotBefore="{moment(at - timedelta(seconds=30))}" '
                f'NotOnOrAfter="{moment(at + timedelta(minutes=5))}"><a:OneTimeUse/></a:Conditions>'
            )
        else:
            wished = "".join(
                f'<e:RequestedAttribute Name="{name}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"'
                f' isRequired="{str(required).lower()}"/>'
                for name, required in self.wishes.items()
            )
            parts["extensions"] = (
                '<p:Extensions xmlns:e="http://eidas.europa.eu/saml-extensions"><e:SPType>public</e:SPType>'
                f"<e:RequestedAttributes>{wished}</e:RequestedAttributes></p:Extensions>"
            )
            parts["level"] = level("substantial")
        parts |= over
        return (
            f'<p:AuthnRequest xmlns:p="{NS["p"]}" xmlns:a="{NS["a"]}" ID="{parts["id"]}" Version="2.0"'
            f' IssueInstant="{moment(at)}" Destination="{parts["destination"]}" {parts["flags"]}'
            f' ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"'
            f' AssertionConsumerServiceURL="{parts["acs"]}">'
            f"<a:Issuer{parts['issuer_format']}>{parts['issuer']}</a:Issuer>{parts['extensions']}"
            f'<p:NameIDPolicy Format="{parts["policy"]}" AllowCreate="true"/>{parts["conditions"]}{parts["level"]}'
            "</p:AuthnRequest>"
        )

    def redirect(self, url: str, name: str, xml: str, relay: str = "", algorithm: str = RSA_SHA256) -> str:
        packer = zlib.compressobj(wbits=-15)
        packed = base64.b64encode(packer.compress(xml.encode()) + packer.flush()).decode()
        query = urlencode({name: packed} | ({"RelayState": relay} if relay else {}) | {"SigAlg": algorithm})
        private = load_pem_private_key(self.key.encode(), None)
        digest = hashes.SHA256() if algorithm == RSA_SHA256 else hashes.SHA1()
        signature = base64.b64encode(private.sign(query.encode(), padding.PKCS1v15(), digest)).decode()
        return f"{url}?{query}&Signature={quote_plus(signature)}"

    def signed(self, xml: str) -> bytes:
        """By signxml, with the signature after the Issuer."""
        root = etree.fromstring(xml)
        place = etree.Element(f"{{{NS['ds']}}}Signature", Id="placeholder")
        root.insert(1, place)
        signer = signxml.XMLSigner(c14n_algorithm=signxml.CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0)
        done = signer.sign(root, key=self.key, cert=self.certificate, reference_uri=root.get("ID"), id_attribute="ID")
        return etree.tostring(done)

    async def page(self, xml: str, relay: str = "relay-1", binding: str = "redirect") -> httpx.Response:
        if binding == "redirect":
            return await self.simulator.client.get(self.redirect(self.sso_url, "SAMLRequest", xml, relay))
        form = {"SAMLRequest": base64.b64encode(self.signed(xml)).decode(), "RelayState": relay}
        return await self.simulator.client.post(self.sso, data=form)

    async def log_in(
        self,
        person: str,
        xml: str | None = None,
        *,
        level: str = "high",
        do: str = "login",
        give: tuple[str, ...] = (),
        binding: str = "redirect",
    ) -> Answered:
        page = await self.page(xml or self.request(), binding=binding)
        assert page.status_code == 200, page.text
        pairs = {"token": token_in(page), "person": person, "level": level, "do": do, "give": list(give)}
        answer = await self.simulator.client.post("/login", data=pairs)
        assert answer.status_code == 200, answer.text
        return form_in(answer)

    # Judging

    def peer(self, answered: Answered, request_id: str | None) -> tuple[bool, str, OneLogin_Saml2_Response]:
        """What python3-saml says of it: valid or not, and why not."""
        settings = OneLogin_Saml2_Settings(self.peer_settings())
        response = OneLogin_Saml2_Response(settings, answered.fields["SAMLResponse"])
        parts = urlsplit(self.acs)
        data = {"http_host": parts.netloc, "script_name": parts.path, "https": "off", "get_data": {}, "post_data": {}}
        with ExitStack() as stack:
            if self.scheme != "nias":
                # The types eIDAS gives its values are in no schema that python3-saml has, so it would refuse them all.
                stack.enter_context(patch.object(OneLogin_Saml2_XML, "validate_xml", lambda xml, *_: xml))
            valid = response.is_valid(data, request_id)
        return valid, response.get_error() or "", response

    def peer_settings(self) -> dict:
        return {
            "strict": True,
            "sp": {
                "entityId": self.entity_id,
                "assertionConsumerService": {"url": self.acs},
                "singleLogoutService": {"url": self.acs.replace("/acs", "/slo")},
                "x509cert": self.certificate,
                "privateKey": self.key,
                "NameIDFormat": PERSISTENT,
            },
            "idp": {
                "entityId": self.idp_entity_id,
                "singleSignOnService": {"url": self.sso_url},
                "singleLogoutService": {"url": self.simulator.url + self.slo},
                "x509cert": self.idp_certificate,
            },
            "security": {
                "wantMessagesSigned": True,
                "wantAssertionsEncrypted": True,
                "rejectDeprecatedAlgorithm": True,
                "requestedAuthnContext": False,
            },
        }

    def decrypt(self, response: etree._Element) -> etree._Element:
        """The assertion, opened by hand: RSA-OAEP (MGF1 with SHA-1) and AES-256-GCM."""
        (data,) = response.findall("a:EncryptedAssertion/xenc:EncryptedData", NS)
        assert data.find("xenc:EncryptionMethod", NS).get("Algorithm") == "http://www.w3.org/2009/xmlenc11#aes256-gcm"
        key = data.find("ds:KeyInfo/xenc:EncryptedKey", NS)
        transport = key.find("xenc:EncryptionMethod", NS).get("Algorithm")
        assert transport == "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
        oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
        private = load_pem_private_key(self.key.encode(), None)
        session = private.decrypt(base64.b64decode(key.findtext("xenc:CipherData/xenc:CipherValue", "", NS)), oaep)
        assert len(session) == 32
        sealed = base64.b64decode(data.findtext("xenc:CipherData/xenc:CipherValue", "", NS))
        return etree.fromstring(AESGCM(session).decrypt(sealed[:12], sealed[12:], None))


def verified(element: etree._Element | bytes, by: str) -> etree._Element:
    """What signxml says is signed by the certificate; raises InvalidSignature."""
    text = element if isinstance(element, bytes) else etree.tostring(element)
    config = signxml.SignatureConfiguration(location="./", expect_references=1)
    return signxml.XMLVerifier().verify(text, x509_cert=by, id_attribute="ID", expect_config=config).signed_xml


def level(name: str) -> str:
    return (
        '<p:RequestedAuthnContext Comparison="minimum">'
        f"<a:AuthnContextClassRef>http://eidas.europa.eu/LoA/{name}</a:AuthnContextClassRef></p:RequestedAuthnContext>"
    )


def attributes(assertion: etree._Element) -> dict[str, str]:
    found = assertion.findall("a:AttributeStatement/a:Attribute", NS)
    values = {one.get("Name"): "".join(one.find("a:AttributeValue", NS).itertext()) for one in found}
    assert len(values) == len(found)
    return values


def token_in(page: httpx.Response) -> str:
    return etree.HTML(page.text).find(".//input[@name='token']").get("value")


def form_in(page: httpx.Response) -> Answered:
    form = etree.HTML(page.text).find(".//form")
    return Answered(
        unescape(form.get("action")),
        {one.get("name"): one.get("value") for one in form.iter("input")},
    )


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


def inflated(text: str) -> etree._Element:
    return etree.fromstring(zlib.decompress(base64.b64decode(text), -15))


@asynccontextmanager
async def nias() -> AsyncIterator[Sp]:
    async with start("eid_nias") as simulator:
        simulator.clock.at = datetime.now(UTC).replace(microsecond=0)
        yield Sp(
            simulator,
            "nias",
            "CN=moja_pregrada, L=PREGRADA, OID.2.5.4.97=HR99999999990, O=munihub simulator, C=HR",
            f"{HUB}/pregrada/login/nias/acs",
            secret("pregrada-nias-key"),
            certificate("pregrada-nias").decode(),
            "CN=niasaptst, L=ZAGREB, OID.2.5.4.97=HR85821130368, O=FINA, C=HR",
            certificate("nias").decode(),
            "/sso-http",
            "/ssout-http",
        )


@asynccontextmanager
async def nia() -> AsyncIterator[Sp]:
    async with start("eid_nia") as simulator:
        simulator.clock.at = datetime.now(UTC).replace(microsecond=0)
        wishes = {f"{NATURAL}{name}": True for name in ("PersonIdentifier", "CurrentFamilyName", "CurrentGivenName")}
        wishes |= {f"{NATURAL}DateOfBirth": False, "http://www.stork.gov.eu/1.0/eMail": False}
        yield Sp(
            simulator,
            "nia",
            f"{HUB}/vzorov/login/nia/metadata",
            f"{HUB}/vzorov/login/nia/acs",
            secret("vzorov-nia-key"),
            certificate("vzorov-nia").decode(),
            "urn:microsoft:cgg2010:fpsts",
            certificate("nia").decode(),
            "/FPSTS/saml2/basic",
            "/FPSTS/saml2/basic",
            wishes,
        )


@asynccontextmanager
async def eidas() -> AsyncIterator[Sp]:
    """Registered by the metadata python3-saml writes."""
    async with start("eid_eidas") as simulator:
        simulator.clock.at = datetime.now(UTC).replace(microsecond=0)
        names = ("PersonIdentifier", "CurrentFamilyName", "CurrentGivenName", "DateOfBirth")
        sp = Sp(
            simulator,
            "eidas",
            f"{HUB}/pregrada/login/eidas/metadata",
            f"{HUB}/pregrada/login/eidas/acs",
            secret("pregrada-nias-key"),
            certificate("pregrada-nias").decode(),
            "https://eidas.simulator.example/EidasNode/ServiceMetadata",
            certificate("eidas").decode(),
            "/EidasNode/ColleagueRequest",
            "/EidasNode/Logout",
            {f"{NATURAL}{name}": True for name in names},
        )
        metadata = OneLogin_Saml2_Settings(sp.peer_settings()).get_sp_metadata()
        text = metadata if isinstance(metadata, str) else metadata.decode()
        registered = await simulator.post("register", metadata=text)
        assert registered["entity_id"] == sp.entity_id
        assert registered["acs"] == [sp.acs]
        yield sp
