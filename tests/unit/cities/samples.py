"""A small town, and mistakes in its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.cities.loader import load_city
from hub.kernel.errors import ConfigurationError

TOWN = """\
id: 7
slug: dolina
name: { hr: Dolina, en: Dolina }
country: HR
currency: EUR
timezone: Europe/Zagreb
languages: [hr, en]
bank_transfer: [hub3]

payees:
  grad:
    name: { hr: Grad Dolina }
    street: Trg 1
    account: HR17 2360 0001 1012 3456 5
    purpose: GOVT
  voda:
    name: { hr: Vodovod Dolina }
    account: HR1210010051863000160

departments:
  financije: { hr: Financije }

back_offices:
  porez:
    name: { hr: Porez }
    connector: rest
    mapping: dolina_porez
    payee: grad
    department: financije
    settings: { base_url: "http://127.0.0.1:1" }
    feeds:
      obligations:
        mapping: obligation.yaml
        refresh: { every: 15m }
        max_age: 1h
      cases: { max_age: 2d }
    push:
      secret: { secret: dolina-porez }
      events:
        hr.dolina.stavka: { feed: obligations, mapping: event.yaml }
        hr.dolina.predmet: { feed: cases, mapping: case.yaml }
        hr.dolina.sve: { feed: cases, says: complete }
"""


def changed(*changes: tuple[str, str]) -> str:
    """TOWN with pieces replaced, each of which it has."""
    text = TOWN
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def write(folder: Path, text: str = TOWN, slug: str = "dolina") -> Path:
    file = folder / "cities" / slug / "city.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


MAPPING = """\
target: obligation
source: { request: GET /items, parameters: { oib: { alias: hr.oib } }, records: items }
key: id
parties: [{ role: debtor, scheme: hr.oib, from: oib }]
fields:
  kind: { from: kind, table: { K: fee } }
  title: { from: title, language: hr }
  original: { from: amount, as: decimal, currency: EUR }
"""
CASE = """\
target: case
key: id
parties: [{ role: applicant, scheme: hr.oib, from: oib }]
fields:
  title: { from: title, language: hr }
  status: { from: status, table: { O: waiting_for_office } }
"""


def write_mappings(folder: Path, **texts: str) -> None:
    """The mappings that TOWN names, beside its `cities`; `texts` replace them, by file name without `.yaml`."""
    home = folder / "mappings" / "dolina_porez"
    home.mkdir(parents=True, exist_ok=True)
    event = "".join(line for line in MAPPING.splitlines(keepends=True) if not line.startswith("source:"))
    for name, text in ({"obligation": MAPPING, "event": event, "case": CASE} | texts).items():
        (home / f"{name}.yaml").write_text(text, "utf-8")


def refusal(folder: Path, text: str) -> str:
    """What an administrator reads, with the file's name alone instead of its path."""
    file = write(folder, text)
    with pytest.raises(ConfigurationError) as caught:
        load_city(file)
    assert caught.value.file is not None
    return str(caught.value).replace(f"{file.parent}/", "")
