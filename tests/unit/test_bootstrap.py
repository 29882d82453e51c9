"""Towns joined with mappings, connectors and secrets; one that is wrong does not take the others with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from connectors.rest.connector import RestConnector
from hub.bootstrap.nouns import TARGETS
from hub.bootstrap.plug_ins import bank_transfer_schemes
from hub.bootstrap.towns import Towns, examine_towns, open_towns
from hub.kernel.errors import ConfigurationError
from hub.settings import Settings
from tests.unit.cities.samples import MAPPING, TOWN, changed, write, write_mappings


@pytest.fixture
def config(tmp_path) -> Path:
    """A configuration folder with the town and its mappings."""
    write(tmp_path / "config")
    write_mappings(tmp_path / "config")
    return tmp_path / "config"


@pytest.fixture
def settings(tmp_path, config) -> Settings:
    secret = tmp_path / "var" / "secrets" / "dolina-porez"
    secret.parent.mkdir(parents=True)
    secret.touch(0o600)
    secret.write_text("geheim", "utf-8")
    return settings_of(tmp_path, config)


def settings_of(tmp_path: Path, *folders: Path) -> Settings:
    path = ":".join(map(str, folders))
    return Settings.from_environment({"MUNIHUB_VAR": str(tmp_path / "var"), "MUNIHUB_CONFIG_PATH": path})


def opened(settings: Settings, *, connect: bool = False) -> Towns:
    """Without the events that say which towns were left out."""
    with capture_logs():
        return open_towns(settings, connect=connect)


def refusal(settings: Settings, text: str, *, connect: bool = True) -> str:
    """Why the town is left out, with the file's name alone instead of its path."""
    file = write(settings.config_path[0], text)
    with capture_logs(), pytest.raises(ConfigurationError) as caught:
        open_towns(settings, connect=connect)
    return str(caught.value).replace(f"{file.parent}/", "")


# ── A town that is right ─────────────────────────────────────────────────────────────────────────


async def test_a_town_is_joined_with_what_it_names(settings):
    towns = open_towns(settings, connect=True)
    try:
        assert towns.broken == {}
        town = towns.by_slug["dolina"]
        assert [scheme.id for scheme in town.bank_transfer] == ["hub3"]
        office = town.back_offices["porez"]
        assert isinstance(office.connector, RestConnector)
        assert office.push_secret is not None
        assert office.push_secret.get_secret_value() == "geheim"
        obligations, cases = office.feeds["obligations"], office.feeds["cases"]
        assert (obligations.noun, obligations.needs, obligations.schemes) == ("obligation", "hr.oib", {"hr.oib"})
        assert obligations.reader is not None
        assert (cases.noun, cases.needs, cases.mapping, cases.reader) == ("case", None, None, None)
        assert office.events["hr.dolina.stavka"].feed is obligations
        assert office.events["hr.dolina.sve"].mapping is None
        assert list(town.feeds("case")) == [cases]
    finally:
        await towns.close()


def test_the_api_opens_no_connector(settings):
    office = opened(settings).by_slug["dolina"].back_offices["porez"]
    assert office.connector is None
    assert office.feeds["obligations"].reader is None
    assert office.feeds["obligations"].mapping is not None


def test_what_a_town_may_name():
    assert set(TARGETS) == {"obligation", "case", "subject"}
    assert list(bank_transfer_schemes()) == ["epc", "hub3", "ips_rs", "nbu", "nbu_002", "spayd"]


def test_towns_are_found_by_host(settings, config):
    write(config, changed(("languages:", "hosts: [Moja.Dolina.hr, dolina.eu]\nlanguages:")))
    assert opened(settings).hosts == {"moja.dolina.hr": "dolina", "dolina.eu": "dolina"}


# ── Search path ──────────────────────────────────────────────────────────────────────────────────


def test_mappings_are_sought_beside_the_town_then_along_the_path(tmp_path, settings, config):
    def kinds() -> list[str]:
        mapping = opened(settings).by_slug["dolina"].back_offices["porez"].feeds["obligations"].mapping
        assert mapping is not None
        return [str(mapping.file.relative_to(tmp_path))]

    vendor = tmp_path / "vendor"
    (vendor / "cities").mkdir(parents=True)
    settings = settings_of(tmp_path, vendor, config)
    write_mappings(vendor)
    # The vendor's folder comes first on the path, but the town keeps a folder of its own beside it.
    assert kinds() == ["config/mappings/dolina_porez/obligation.yaml"]
    shutil.rmtree(config / "mappings")
    assert kinds() == ["vendor/mappings/dolina_porez/obligation.yaml"]


def test_our_own_mappings_are_found_from_a_folder_elsewhere(settings):
    text = changed(
        ("mapping: dolina_porez", "mapping: pregrada_urudzbeni"),
        ("      obligations:\n        mapping: obligation.yaml", "      obligations:\n        mapping: case.yaml"),
        ("        hr.dolina.stavka: { feed: obligations, mapping: event.yaml }\n", ""),
    )
    write(settings.config_path[0], text)
    assert opened(settings).by_slug["dolina"].back_offices["porez"].feeds["obligations"].noun == "case"


# ── Towns left out ───────────────────────────────────────────────────────────────────────────────


def test_a_town_that_is_wrong_is_left_out_and_its_error_kept(settings, config):
    text = changed(("slug: dolina", "slug: gora"), ("id: 7", "id: x"))
    file = write(config, text, "gora")
    with capture_logs() as logs:
        towns = open_towns(settings, connect=False)
    assert set(towns.by_slug) == {"dolina"}
    message = f"{file}:1: id: a text stands where a whole number is needed. Write digits only."
    assert {slug: str(error) for slug, error in towns.broken.items()} == {"gora": message}
    assert logs == [{"event": "town_left_out", "log_level": "error", "city": "gora", "because": message}]


def test_towns_that_clash_are_left_out(settings, config):
    write(config, changed(("slug: dolina", "slug: bistra")), "bistra")
    write(config, changed(("slug: dolina", "slug: gora"), ("id: 7", "id: 8")), "gora")
    towns = opened(settings)
    assert set(towns.by_slug) == {"gora"}
    assert [(slug, error.problem) for slug, error in towns.broken.items()] == [
        ("bistra", "7 is also that of dolina"),
        ("dolina", "7 is also that of bistra"),
    ]


def test_where_all_are_wrong_there_is_no_hub(settings, config):
    write(config, changed(("id: 7", "id: x")))
    with capture_logs(), pytest.raises(ConfigurationError, match=r"city\.yaml:1: id: a text stands"):
        open_towns(settings, connect=False)
    assert set(examine_towns(settings, connect=False).broken) == {"dolina"}


def test_where_there_are_none_there_is_no_hub(tmp_path):
    (tmp_path / "cities").mkdir()
    with pytest.raises(ConfigurationError) as caught:
        open_towns(settings_of(tmp_path, tmp_path), connect=False)
    assert str(caught.value) == (
        "MUNIHUB_CONFIG_PATH: there is no town on the configuration path. "
        "Write cities/<slug>/city.yaml into one of its folders."
    )


# ── Mistakes that only show when everything is joined ────────────────────────────────────────────


def test_unknown_scheme(settings):
    assert refusal(settings, changed(("[hub3]", "[hub3, qr]"))) == (
        "city.yaml:8: bank_transfer.1: there is no bank transfer scheme 'qr'. Choose from: epc, hub3, ips_rs, nbu, nbu_002, spayd."
    )


def test_unknown_connector(settings):
    assert refusal(settings, changed(("connector: rest", "connector: rset"))) == (
        "city.yaml:26: back_offices.porez.connector: there is no connector 'rset'. Use one of: rest, soap."
    )


def test_unknown_mapping_folder(settings, config):
    message = refusal(settings, changed(("mapping: dolina_porez", "mapping: dolina_porz")))
    assert message.startswith(
        "city.yaml:27: back_offices.porez.mapping: there is no mapping folder 'dolina_porz'. "
        f"Did you mean dolina_porez? Looked in {config}/mappings, "
    )
    assert "Did you mean" not in refusal(settings, changed(("mapping: dolina_porez", "mapping: sefqwrz")))


def test_unknown_mapping(settings, config):
    there = f"in {config}/mappings/dolina_porez. There are: case.yaml, event.yaml, obligation.yaml."
    assert refusal(settings, changed(("mapping: obligation.yaml", "mapping: obligations.yaml"))) == (
        f"city.yaml:33: back_offices.porez.feeds.obligations.mapping: there is no mapping 'obligations.yaml' {there}"
    )
    assert refusal(settings, changed(("mapping: event.yaml", "mapping: events.yaml"))) == (
        "city.yaml:40: back_offices.porez.push.events.hr.dolina.stavka.mapping: "
        f"there is no mapping 'events.yaml' {there}"
    )


def test_obligations_that_are_owed_to_nobody(settings, config):
    unpaid = changed(("    payee: grad\n", ""))
    message = refusal(settings, unpaid)
    assert message.startswith("city.yaml:")
    assert message.endswith(
        ": back_offices.porez: obligation.yaml makes obligations, and neither it nor the back office says to whom they "
        "are owed. Add payee: here, one of grad, voda; or map the field payee."
    )
    mapped = MAPPING.replace("fields:\n", "fields:\n  payee: who\n")
    write_mappings(config, obligation=mapped)
    event = (config / "mappings/dolina_porez/event.yaml").read_text("utf-8")
    (config / "mappings/dolina_porez/event.yaml").write_text(event.replace("fields:\n", "fields:\n  payee: who\n"))
    write(config, unpaid)
    assert opened(settings).broken == {}


def test_a_mapping_that_is_wrong_names_its_own_file(settings, config):
    write_mappings(config, obligation=MAPPING.replace("target: obligation", "target: obligaton"))
    message = refusal(settings, TOWN)
    assert message.startswith(f"{config}/mappings/dolina_porez/obligation.yaml:1: target: ")


def test_a_source_that_is_wrong_names_the_mapping(settings, config):
    write_mappings(config, obligation=MAPPING.replace("GET /items", "FETCH /items"))
    message = refusal(settings, TOWN)
    assert message.startswith(
        f"{config}/mappings/dolina_porez/obligation.yaml: request: 'FETCH /items' is not a request"
    )


def test_a_feed_of_two_nouns(settings):
    assert refusal(settings, changed(("mapping: event.yaml", "mapping: case.yaml"))) == (
        "city.yaml:32: back_offices.porez.feeds.obligations: a feed fills one noun; "
        "the mappings of this one fill case and obligation. Make a feed of each."
    )


def test_a_feed_whose_versions_do_not_compare(settings, config):
    event = (config / "mappings/dolina_porez/event.yaml").read_text("utf-8")
    (config / "mappings/dolina_porez/event.yaml").write_text(f"{event}version: {{ from: at, as: datetime }}\n", "utf-8")
    assert refusal(settings, TOWN) == (
        "city.yaml:32: back_offices.porez.feeds.obligations: of two records the newer one is kept, and the mappings of "
        "this feed do not compare: they have datetime and no version. Write the same kind of version: into each, or "
        "into none."
    )


def test_a_feed_of_no_noun(settings):
    text = changed(("        hr.dolina.predmet: { feed: cases, mapping: case.yaml }\n", ""))
    assert refusal(settings, text) == (
        "city.yaml:36: back_offices.porez.feeds.cases: no mapping says what this feed holds. "
        "Add mapping, here or to a push event."
    )


def test_a_call_that_needs_two_identifiers(settings, config):
    two = "oib: { alias: hr.oib }, mb: { alias: hr.mb }"
    write_mappings(config, obligation=MAPPING.replace("oib: { alias: hr.oib }", two))
    assert refusal(settings, TOWN).startswith(
        "city.yaml:32: back_offices.porez.feeds.obligations: its call needs several identifiers of a subject: "
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('base_url: "http', 'base_ulr: "http'), "base_ulr: there is no such key here. Did you mean base_url?"),
        (('"http://127.0.0.1:1"', '"127.0.0.1:1"'), "base_url: '127.0.0.1:1' is not a plain http or https URL. "),
        (('1" }', '1", auth: { kind: bearer, token: pssst } }'), "auth.token: a secret is only named here, "),
        (('1" }', '1", timeout: { read: 5 } }'), "timeout.read: 5 is not a duration: "),
    ],
)  # fmt: skip
def test_wrong_settings_of_a_connector(settings, change, message):
    told = refusal(settings, changed(change))
    assert told.startswith(f"city.yaml:30: back_offices.porez.settings.{message}")
    assert "pssst" not in told
    assert opened(settings).broken == {}  # The API does not call back offices and goes on serving what was read.


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        (
            "http://127.0.0.1:1",
            ".wsdl: porez.wsdl is not in the mapping folder dolina_porez. Put it there. Files present:",
        ),
        ("127.0.0.1:1", ": '127.0.0.1:1' is not a plain http or https URL. Write an address such as https://"),
        ("http://u:pssst@a", ": 'http://[secret]@a' is not a plain http or https URL. Write an address such as"),
    ],
)
def test_a_soap_service_that_cannot_be(settings, config, endpoint, message):
    text = changed(
        ("connector: rest", "connector: soap"),
        ('base_url: "http://127.0.0.1:1"', f'wsdl: porez.wsdl, endpoint: "{endpoint}"'),
    )
    write_mappings(config, obligation=MAPPING.replace("request: GET /items", "operation: Items"))
    assert refusal(settings, text).startswith(f"city.yaml:30: back_offices.porez.settings{message}")


@pytest.mark.parametrize(
    ("contract", "message"),
    [
        (
            "<definitions>",
            "city.yaml:30: back_offices.porez.settings.wsdl: The document porez.wsdl is not well-formed XML",
        ),
        (
            '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"><import location="more.wsdl"/></definitions>',
            "porez.wsdl:1: wsdl: ",
        ),
    ],
)
def test_a_contract_that_is_wrong(settings, config, contract, message):
    text = changed(
        ("connector: rest", "connector: soap"),
        ('base_url: "http', 'wsdl: porez.wsdl, endpoint: "http'),
    )
    write_mappings(config, obligation=MAPPING.replace("request: GET /items", "operation: Items"))
    (config / "mappings" / "dolina_porez" / "porez.wsdl").write_text(contract, "utf-8")
    assert refusal(settings, text).startswith(message)


def test_secrets_that_are_missing_or_open_to_everybody(settings, tmp_path):
    file = settings.secrets / "dolina-porez"
    file.chmod(0o644)
    assert refusal(settings, TOWN).startswith(
        f"{file}: this secret is open to every user of the machine. Run: chmod o-rwx"
    )
    file.unlink()
    assert refusal(settings, TOWN) == (
        f"city.yaml:38: back_offices.porez.push.secret: the secret 'dolina-porez' is in none of these places: {file}, "
        f"$MUNIHUB_SECRET_DOLINA_POREZ. Write it to {file} with mode 600, or set $MUNIHUB_SECRET_DOLINA_POREZ."
    )


def test_a_push_secret_that_could_be_guessed_is_refused_in_a_live_town(settings):
    file = settings.secrets / "dolina-porez"
    live = changed(
        ("id: 7", "id: 7\nlive: true\nhosts: [moja.dolina.hr]"), ("http://127.0.0.1:1", "https://porez.dolina.hr")
    )
    file.write_text("x" * 31, "utf-8")
    assert "back_offices.porez.push.secret: dolina is live, and the push secret has less than 32 characters" in refusal(
        settings, live, connect=False
    )
    file.write_text("x" * 32, "utf-8")
    assert opened(settings).broken == {}


@pytest.mark.parametrize("value", ["geheim und lang", "geh\teim", "geheim\u00a0", "žžž", "\x7f"])
def test_a_push_secret_that_no_header_carries_is_refused(settings, value):
    (settings.secrets / "dolina-porez").write_text(value, "utf-8")
    assert "push.secret: the push secret has characters that no Authorization header carries" in refusal(
        settings, TOWN, connect=False
    )


def test_two_back_offices_with_one_push_secret_are_refused(settings):
    second = TOWN[TOWN.index("  porez:") :].replace("  porez:", "  voda:")
    assert "back_offices.voda.push.secret: porez and voda push with the same secret" in refusal(
        settings, TOWN + second, connect=False
    )
