"""A machine that pushes for a back office, as the town writes it."""

from __future__ import annotations

import pytest

from hub.cities.loader import load_city
from tests.unit.cities.samples import TOWN, refusal, write

MACHINE = """\
clients:
  porez-push:
    name: { hr: Porez }
    kind: %s
    secret: { secret: porez-push }
    scopes: [%s]
    back_office: %s
"""


def test_a_machine_is_bound_to_its_back_office(tmp_path):
    city = load_city(write(tmp_path, TOWN + MACHINE % ("machine", "push", "porez")))
    assert city.clients["porez-push"].back_office == "porez"


@pytest.mark.parametrize(
    ("kind", "scope", "office", "sentence"),
    [
        ("machine", "push", "voda", "back_office: there is no back office 'voda'. Use one of: porez."),
        ("machine", "account", "porez", "scopes.0: the scope 'account' opens nothing to it. Use some of: push."),
        (
            "confidential",
            "account",
            "porez",
            "back_office: only a machine pushes for a back office. Write kind: machine.",
        ),
    ],
)
def test_what_cannot_push_for_one(tmp_path, kind, scope, office, sentence):
    text = MACHINE % (kind, scope, office)
    if kind == "confidential":
        text += "    redirect_uris: [https://portal.dolina.hr/back]\n"
    assert refusal(tmp_path, TOWN + text).endswith(f": clients.porez-push.{sentence}")
