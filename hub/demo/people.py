"""Citizens of the demonstration whom somebody new may want to be. All of them: simulators/README.md."""

from __future__ import annotations

from typing import NamedTuple


class Citizen(NamedTuple):
    """`identifier` is scheme=value, as `munihub token --identifier` takes it."""

    identifier: str
    name: str
    shows: str


CITIZENS = {
    "pregrada": [
        Citizen("hr.oib=83100426579", "Željka Đurđević-Šćepan", "a bit of everything"),
        Citizen("hr.oib=29471603856", "Đuro Čavrić", "co-owner; an amount being recalculated"),
        Citizen("hr.oib=60582139473", "Šime Žnidarčić", "owes nothing"),
        Citizen("hr.oib=17305492686", "Ćiro Bišćan", "rent overdue; unknown to the registry of cases"),
    ],
    "vzorov": [
        Citizen("cz.birth_number=0572127050", "Růžena Příhodová", "a bit of everything; a daughter"),
        Citizen("cz.birth_number=0430277034", "Ing. Zdeněk Úlehla", "a fine of unknown remainder"),
        Citizen("cz.ico=88888886", "Zahradnictví Šťovíček s.r.o.", "a legal entity"),
    ],
}
