"""The steps of the tour about transfers: codes, the bank's statement, what a cashier decides, and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.table import Table

from hub.demo.guide import Headers, expect, out
from hub.demo.money import DOG, FEE, FINE, SHARED, WASTE, WATER, Money, Owed
from hub.demo.stage import BANK

_BECAME = ("captured", "allocated", "unallocated", "refunding", "refunded", "charged_back")
_WHERE = ("gateway", "bank", "counter", "fee", "lost", "payer")


class Transfers(Money):
    """Each step looks at what it shows."""

    def by_code(self, zeljka: Headers, log_in: Callable[[str], Headers]) -> None:
        guide = self._guide
        guide.step("The co-owner of her house scans the code of their fee; she types another one, with a slip")
        duro = log_in("Đuro Čavrić")
        self._transfer("pregrada", duro, SHARED, {"name": "Đuro Čavrić", "account": "HR2623600001234567893"})
        zeljkas = {"name": "Željka Đurđević-Šćepan", "account": "HR9823600003214567892"}
        self._transfer("pregrada", zeljka, FINE, zeljkas, wrong=("00009", "00090"))
        account = "HR1723600001101234565"
        owed = self._paid_by_card(zeljka)
        guide.client.post(
            f"{guide.stage.simulators[BANK]}/payouts",
            json={"account": account, "amount": owed, "reference": "MONRI-2026-117", "message": "Isplata kartica"},
        ).raise_for_status()
        out.print(f"   Monri pays out {owed} EUR to the same account")
        guide.step("The bank's statement closes it")
        entries = self._statement("pregrada", account)
        booked = {one["kind"] for one in entries if one["state"] == "booked"}
        expect(booked == {"payment", "payout"} and len(entries) == 3, f"the hub booked {booked} of {len(entries)}")
        self._confirm(next(one for one in entries if one["state"] == "queued"), zeljka)
        guide.step("The accounting has each payment once, and the accounts show what it shows")
        self.posted_once("pregrada_financije", (SHARED, FINE))
        for who, token, paid in (("Željka", zeljka, (FEE, WATER, SHARED, FINE)), ("Đuro", duro, (SHARED,))):
            self.closed("pregrada", token, paid, who)

    def by_spayd(self, token: Headers) -> None:
        self._guide.step("A transfer in Vzorov: SPAYD, and a statement in GPC")
        payer = {"name": "Růžena Příhodová", "account": "CZ6501000000000000019131"}
        self._transfer("vzorov", token, WASTE, payer)
        (entry,) = self._statement("vzorov", "CZ6508000000192000145399")
        expect(entry["state"] == "booked", f"the entry is {entry['state']}: {entry['reason']}")
        self.posted_once("vzorov_ucetnictvi", (WASTE,))
        self.closed("vzorov", token, (DOG, WASTE), "Růžena")

    def _transfer(
        self, town: str, token: Headers, owed: Owed, payer: dict[str, str], wrong: tuple[str, str] | None = None
    ) -> None:
        """`wrong`: the payer types these digits otherwise than the code has them."""
        guide = self._guide
        found = self.find(town, token, owed)
        transfer = guide.get(f"/{town}/v1/obligations/{found['id']}/transfer", token)
        payloads = [guide.read_code(one, token) for one in transfer["codes"]]
        payload = payloads[0]
        if wrong:
            expect(payload.count(wrong[0]) == 1, f"{wrong[0]} is not once in the code")
            payload = payload.replace(*wrong)
            out.print(f"   … and types {wrong[1]} for {wrong[0]}")
        answer = guide.client.post(
            f"{guide.stage.simulators[BANK]}/transfers", json={"payload": payload, "payer": payer}
        )
        expect(answer.is_success, f"the bank refused it: {answer.text}")

    def _statement(self, town: str, account: str) -> list[dict[str, Any]]:
        """The bank closes the day, a cashier uploads its statement, twice; the entries when all are decided."""
        guide, bank = self._guide, self._guide.stage.simulators[BANK]
        closed = guide.client.post(f"{bank}/accounts/{account}/close").raise_for_status().json()
        file = guide.client.get(bank + closed["file"]).raise_for_status()
        name = file.headers["content-disposition"].partition('filename="')[2].rstrip('"')
        staff = guide.staff(town)
        sent = guide.post(f"/{town}/admin/v1/statement-files", staff, file.content, name=name)
        path = f"/{town}/admin/v1/statement-files/{sent['id']}"
        read = guide.wait_for(lambda: self._read_file(path, staff), "the statement read")
        expect(read["state"] == "read", f"the statement was refused: {read['problem']}")
        (statement,) = guide.get(f"/{town}/admin/v1/statements?file={sent['id']}", staff)["items"]
        expect(statement["agrees"] is True, f"its balances differ: {statement['differences']}")
        again = guide.post(f"/{town}/admin/v1/statement-files", staff, file.content, name=name)
        expect(again["known"] and again["id"] == sent["id"], "the same file again is not known")
        out.print(
            f"   a cashier uploads {name}: {statement['format']}, {statement['entries']} entries, balances agree; "
            "the same file again is known",
            soft_wrap=True,
        )
        entries = f"/{town}/admin/v1/statement-entries?statement={statement['id']}"

        def decided() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = guide.get(entries, staff)["items"]
            return [] if any(one["state"] == "new" for one in items) else items

        found = guide.wait_for(decided, "a decision about every entry")
        for one in found:
            whole = guide.get(f"/{town}/admin/v1/statement-entries/{one['id']}", staff)
            last = whole["decisions"][-1]
            colour = "green" if one["state"] == "booked" else "yellow"
            because = one["reason"] or ", ".join(last["why"])
            out.print(f"   {one['amount']['text']:>12}  [{colour}]{one['state']}[/] {one['kind'] or ''} ({because})")
        return list(found)

    def _read_file(self, path: str, staff: Headers) -> dict[str, Any] | None:
        file: dict[str, Any] = self._guide.get(path, staff)
        return file if file["state"] in {"read", "refused"} else None

    def _confirm(self, entry: dict[str, Any], token: Headers) -> None:
        guide, staff = self._guide, self._guide.staff("pregrada")
        guide.step("What is not certain waits for a cashier, with what it may be for")
        path = f"/pregrada/admin/v1/statement-entries/{entry['id']}"
        whole = guide.get(path, staff)
        written = ", ".join(one["value"] for one in whole["references"])
        out.print(f"   {whole['party']['name']} paid {whole['amount']['text']} with {written}: {whole['reason']}")
        best = whole["obligations"][0]
        wanted = self.find("pregrada", token, FINE)
        expect(best["obligation"] == wanted["id"], "something else is suggested first")
        why = ", ".join(best["why"])
        out.print(f"   suggested: {wanted['title']} ({best['score']} of 100: {why})", soft_wrap=True)
        confirmed = guide.post(f"{path}/confirm", staff, {"items": [{"obligation": best["obligation"]}]})
        expect(confirmed["state"] == "booked", f"the confirmed entry is {confirmed['state']}")
        guide.seen(f"confirmed and booked as {confirmed['payment']}")

    def balances(self, town: str) -> None:
        """Every line of the ledger, added up."""
        guide, staff = self._guide, self._guide.staff(town)
        totals = dict.fromkeys((*_BECAME, *_WHERE), 0)
        payments = guide.get(f"/{town}/admin/v1/payments", staff)["items"]
        for one in payments:
            for charge in guide.get(f"/{town}/admin/v1/payments/{one['id']}", staff)["charges"]:
                for entry in charge["ledger"]:
                    for side in (_BECAME, _WHERE):
                        sum_ = sum(entry["lines"].get(account, 0) for account in side)
                        expect(sum_ == 0, f"an entry {entry['event']} of {charge['id']} is off by {sum_}")
                    for account, amount in entry["lines"].items():
                        totals[account] += amount
        expect(totals["captured"] == -totals["allocated"] < 0, f"the ledger says {totals}")
        table = Table("ledger of", *(name for name, amount in totals.items() if amount))
        table.add_row(town, *(f"{amount / 100:.2f}" for amount in totals.values() if amount))
        out.print(table)
        guide.seen(f"{len(payments)} payments: what came is what was counted, every entry adds up to nothing")

    def closed(self, town: str, token: Headers, owed: tuple[Owed, ...], who: str) -> None:
        """Refreshed, the account shows them as the accounting does: paid, nothing on its way."""
        guide = self._guide
        ids = [self.find(town, token, one)["id"] for one in owed]

        def shown() -> list[dict[str, Any]] | None:
            guide.refresh(town, token)
            now = [self.one(town, token, one) for one in ids]
            return now if all(one["state"] == "paid" and one["paid_here"] is None for one in now) else None

        for one in guide.wait_for(shown, f"{who}'s account without what was paid", patience=40):
            guide.seen(f"{who}'s account: {one['title']}: {one['state']}, to pay {one['due']['text']}")

    def _paid_by_card(self, token: Headers) -> str:
        """What came by Monri, in the bank's way of writing."""
        payments = self._guide.get("/pregrada/v1/payments", token)["items"]
        charge = next(one for one in payments[-1]["charges"] if one["payee"]["id"] == "grad")
        minor: int = charge["captured"]["minor"]
        return f"{minor // 100}.{minor % 100:02}"
