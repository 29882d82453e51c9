"""Front ends in city.yaml: what cannot work, or would let somebody else in, is refused when the file is read."""

from __future__ import annotations

import json
import re

import pytest
from joserfc.jwk import ECKey

from hub.cities.addresses import ORIGIN, unfit
from hub.cities.loader import load_city
from hub.kernel.errors import ConfigurationError
from tests.unit.cities.samples import TOWN, write

GOOD = """
clients:
  portal:
    name: { hr: Portal }
    kind: confidential
    secret: { secret: dolina-portal }
    redirect_uris: [https://portal.example/callback]
    scopes: [account]
  spa:
    name: { hr: SPA }
    kind: public
    redirect_uris: [https://spa.example/callback, "http://127.0.0.1/callback", "hr.dolina.app:/callback"]
    origins: [https://spa.example, "http://127.0.0.1:9912"]
    scopes: [account]
  robot:
    name: { hr: Robot }
    kind: machine
    secret: { secret: dolina-robot }
    scopes: [push]
"""


def test_each_kind_is_read(tmp_path):
    city = load_city(write(tmp_path, TOWN + GOOD))
    assert {name: client.kind for name, client in city.clients.items()} == {
        "portal": "confidential",
        "spa": "public",
        "robot": "machine",
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    secret: { secret: dolina-portal }\n",
            "",
            "clients.portal.secret: a secret is needed for a confidential client",
        ),
        (
            "clients:\n",
            "clients:\n  konzola: { name: { hr: K }, kind: public, staff: true, scopes: [people, alerts], redirect_uris: [x] }\n",
            "the scope 'alerts' opens nothing to it. Use some of: messages, money, people, mandates, audit. It has openid",
        ),
        (
            "https://portal.example/callback]\n    scopes: [account]",
            "https://portal.example/callback]\n    scopes: [account, money]",
            "clients.portal.scopes.1: the scope 'money' opens nothing to it. Use some of: account,",
        ),
        ("    secret: { secret: dolina-robot }\n", "", "clients.robot.secret: a secret is needed for a machine client"),
        (
            "    kind: public\n",
            "    kind: public\n    secret: { secret: x }\n",
            "clients.spa.secret: a secret is never in a",
        ),
        ("    redirect_uris: [https://portal.example/callback]\n", "", "this is a client that nobody comes back to"),
        (
            "    kind: machine\n",
            "    kind: machine\n    redirect_uris: [https://x.example/]\n",
            "has no browser to redirect",
        ),
        ("https://portal.example/callback", "http://portal.example/callback", "clients.portal.redirect_uris.0: 'http"),
        ("https://portal.example/callback", "portal.example:/callback", "must begin with https://"),
        ("https://spa.example/callback", "https://spa.example/*", "must be a whole address without"),
        ("origins: [https://spa.example,", "origins: [https://spa.example/,", "clients.spa.origins.0: "),
        (
            "    kind: public\n",
            "    kind: public\n    frontchannel_logout_uri: http://spa.example/x\n",
            "must be https",
        ),
    ],
)
def test_what_cannot_be_right_is_refused(tmp_path, old, new, said):
    assert old in GOOD
    with pytest.raises(ConfigurationError) as caught:
        load_city(write(tmp_path, TOWN + GOOD.replace(old, new, 1)))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "uri",
    [
        "", "/callback", "//portal.example/", "https://", "https:///path", "https://portal.example/#x",
        "https://user@portal.example/", "https://portal.example/a b", "https://portal.example/ö", "javascript:alert(1)",
        "data:text/html,x", "app:/callback", "ftp://portal.example/", "https://[portal/", "https://portal.example:port/",
        "http://portal.example/", "http://127.0.0.1.evil.example/", "https://*.example/",
    ],
)  # fmt: skip
def test_where_no_browser_is_sent(uri):
    assert unfit(uri, own_scheme=True) is not None


@pytest.mark.parametrize(
    ("origin", "fits"),
    [
        ("https://spa.example", True),
        ("http://127.0.0.1:9912", True),
        ("http://[::1]:5173", True),
        ("https://spa.example/", False),
        ("https://SPA.example", False),
        ("*", False),
        ("null", False),
        ("https://*.example", False),
        ("https://spa.example\n", False),
        ("spa.example", False),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(origin, fits):
    assert bool(ORIGIN.match(origin)) is fits


def test_a_client_may_sign_instead(tmp_path):
    secret = "    secret: { secret: dolina-robot }\n"
    key = ECKey.generate_key("P-256", {"kid": "one"})

    def with_keys(*keys: object, also: str = "") -> str:
        return TOWN + GOOD.replace(secret, f"{also}    keys: {json.dumps(keys)}\n", 1)

    assert load_city(write(tmp_path, with_keys(key.as_dict(private=False)))).clients["robot"].secret is None
    wrong = [
        (with_keys(key.as_dict(private=False), also=secret), "there is a secret, and keys to do without it"),
        (with_keys(), "a secret is needed for a machine client"),
        (with_keys(key.as_dict(private=True)), "this key has a private part"),
        (with_keys({"kty": "oct", "k": "AAAA"}), "this key has a private part"),
        (with_keys({"kty": "EC"}), "this is no public key"),
        (with_keys({}), "this is no public key"),
        (with_keys(ECKey.generate_key("P-384").as_dict(private=False)), "of curves there are P-256 and Ed25519"),
    ]
    for text, said in wrong:
        with pytest.raises(ConfigurationError, match=re.escape(said)):
            load_city(write(tmp_path, text))
