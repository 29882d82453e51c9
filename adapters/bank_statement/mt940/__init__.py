"""SWIFT MT940 (customer statement) and MT942 (interim report), in the dialects of banks.

Sources: SWIFT Standards MT, category 9; the German DFÜ agreement, appendix 3 (sub-fields ?00 to ?63, words such as
EREF+ and SVWZ+); public test files of wolph/mt940 and of OCA/l10n-romania (BCR, BRD, ING, Raiffeisen, Alpha).

What is told
- One Statement for each `:20:` … `:62F:` or `:62M:`. `id` is account, `:28C:`, day and amount of the opening balance:
  `:28C:` is 0 always at some banks, and `:20:` is made anew for every download. An MT942, which has no balances, takes
  its own reference and time in their place, and its first entry where it has no time.
- Without an encoding in the settings: UTF-8, and windows-1250 where it cannot be.
- `RC` takes money back that came in, `RD` returns money that went out. The letter after C or D is the third of the
  currency. `EC` and `ED` are expected and hence pending.
- The entry date has no year: the one next to the value date. Without an entry date an entry is booked on its value
  date. 30 February, which banks that count thirty days a month write, is the last of February.
- `:86:` in sub-fields after a code of three digits (`?` Germany and neighbours, `+` BRD, `~` ING Romania, `^`
  Raiffeisen Romania, `>` Triodos), as Dutch words (`/NAME/`, `/CNTP/`), as BCR's and Alpha's sentences, or as plain
  text. Full lines were cut anywhere and are joined without a blank. Words without a REMI are told as plain text.
- Czech banks (ČSOB, Česká spořitelna, Raiffeisenbank) give each symbol a sub-field of its own, in no common order, with
  its letters in front; `.` and `-` are sub-fields that are not filled.
- `:NS:` lines after an entry are sub-fields as MultiCash writes them.

A statement without its closing balance was cut off, and the file is refused. Balances that do not add up, `:90C:`,
`:90D:` and the totals of ING Netherlands are told as differences.
"""

from __future__ import annotations

from adapters.bank_statement.mt940.reader import Mt940

FORMAT = Mt940()
