"""What a live town refuses at its start, and where that is written."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import SecretStr

from hub.cities.live import fingerprint, refuse_rehearsal
from hub.cities.loader import load_city
from hub.cities.published import PUBLISHED
from hub.kernel.errors import ConfigurationError
from hub.settings import PROJECT
from tests.support.certificates import Authority
from tests.unit.cities.samples import changed, write

REAL = (("id: 7", "id: 7\nlive: true\nhosts: [moja.dolina.hr]"), ("http://127.0.0.1:1", "https://porez.dolina.hr"))
SETTINGS = 'settings: { base_url: "https://porez.dolina.hr" }'
EID = "eids: { drzava: { provider: oidc, name: { hr: eID }, settings: { %s } } }\n"
SIMULATED = PROJECT / "simulators"


class Dolina:
    """The town's folder, its mapping folder and its secrets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mapping = folder / "mappings" / "dolina_porez"
        self.mapping.mkdir(parents=True)
        self.secrets = {"dolina-porez": "s" * 40}
        self.file = write(folder)

    def open(self, text: str) -> None:
        self.file = write(self.folder, text)
        refuse_rehearsal(load_city(self.file), self.file, self.secret, lambda _: self.mapping)

    def secret(self, name: str) -> SecretStr:
        if name not in self.secrets:
            raise ConfigurationError(f"no secret {name}")
        return SecretStr(self.secrets[name])

    def refusal(self, *changes: tuple[str, str], more: str = "") -> tuple[str, str]:
        """Key and sentence; with the line of the file that holds it."""
        text = changed(*REAL, *changes) + more
        with pytest.raises(ConfigurationError) as caught:
            self.open(text)
        error = caught.value
        assert (error.file, error.remedy is not None) == (str(self.file), True)
        last = next(part for part in reversed(error.key.split(".")) if not part.isdecimal())
        assert last in text.splitlines()[error.line - 1], error
        return error.key, error.problem


@pytest.fixture
def dolina(tmp_path) -> Dolina:
    return Dolina(tmp_path)


def in_settings(written: str) -> tuple[str, str]:
    return SETTINGS, f'settings: {{ base_url: "https://porez.dolina.hr", {written} }}'


def test_a_real_town_goes_live_and_another_may_rehearse(dolina):
    dolina.open(changed(*REAL))
    dolina.open(changed(in_settings_of_rehearsal()))


def in_settings_of_rehearsal() -> tuple[str, str]:
    return ('base_url: "http://127.0.0.1:1"', 'base_url: "http://127.0.0.1:1", password: { secret: dolina-porez }')


@pytest.mark.parametrize(
    "host", ["[::ffff:127.0.0.1]", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "[::ffff:0:0]"]
)
def test_this_machine_in_other_words(dolina, host):
    """What the resolver of every system takes for 127.0.0.1 (inet_aton), and IPv4 in IPv6 (RFC 4291 §2.5.5.2)."""
    _, problem = dolina.refusal(in_settings(f'more: "https://{host}/x"'))
    assert "is this machine, or a name for tests" in problem


@pytest.mark.parametrize("host", ["10.1", "[::ffff:192.168.0.1]", "167772161"])
def test_a_private_network_in_other_words(dolina, host):
    _, problem = dolina.refusal(more=EID % f'issuer: "https://{host}/x"')
    assert "is in a private network" in problem


def test_it_has_a_host_of_its_own(dolina):
    key, problem = dolina.refusal(("hosts: [moja.dolina.hr]\n", ""))
    assert (key, problem[:40]) == ("live", "a live town has a host of its own: cooki")


@pytest.mark.parametrize("host", ["localhost", "dolina.test", "dolina.localhost", "127.0.0.1", "dolina.example"])
def test_that_leads_to_it(dolina, host):
    assert dolina.refusal(("[moja.dolina.hr]", f"[moja.dolina.hr, {host}]")) == (
        "hosts.1",
        f"nobody outside finds {host}",
    )


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8101/x", "https://127.1.2.3", "HTTPS://LOCALHOST:8443/a", "https://[::1]/x", "https://0.0.0.0",
        "https://porez.test", "https://porez.localhost./", "https://169.254.169.254/latest", "https://idp.example.com/x",
    ],
)  # fmt: skip
def test_no_address_of_this_machine_or_of_tests(dolina, address):
    key, problem = dolina.refusal((f'"{"https://porez.dolina.hr"}"', f'"{address}"'))
    assert key == "back_offices.porez.settings.base_url"
    assert problem.endswith("is this machine, or a name for tests")


def test_nothing_without_tls(dolina):
    key, problem = dolina.refusal(('"https://porez', '"http://porez'))
    assert (key, problem) == (
        "back_offices.porez.settings.base_url",
        "porez.dolina.hr is called without TLS: whoever stands in between reads and changes everything",
    )
    key, _ = dolina.refusal(in_settings('auth: { kind: oauth2, token_url: "http://sso.dolina.hr/t" }'))
    assert key == "back_offices.porez.settings.auth.token_url"
    key, _ = dolina.refusal(in_settings('hosts: ["https://a.hr", "http://b.hr"]'))
    assert key == "back_offices.porez.settings.hosts.1"


def test_a_back_office_may_be_in_the_towns_own_network_an_eid_may_not(dolina):
    for address in ("https://10.1.2.3/x", "https://porez/x"):
        dolina.open(changed(*REAL, (f'"{"https://porez.dolina.hr"}"', f'"{address}"')))
        more = EID % f'issuer: "{address}"'
        key, problem = dolina.refusal(more=more)
        assert (key, problem.partition(" ")[2]) == ("eids.drzava.settings.issuer", "is in a private network")
    dolina.open(changed(*REAL) + EID % 'issuer: "https://id.gov.hr"')


def test_names_that_look_like_addresses_are_names(dolina):
    names = 'entity_id: "http://localhost/sp", idp: "http://idp.test", acr: { "http://x.test": low }'
    dolina.open(changed(*REAL) + EID % names)


# ── Certificates ─────────────────────────────────────────────────────────────────────────────────

METADATA = """<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
<ds:X509Certificate>
%s
</ds:X509Certificate><md:SingleSignOnService Location="%s"/></md:EntityDescriptor>"""


def certificate(name: str, folder: Path) -> str:
    """Base64 of one that names it as its issuer."""
    issued = Authority(folder, name).issue("somebody")
    loaded = x509.load_pem_x509_certificate(issued.certificate.read_bytes())
    return base64.b64encode(loaded.public_bytes(Encoding.DER)).decode()


@pytest.mark.parametrize(
    ("issuer", "location", "problem"),
    [
        ("Munihub Simulator CA", "https://a.hr", "idp.xml has a certificate of a simulator, whose key everybody knows"),
        ("AKD", "http://127.0.0.1:8201/sso", "idp.xml: 127.0.0.1 is this machine, or a name for tests"),
        ("AKD", "http://nias.gov.hr/sso", "idp.xml: nias.gov.hr is called without TLS: whoever stands in between reads and changes everything"),
        ("AKD", "https://nias.gov.hr/sso", None),
    ],
)  # fmt: skip
def test_metadata_of_a_simulated_eid(dolina, tmp_path, issuer, location, problem):
    text = METADATA % (certificate(issuer, tmp_path), location)
    (dolina.file.parent / "idp.xml").write_text(text, "utf-8")
    more = EID % "metadata: idp.xml"
    if problem is None:
        dolina.open(changed(*REAL) + more)
    else:
        assert dolina.refusal(more=more) == ("eids.drzava.settings.metadata", problem)


def test_a_simulators_certificate_as_authority_of_a_connection(dolina, tmp_path):
    authority = Authority(tmp_path, "munihub simulator")
    shutil.copy(authority.file, dolina.mapping / "ca.pem")
    assert dolina.refusal(in_settings("tls: { ca_file: ca.pem }")) == (
        "back_offices.porez.settings.tls.ca_file",
        "ca.pem has a certificate of a simulator, whose key everybody knows",
    )


@pytest.mark.parametrize("file", sorted((SIMULATED / "keys").glob("*.crt")), ids=lambda file: file.name)
def test_the_simulators_own_certificates(dolina, file):
    shutil.copy(file, dolina.file.parent / "own.crt")
    keys = "keys: [{ certificate: own.crt, key: { secret: elsewhere } }]"
    key, problem = dolina.refusal(more=EID % keys)
    assert key == "eids.drzava.settings.keys.0.certificate"
    assert problem == "own.crt has a certificate of a simulator, whose key everybody knows"


def test_a_certificate_that_is_none_is_for_whoever_uses_it(dolina):
    (dolina.file.parent / "own.crt").write_text(
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "ascii"
    )
    dolina.open(changed(*REAL) + EID % "keys: [{ certificate: own.crt }]")


# ── Secrets ──────────────────────────────────────────────────────────────────────────────────────


def published() -> dict[str, str]:
    """Every secret that lies in the project, by name."""
    found = dict(yaml.safe_load((SIMULATED / "secrets.yaml").read_text("utf-8")))
    return found | {file.name: file.read_text("ascii") for file in (SIMULATED / "keys").glob("*.key")}


def test_the_list_of_published_secrets_is_whole():
    missing = {
        f'"{fingerprint(value)}",  # {name}'
        for name, value in published().items()
        if fingerprint(value) not in PUBLISHED
    }
    assert missing == set(), "add these lines to hub/cities/published.py"


def test_published_secrets_are_refused_wherever_they_are_named(dolina):
    dolina.secrets |= {"theirs": published()["pregrada-financije"]}
    sentence = "the secret 'theirs' has a value that is published with this project: everybody knows it"
    assert dolina.refusal(in_settings("auth: { password: { secret: theirs } }")) == (
        "back_offices.porez.settings.auth.password",
        sentence,
    )
    assert dolina.refusal(("secret: dolina-porez", "secret: theirs")) == ("back_offices.porez.push.secret", sentence)
    assert dolina.refusal(more=EID % "client_auth: { client_secret: { secret: theirs } }") == (
        "eids.drzava.settings.client_auth.client_secret",
        sentence,
    )
    client = "clients: { konzola: { name: { hr: K }, kind: machine, scopes: [push], secret: { secret: theirs } } }\n"
    assert dolina.refusal(more=client) == ("clients.konzola.secret", sentence)


def test_a_published_private_key_with_other_line_ends(dolina):
    dolina.secrets |= {"theirs": published()["pregrada-nias-key"].rstrip("\n")}
    key, _ = dolina.refusal(more=EID % "keys: [{ key: { secret: theirs } }]")
    assert key == "eids.drzava.settings.keys.0.key"


def test_a_secret_this_process_has_not_is_not_looked_at(dolina):
    dolina.open(changed(*REAL, in_settings("auth: { password: { secret: elsewhere } }")))


def test_clients_are_reached_by_tls_but_on_the_citizens_own_device(dolina):
    client = "clients: {{ portal: {{ name: {{ hr: P }}, kind: {}, {} scopes: [account], redirect_uris: ['{}'] }} }}\n"
    device = "http://127.0.0.1:3000/back"
    dolina.open(changed(*REAL) + client.format("public", "", device))
    key, _ = dolina.refusal(more=client.format("confidential", "secret: { secret: dolina-porez },", device))
    assert key == "clients.portal.redirect_uris.0"
    key, _ = dolina.refusal(more=client.format("public", "origins: ['http://localhost:3000'],", "https://a.hr/back"))
    assert key == "clients.portal.origins.0"
