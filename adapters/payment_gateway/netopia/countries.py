"""ISO 3166-1 alpha-2 to numeric: the countries of Europe, from which nearly everybody pays."""

from __future__ import annotations

_TEXT = """
    AD 20 AL 8 AM 51 AT 40 AZ 31 BA 70 BE 56 BG 100 CH 756 CY 196 CZ 203 DE 276 DK 208 EE 233 ES 724 FI 246 FR 250
    GB 826 GE 268 GR 300 HR 191 HU 348 IE 372 IS 352 IT 380 LI 438 LT 440 LU 442 LV 428 MC 492 MD 498 ME 499 MK 807
    MT 470 NL 528 NO 578 PL 616 PT 620 RO 642 RS 688 SE 752 SI 705 SK 703 SM 674 TR 792 UA 804 VA 336 US 840 CA 124
    IL 376
"""
_CODES = _TEXT.split()

NUMERIC: dict[str, int] = {code: int(number) for code, number in zip(_CODES[::2], _CODES[1::2], strict=True)}
