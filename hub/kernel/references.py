"""References and file numbers are lists: countries have none, one or two of them.

Scheme ids used by the hub (a mapping may use others, they are shown with their label only):

    hr.poziv_na_broj      model and number, `HR68 5720-87892589782`   (HUB/FINA list of models)
    cz.variable_symbol    up to 10 digits, leading zeros kept
    cz.specific_symbol    up to 10 digits
    cz.constant_symbol    up to 4 digits
    cz.payee_reference    up to 16 digits, the `RF` of a Czech payment code; not ISO 11649
    iso11649              `RF18 5390 0754 7034`, kept without spaces
    rs.poziv_na_broj      model and number
    hr.klasa, hr.urbroj   file numbers of a Croatian case
    cz.cj, cz.spzn        číslo jednací, spisová značka
    text                  a reference with no scheme, as the office writes it
"""

from __future__ import annotations

from typing import NamedTuple


class Reference(NamedTuple):
    """One reference by which a payment or a case is recognised."""

    scheme: str
    value: str
