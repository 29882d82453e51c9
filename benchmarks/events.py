"""Events as Pregrada's accounting pushes them: CloudEvents of about 600 bytes, each about another citizen's item."""

from __future__ import annotations

import orjson

from benchmarks.population import oib

TOWN, BACK_OFFICE = "pregrada", "financije"
BATCH = "application/cloudevents-batch+json"


def event(run: str, number: int, citizen: int) -> dict[str, object]:
    """Event `number` of a run (ids do not repeat within a run), about the `citizen`th of benchmarks.population."""
    key, debtor = f"2026-KN-{run}-{number:07}", oib(citizen)
    return {
        "specversion": "1.0",
        "id": f"{key}-1",
        "source": "/financije",
        "type": "hr.pregrada.financije.stavka",
        "data": {
            "Sifra": key,
            "OIB": debtor,
            "Vrsta": "KN",
            "Opis": f"Komunalna naknada 2026., 1. polugodište, Ulica žrtava fašizma {number % 90 + 1}",
            "Godina": 2026,
            "Strana": "D",
            "Valuta": "EUR",
            "Iznos": f"{number % 90 + 10},60",
            "Preostalo": f"{number % 90 + 10},60",
            "Primatelj": "GRAD",
            "Status": "A",
            "DatumIzdavanja": "27.09.2026",
            "Dospijece": "27.10.2026",
            "Odjel": "KOM",
            "Model": "HR68",
            "PozivNaBroj": f"5720-{debtor}-00006",
            "BrojRacuna": f"{number}/KN/2026",
            "ZadnjaPromjena": "18.11.2026 06:00:00",
        },
    }


def batches(run: str, count: int, size: int, citizens: int = 10_000) -> list[list[dict[str, object]]]:
    """So many batches of so many events; citizens follow each other in a stride that repeats none for long."""
    return [
        [event(run, first + n, (first + n) * 7919 % citizens) for n in range(size)]
        for first in range(0, count * size, size)
    ]


def body(events: list[dict[str, object]]) -> bytes:
    return orjson.dumps(events)
