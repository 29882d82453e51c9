"""camt.052, camt.053 and camt.054 of ISO 20022, every version by its prefix: `BankToCustomerAccountReport` (a day under
way), `…Statement` (closed) and `…DebitCreditNotification` (bookings without balances). The version is in the namespace,
whatever surrounds it there; without one the message's element tells which it is.

Sources: ISO 20022 message definitions and schemas camt.052 to .054, 001.01 to .13; for Croatia "Uputa za implementaciju
camt.053.001.02/052/054" (2016); for Czechia what banks of the ČBA standard are seen to write; public test files of
genkgo/camt, OCA/bank-statement-import, viafintech/camt_parser, hbci4java.

What is told
- One Statement for each `Stmt`, `Rpt` or `Ntfctn`. `id` is account, `Id`, last day (end of the period, else of the last
  closing balance, else of the creation) and page: banks begin to number anew each year, and one statement may come in
  several messages.
- Opening and closing are the earliest OPBD (else PRCD) and the latest CLBD (else ITBD, which is told and not compared):
  some banks give a pair for each day of a monthly file. Pairs must join, or a difference is told. One page of several
  agrees or has nothing to compare: what is missing may stand on the others. Its differences are told all the same.
  Nothing is booked by a balance, so that one whose amount is not exact is told and not compared, where an entry's would
  be refused.
- An entry is booked where `Sts` says BOOK, and in a camt.053 where it says nothing; PDNG and FUTR are pending, all else
  is information. `RvslInd` never turns the sign: `CdtDbtInd` already says where the money went.
- Payments of an entry: all `TxDtls` of all its `NtryDtls`. One: it has the entry's amount, whatever it was instructed
  in; where the bank says another amount of it, and no charges that lie between, that is told. Several: they must all
  have an amount in the entry's currency. A batch of which fewer payments are listed than it says, or several without
  amounts, is told as summarised. None at all: one payment with what the entry says.
- The other side is the debtor of what came in and the creditor of what went out, and the reverse for a reversal, unless
  the own account stands on that side.
- Symbols: `hub.kit.statement_symbols` says where each country hides them.

Hardened: see `stream`.
"""

from __future__ import annotations

from adapters.bank_statement.camt.reader import Camt

FORMAT = Camt()
