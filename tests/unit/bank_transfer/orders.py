"""Parts of transfer orders for property tests: each strategy yields values a scheme carries without change."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st
from stdnum import iban

from hub.kernel.money import Money
from hub.kernel.transfer import PostalName, TransferOrder

CZECH, CROATIAN, CYRILLIC = "ěščřžýáíéúůďťňóĚŠČŘŽÝÁÍÉÚŮĎŤŇÓ", "čćđšžČĆĐŠŽ", "абвгдђежзијклљмнњопрстћуфхцчџшїєґ"
SLIP = "0123456789abcčćdđefghijklmnopqrsštuvwxyzžABCČĆDĐEFGHIJKLMNOPQRSŠTUVWXYZŽ ,.:-+?'/()"

PREGRADA = TransferOrder(
    payee=PostalName("Grad Pregrada", "Josipa Karla Tuškana 2", "49218 Pregrada"),
    account="HR1723600001101234565",
    amount=Money(12355, "EUR"),
    currency="EUR",
    message="Komunalna naknada 7/2026",
)
VZOROV = TransferOrder(
    payee=PostalName("Město Vzorov"),
    account="CZ6508000000192000145399",
    amount=Money(50000, "CZK"),
    currency="CZK",
)


def digits(longest: int, shortest: int = 1) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=shortest, max_size=longest)


def accounts(country: str, length: int) -> st.SearchStrategy[str]:
    return digits(length, length).map(lambda bban: f"{country}{iban.calc_check_digits(f'{country}00{bban}')}{bban}")


czech_accounts = accounts("CZ", 20)
croatian_accounts = accounts("HR", 17)
bics = st.sampled_from(["", "RZBCCZPP", "ZABAHR2XXXX"])
purposes = st.sampled_from(["", "COST", "TAXS", "GOVT"])


def amounts(currency: str, largest: int) -> st.SearchStrategy[Money | None]:
    return st.none() | st.integers(1, largest).map(lambda minor: Money(minor, currency))


def texts(longest: int, alphabet: str | None = None, shortest: int = 0) -> st.SearchStrategy[str]:
    """One line of text: composed, trimmed, no control characters."""
    letters = (
        st.sampled_from(alphabet)
        if alphabet
        else st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]) | st.sampled_from("%*+:,|" + CZECH)
    )
    return (
        st.text(letters, min_size=shortest, max_size=longest)
        .map(lambda text: unicodedata.normalize("NFC", text).strip())
        .filter(lambda text: shortest <= len(text) <= longest)
    )


def slip_texts(longest: int, shortest: int = 0) -> st.SearchStrategy[str]:
    return texts(longest, SLIP, shortest).filter(lambda text: "  " not in text)
