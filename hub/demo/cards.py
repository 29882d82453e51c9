"""The steps of the tour about cards: several payees, 3-D Secure, a lost notification, a declined card."""

from __future__ import annotations

import time
from typing import Any

from rich.markup import escape

from hub.demo.browser import Browser
from hub.demo.guide import Headers, expect, out
from hub.demo.money import DOG, FEE, WATER, Money


class Cards(Money):
    """Each step looks at what it shows."""

    def two_payees(self, token: Headers) -> None:
        """One payment, two payees: the first by Monri with 3-D Secure, the second by a gateway whose word gets lost."""
        guide = self._guide
        guide.step("She pays a fee of the town and a bill of its company by card: one payment, two gateways")
        owed = [self.find("pregrada", token, one) for one in (FEE, WATER)]
        payment = self._begin("pregrada", token, owed)
        town, company = payment["charges"]
        # The accounting will do what it is told, and its answer will be lost.
        guide.control("pregrada_financije", {"do": "drop_after", "operations": ["uplata"], "only_next": 1}, "/writes")
        browser = Browser("hr")
        try:
            self._by_monri(browser, token, payment["id"], town["id"])
            self._await_charge("pregrada", token, payment["id"], town["id"])
            told = guide.controls("gateway_monri", "/messages")["messages"]
            expect([one["status"] for one in told] == [200], f"Monri's notification was answered {told}")
            browser.open(browser.url)
            guide.seen(f"Monri's notification arrived and was believed; the page: {self._notice(browser)}")
            paid = self.one("pregrada", token, owed[0]["id"])["paid_here"]
            expect(paid is not None and paid["state"] == "being_posted", f"the account says {paid}")
            guide.seen(f"the account: {escape(paid['text'])}")
            self._lost_word(browser, token, payment["id"], company["id"])
        finally:
            browser.close()
        self.posted_once("pregrada_financije", (FEE, WATER))

    def _by_monri(self, browser: Browser, token: Headers, payment: str, charge: str) -> None:
        attempt = self._guide.post(f"/pregrada/v1/payments/{payment}/attempts", token, {"charge": charge})
        browser.open(attempt["url"])
        out.print(f"   the payment's own page: {self._notice(browser)}")
        browser.press()
        expect("Monri" in browser.text, f"instead of Monri there is {browser.text[:200]}")
        browser.press("Pay", card="4341792000000044")
        expect("Is it you who pays?" in browser.text, f"no 3-D Secure: {browser.text[:200]}")
        browser.press("Confirm")
        out.print("   Monri's page: card 4341 7920 0000 0044, 3-D Secure confirmed, sent back to the payment's page")
        expect(f"/payments/{payment}" in browser.url, f"the browser came back to {browser.url}")

    def _lost_word(self, browser: Browser, token: Headers, payment: str, charge: str) -> None:
        guide = self._guide
        guide.step("The second gateway's notification is lost, and she closes the window: the hub asks")
        guide.control("gateway_sandbox", {"wrong": ["lost"]})
        attempt = guide.post(f"/pregrada/v1/payments/{payment}/attempts", token, {"charge": charge})
        browser.open(attempt["url"])
        browser.press_and_leave("Pay", card="4111111111111111")
        made = guide.controls("gateway_sandbox", "/messages")["messages"]
        expect([one["sent"] for one in made] == [0], f"the lost notification was sent: {made}")
        before = self._charge("pregrada", token, payment, charge)
        out.print(f"   charged at the gateway, nothing was told; here it is {before['state']}")
        expect(before["state"] != "paid", "it was paid before anybody could know")

        def looked() -> bool:
            browser.open(attempt["page"])
            time.sleep(0.4)
            return bool(self._charge("pregrada", token, payment, charge)["status"] == "paid")

        guide.wait_for(looked, "the end of the attempt nobody told of")
        browser.open(attempt["page"])
        guide.seen(f"she looked at the payment's page, its gateway was asked: {self._notice(browser)}")
        guide.control("gateway_sandbox", {})

    def by_csob(self, token: Headers) -> None:
        guide = self._guide
        guide.step("A card in Vzorov (ČSOB, which never notifies): declined, tried again, paid")
        (owed,) = [self.find("vzorov", token, DOG)]
        payment = self._begin("vzorov", token, [owed])
        (charge,) = payment["charges"]
        browser = Browser("cs")
        try:
            attempt = guide.post(f"/vzorov/v1/payments/{payment['id']}/attempts", token, {})
            browser.open(attempt["url"])
            browser.press("Pay", card="4000000000000002")
            guide.wait_for(
                lambda: self._page_says(browser, attempt["page"], "Banka karty platbu odmítla"),
                "word of the declined card",
            )
            reason = browser.says("//main//h2/following-sibling::p[2]")
            out.print(f"   card 4000 0000 0000 0002: {self._notice(browser)} [yellow]{escape(reason)}[/]")
            browser.press("Zkusit znovu")
            browser.follow("Pokračovat k zadání karty")
            browser.press("Pay", card="4000000000003063")
            browser.press("Confirm")
            self._await_charge("vzorov", token, payment["id"], charge["id"])
            browser.open(attempt["page"])
            guide.seen(f"card 4000 0000 0000 3063, 3-D Secure confirmed: {self._notice(browser)}")
        finally:
            browser.close()
        self.posted_once("vzorov_ucetnictvi", (DOG,))

    def _begin(self, town: str, token: Headers, owed: list[dict[str, Any]]) -> dict[str, Any]:
        content = {"method": "card", "items": [{"obligation": one["id"]} for one in owed]}
        headers = token | {"Idempotency-Key": f"tour-{owed[0]['id']}"}
        first, again = (self._guide.post(f"/{town}/v1/payments", headers, content) for _ in range(2))
        expect(first["id"] == again["id"], "the same payment begun twice is two")
        for one in first["charges"]:
            titles = "; ".join(item["title"] for item in one["items"])
            out.print(f"   {one['amount']['text']:>10} to {one['payee']['name']}: {titles}", soft_wrap=True)
        payment: dict[str, Any] = first
        return payment

    def _charge(self, town: str, token: Headers, payment: str, charge: str) -> dict[str, Any]:
        charges: list[dict[str, Any]] = self._guide.get(f"/{town}/v1/payments/{payment}", token)["charges"]
        return next(one for one in charges if one["id"] == charge)

    def _await_charge(self, town: str, token: Headers, payment: str, charge: str) -> None:
        self._guide.wait_for(
            lambda: self._charge(town, token, payment, charge)["status"] == "paid", "the end of the card payment"
        )

    @staticmethod
    def _page_says(browser: Browser, page: str, words: str) -> bool:
        browser.open(page)
        time.sleep(0.2)
        return words in browser.text

    @staticmethod
    def _notice(browser: Browser) -> str:
        said = browser.says("//div[contains(@class, 'notice')]")
        return f"“{escape(said)}”"
