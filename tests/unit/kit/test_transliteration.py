"""Serbian from Cyrillic to Latin script."""

from __future__ import annotations

import pytest

from hub.kit.transliteration import serbian_latin


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [
        ("абвгдђежзијклљмнњопрстћуфхцчџш", "abvgdđežzijklljmnnjoprstćufhcčdžš"),
        ("АБВГДЂЕЖЗИЈКЛЉМНЊОПРСТЋУФХЦЧЏШ", "ABVGDĐEŽZIJKLLJMNNJOPRSTĆUFHCČDŽŠ"),
        ("Љиљана Његош", "Ljiljana Njegoš"),
        ("ЉИЉАНА ЊЕГОШ", "LJILJANA NJEGOŠ"),
        ("КОЊ", "KONJ"),
        ("Џ", "Dž"),
        ("Џ. Џ.", "Dž. Dž."),
        ("Решење бр. 12/2026 – kvart", "Rešenje br. 12/2026 – kvart"),
        ("Київ", "Kiїv"),
    ],
)
def test_transliterated(cyrillic: str, latin: str) -> None:
    assert serbian_latin(cyrillic) == latin
    assert serbian_latin(latin) == latin
