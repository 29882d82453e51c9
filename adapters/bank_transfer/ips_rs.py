"""NBS IPS QR, the code on Serbian bills: `K:PR|V:01|C:1|R:845000000040484987|N:…|I:RSD3596,13|…`.

Source: Narodna banka Srbije, "IPS QR" (nbs.rs/QRcode, with its validator), read through published generators that
quote it (ArtBIT/ips-qr-code, Lotus015/nbs-ips-qr, dapp-pulse/nbs-ips-qr, Pl217/nbs-ips-qr-generator).

The one form written here
- Tags in the order of the specification, joined by `|`, none at the end; `K:PR`, a printed bill.
- The account in eighteen digits; the amount with two decimals after a comma, `RSD3596,13`.
- The name and up to two lines of address joined by LF, at most 70 characters together; the purpose at most 35.
  Lines that do not fit are cut from the end, references never.
- Letters of both Serbian alphabets stay as they are. A `|` becomes `-`, other characters that the specification
  does not list become a space.
- `SF`, the code of the kind of payment, is asked of a bill. An order without one gets 253 (public revenue) on an
  account with the Treasury (bank 840) and 289 (order of a citizen) on any other.
- The reference is model and number without a space, `9720-12345`, and must pass the check of its model: the
  validator of NBS refuses others. What is read is not held to that; a published code (`RO:979714123412`) breaks it.
- `RL` carries a reference of the scheme `text`.

Not carried: the due date, the ISO 20022 purpose, references of other schemes. Read and not kept: the merchant's
category, the one-time code, the point of sale's reference, the payer's account.
"""

from __future__ import annotations

import re
from decimal import Decimal

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kernel.transfer import PostalName, TransferOrder
from hub.kit import rs_account, rs_reference
from hub.kit.transfer_fields import as_text, checked_account, first_of_scheme, one_line, payable
from hub.ports.bank_transfer import Button, CannotExpress, Symbol, UnreadablePayload

_LARGEST = Decimal("99999999999999.99")  # `RSD`, fourteen digits, a comma and two more: twenty characters
_PARTY, _PURPOSE, _OWN_REFERENCE, _LINES = 70, 35, 140, 3

_TAGS = ("K", "V", "C", "R", "N", "I", "O", "P", "SF", "S", "M", "JS", "RO", "RL", "RP")
_REQUIRED = ("K", "V", "C", "R", "N", "I")
_KINDS = frozenset({"PR", "PT", "PK", "EK"})
_ALLOWED = frozenset(" (){}[]</.,:;!@#$%^&?„”“\"’'~=+-_")

_AMOUNT = re.compile(r"RSD([0-9]{1,14})(?:,([0-9]{0,2}))?", re.ASCII)
_CODE = re.compile(r"[12][0-9]{2}", re.ASCII)


class IpsRs:
    """The scheme `ips_rs`."""

    id = "ips_rs"
    name = "NBS IPS QR"
    symbol = Symbol("qr", "M", binary=True)
    button: Button | None = None  # opening a banking app by a link is not described in what NBS publishes
    begins = "K:"

    def encode(self, order: TransferOrder) -> str:
        """Raises CannotExpress for another currency than the dinar, an account that is not Serbian, an amount that
        is missing or has no room, a payee without a name, a payment code or reference that breaks its form.
        """
        if order.currency != "RSD":
            raise CannotExpress(f"IPS QR is in dinars, the transfer in {order.currency}")
        account = checked_account(order.account, CannotExpress)
        if not account.startswith("RS"):
            raise CannotExpress("IPS QR describes Serbian accounts only")
        amount = payable(order, largest=_LARGEST)
        if amount is None:
            raise CannotExpress("IPS QR needs an amount")
        name = _party(order.payee)
        if not name:
            raise CannotExpress("the payee has no name")
        values = {
            "K": "PR",
            "V": "01",
            "C": "1",
            "R": account[4:],
            "N": name,
            "I": f"RSD{amount.to_decimal():.2f}".replace(".", ","),
            "P": _party(order.payer) if order.payer else "",
            "SF": _payment_code(order, account),
            "S": _text(order.message)[:_PURPOSE].rstrip(),
        } | _references(order)
        return "|".join(f"{tag}:{values[tag]}" for tag in _TAGS if values.get(tag))

    def decode(self, payload: str | bytes) -> TransferOrder:
        """Reads bills and codes of shops, LF or CRLF inside a party, amounts with no, one or two decimals.

        An amount of zero is one that the payer fills in. Raises UnreadablePayload for a tag that is unknown, missing
        or given twice, and for accounts, amounts and payment codes that break their form or check digits.
        """
        values = _tags(as_text(payload, UnreadablePayload).rstrip("\r\n"))
        if values["K"] not in _KINDS or values["V"] != "01" or values["C"] != "1":
            raise UnreadablePayload("an IPS QR has K PR, PT, PK or EK, V 01 and C 1")
        code = values.get("SF", "")
        if code and not _CODE.fullmatch(code):
            raise UnreadablePayload("SF is not a payment code: three digits, the first 1 or 2")
        payer = _read_party(values.get("P", ""))
        return TransferOrder(
            payee=_read_party(values["N"]),
            account=_account(values["R"]),
            amount=_amount(values["I"]),
            currency="RSD",
            references=_read_references(values),
            message=one_line(values.get("S", "")),
            payer=payer if payer.name else None,
            payment_code=code,
        )


SCHEME = IpsRs()


def _text(text: str) -> str:
    """One line of the characters that the specification lists."""
    plain = one_line(text).replace("|", "-")
    kept = "".join(one if one.isalnum() or one in _ALLOWED else " " for one in plain)
    return " ".join(kept.split())


def _party(party: PostalName) -> str:
    lines = (_text(line) for line in (party.name, party.street, party.place))
    return "\n".join(line for line in lines if line)[:_PARTY].rstrip()


def _payment_code(order: TransferOrder, account: str) -> str:
    if not order.payment_code:
        return "253" if account[4:7] == "840" else "289"
    if not _CODE.fullmatch(order.payment_code):
        raise CannotExpress("the payment code is not three digits, the first 1 or 2")
    return order.payment_code


def _references(order: TransferOrder) -> dict[str, str]:
    given, values = first_of_scheme(order.references), dict[str, str]()
    if "rs.poziv_na_broj" in given:
        try:
            values["RO"] = rs_reference.normalise(given["rs.poziv_na_broj"]).replace(" ", "", 1)
        except ValueError as error:
            raise CannotExpress(f"the reference {error}") from error
    if own := _text(given.get("text", "")):
        if len(own) > _OWN_REFERENCE:
            raise CannotExpress(f"the payee's own reference has more than {_OWN_REFERENCE} characters")
        values["RL"] = own
    return values


def _tags(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for pair in text.split("|"):
        tag, colon, value = pair.partition(":")
        if not colon or tag not in _TAGS:
            raise UnreadablePayload("an IPS QR is tags of its specification, written TAG:value and joined by |")
        if tag in values:
            raise UnreadablePayload(f"{tag} is given twice")
        values[tag] = value.strip()
    if missing := [tag for tag in _REQUIRED if not values.get(tag)]:
        raise UnreadablePayload(f"{missing[0]} is missing")
    return values


def _account(text: str) -> str:
    try:
        return rs_account.iban_of(text)
    except ValueError as error:
        raise UnreadablePayload(f"R: {error}") from error


def _amount(text: str) -> Money | None:
    parts = _AMOUNT.fullmatch(text)
    if not parts:
        raise UnreadablePayload("I is not an amount written RSD1234,50")
    minor = int(parts[1]) * 100 + int(f"{parts[2] or '':0<2}")
    return Money(minor, "RSD") if minor else None


def _read_party(text: str) -> PostalName:
    lines = [line for line in (one_line(part) for part in re.split(r"\r?\n", text)) if line]
    if len(lines) > _LINES:
        raise UnreadablePayload("a party has more than three lines")
    return PostalName(*lines) if lines else PostalName("")


def _read_references(values: dict[str, str]) -> tuple[Reference, ...]:
    """A number that is no model and number of the list is kept as a reference of no scheme."""
    found: list[Reference] = []
    if number := one_line(values.get("RO", "")):
        try:
            # Here the model is always glued to its number, also 00 and 11, which no check digits would show.
            model, rest = rs_reference.split(f"{number[:2]} {number[2:]}")
            found.append(Reference("rs.poziv_na_broj", f"{model} {rest}"))
        except ValueError:
            found.append(Reference("text", number))
    if own := one_line(values.get("RL", "")):
        found.append(Reference("text", own))
    return tuple(found)
