"""camt.053.001.08 as Croatian banks write it since 2025: model and number glued in a SCOR reference.

Source: joint guidelines of Croatian banks for camt.053, and public samples (altibiz/ugp-web) for the places.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from simulators.bank.accounts import Account, Booking, Closed

ENDING, MEDIA_TYPE = "xml", "application/xml"
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


def written(account: Account, closed: Closed) -> bytes:
    local, groups = account.iban[-10:], closed.groups()
    credits_ = [one.amount for one in closed.bookings if one.amount >= 0]
    debits = [-one.amount for one in closed.bookings if one.amount < 0]
    opened_on = closed.since or closed.on
    entries = "".join(_entry(account, closed, group) for group in groups)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{_NAMESPACE}">
<BkToCstmrStmt>
<GrpHdr>
<MsgId>053.{local}{closed.at:%Y%m%d%H%M%S}.{closed.number:04}</MsgId><CreDtTm>{closed.at:%Y-%m-%dT%H:%M:%S}</CreDtTm>
</GrpHdr>
<Stmt>
<Id>CAMT053/{local}/{closed.on.year}/{closed.number:03}</Id>
<ElctrncSeqNb>{closed.number}</ElctrncSeqNb><LglSeqNb>{closed.number}</LglSeqNb>
<CreDtTm>{closed.at:%Y-%m-%dT%H:%M:%S}</CreDtTm>
<FrToDt><FrDtTm>{closed.on}T00:00:00</FrDtTm><ToDtTm>{closed.on}T23:59:59</ToDtTm></FrToDt>
<Acct><Id><IBAN>{account.iban}</IBAN></Id><Ccy>{account.currency}</Ccy></Acct>
{_balance("OPBD", closed.opening, account.currency, str(opened_on))}
{_balance("CLBD", closed.closing, account.currency, str(closed.on))}
<TxsSummry>
<TtlNtries><NbOfNtries>{len(groups)}</NbOfNtries></TtlNtries>
<TtlCdtNtries><Sum>{_decimal(sum(credits_))}</Sum></TtlCdtNtries>
<TtlDbtNtries><Sum>{_decimal(sum(debits))}</Sum></TtlDbtNtries>
</TxsSummry>
{entries}</Stmt>
</BkToCstmrStmt>
</Document>
""".encode()


def _entry(account: Account, closed: Closed, group: list[Booking]) -> str:
    total, first = sum(one.amount for one in group), group[0]
    batch, day = first.summed, f"{first.at:%Y-%m-%d}"
    reversal = "<RvslInd>true</RvslInd>" if first.reverses is not None else ""
    told = "" if batch and closed.batch == "summary" else "".join(_details(account, one) for one in group)
    summary = (
        f"<Btch><MsgId>B{first.number:08}</MsgId><NbOfTxs>{len(group)}</NbOfTxs>"
        f'<TtlAmt Ccy="{account.currency}">{_decimal(total)}</TtlAmt><CdtDbtInd>{_side(total)}</CdtDbtInd></Btch>'
        if batch
        else ""
    )
    family = "RCDT" if first.amount >= 0 else "ICDT"
    return f"""<Ntry>
<NtryRef>{first.number}</NtryRef><Amt Ccy="{account.currency}">{_decimal(total)}</Amt>
<CdtDbtInd>{_side(total)}</CdtDbtInd>{reversal}
<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>
<AcctSvcrRef>{_reference(account, first)}</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>NTAV</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls>{summary}{told}</NtryDtls>
</Ntry>
"""


def _details(account: Account, one: Booking) -> str:
    side = "Dbtr" if (one.amount >= 0) != (one.reverses is not None) else "Cdtr"
    symbol = one.references.get("model") or one.references.get("rf") or ""
    structured = ""
    if symbol:
        structured = (
            "<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp>"
            f"<Ref>{escape(symbol)}</Ref></CdtrRefInf><AddtlRmtInf>{escape(one.message)}</AddtlRmtInf></Strd>"
        )
    plain = f"<Ustrd>{escape(one.message)}</Ustrd>" if one.message and not symbol else ""
    remittance = f"<RmtInf>{plain}{structured}</RmtInf>" if plain or structured else ""
    return f"""<TxDtls>
<Refs><AcctSvcrRef>{_reference(account, one)}</AcctSvcrRef><EndToEndId>{escape(_end_to_end(one))}</EndToEndId></Refs>
<Amt Ccy="{account.currency}">{_decimal(one.amount)}</Amt><CdtDbtInd>{_side(one.amount)}</CdtDbtInd>
<RltdPties><{side}><Pty><Nm>{escape(one.payer.name)}</Nm></Pty></{side}>
<{side}Acct><Id><IBAN>{escape(one.payer.account)}</IBAN></Id></{side}Acct></RltdPties>
{remittance}</TxDtls>
"""


def _end_to_end(one: Booking) -> str:
    """Czech symbols of a euro account, the payer's own number, or the Croatian word for none."""
    symbols = "".join(f"/{name.upper()}{one.references[name]}" for name in ("vs", "ss", "ks") if name in one.references)
    return symbols or one.references.get("end_to_end", "HR99")


def _balance(kind: str, minor: int, currency: str, day: str) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{_decimal(minor)}</Amt>'
        f"<CdtDbtInd>{_side(minor)}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _reference(account: Account, one: Booking) -> str:
    return f"{one.at:%Y%m%d}{account.iban[-6:]}{one.number:06}"


def _side(minor: int) -> str:
    return "CRDT" if minor >= 0 else "DBIT"


def _decimal(minor: int) -> str:
    return f"{abs(minor) // 100}.{abs(minor) % 100:02}"
