"""A signing key that is missing or none is found when the town is opened by whoever will sign."""

from __future__ import annotations

import pytest
import yaml
from pydantic import SecretStr

from hub.cities.loader import load_city
from hub.cities.signing import check_signing_secrets
from hub.kernel.errors import ConfigurationError
from hub.settings import PROJECT

GOOD = "whsec_" + "QUJD" * 8
SIGNED = {"url": "https://hooks.pregrada.hr/munihub", "secret": {"secret": "new"}, "previous_secret": {"secret": "old"}}


def town(folder, **changes):
    file = folder / "cities" / "pregrada" / "city.yaml"
    file.parent.mkdir(parents=True)
    ours = PROJECT / "config" / "cities" / "pregrada" / "city.yaml"
    file.write_text(yaml.safe_dump({"extends": [str(ours)], **changes}), "utf-8")
    return load_city(file), file


def finder(**known: str):
    def find(name: str) -> SecretStr:
        if name not in known:
            raise ConfigurationError(f"there is no secret {name!r}", remedy="Write it.")
        return SecretStr(known[name])

    return find


PLACES = {
    "alerts.webhook": {"alerts": {"webhook": SIGNED}},
    "clients.portal.webhook": {"clients": {"portal": {"webhook": SIGNED | {"events": ["account.changed"]}}}},
}


@pytest.mark.parametrize("place", PLACES)
def test_both_keys_are_looked_at(place, tmp_path):
    city, file = town(tmp_path, **PLACES[place])
    others = dict.fromkeys(("pregrada-alerts", "portal-webhook"), GOOD)
    check_signing_secrets(city, file, finder(new=GOOD, old=GOOD, **others))
    for wrong, key, problem in (
        ({"old": GOOD}, "secret", "there is no secret 'new'"),
        ({"new": GOOD}, "previous_secret", "there is no secret 'old'"),
        ({"new": "hunter2", "old": GOOD}, "secret", "does not begin with whsec_"),
        ({"new": GOOD, "old": "whsec_QUJD"}, "previous_secret", "has 3 bytes"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            check_signing_secrets(city, file, finder(**wrong))
        assert (caught.value.file, caught.value.key) == (str(file), f"{place}.{key}")
        assert problem in caught.value.problem
        assert "hunter2" not in str(caught.value)
