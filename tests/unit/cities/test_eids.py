"""An eID as the town writes it."""

from __future__ import annotations

from tests.unit.cities.samples import TOWN, refusal

EIDS = """\
eids:
  password:
    provider: nias
    name: { hr: NIAS }
"""


def test_an_eid_is_not_called_like_a_page_of_the_login(tmp_path):
    assert refusal(tmp_path, TOWN + EIDS).endswith(
        ": eids.password: /login/password is another page of the hub. Call it as the eID is called, such as nias."
    )
