"""A browser without scripts: it opens pages, fills forms, presses buttons and goes where it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

import httpx
from lxml import html

from hub.kernel.errors import NotReady

ONWARD = "→"
"""The button of a page whose form a script would send by itself."""


class Browser:
    """One window of one person. `language` is what the person reads."""

    def __init__(self, language: str) -> None:
        headers = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": language}
        self._client = httpx.Client(timeout=30, trust_env=False, follow_redirects=True, headers=headers)
        self._page: Any = None
        self.url = ""

    def close(self) -> None:
        self._client.close()

    @property
    def text(self) -> str:
        """What the page says, in one line."""
        return " ".join(" ".join(self._page.xpath("//main//text() | //body[not(.//main)]//text()")).split())

    def says(self, path: str) -> str:
        """The text of the first element at `path` (XPath), its parts with blanks between; empty without one."""
        found = self._page.xpath(path)
        return " ".join(" ".join(found[0].itertext()).split()) if found else ""

    def open(self, url: str) -> None:
        """Raises NotReady with what the page said where it is an error."""
        self._took(self._client.get(url))

    def follow(self, words: str) -> None:
        """Goes where the link with these words leads. Raises NotReady where there is none."""
        for link in self._page.iter("a"):
            if words in link.text_content():
                self.open(urljoin(self.url, link.get("href")))
                return
        raise NotReady(f"there is no link {words!r} on the page that says: {self.text[:300]}")

    def press(self, button: str = "", **fields: str) -> None:
        """Sends the form that has this button with its fields filled in; without `button` the first form.

        Raises NotReady where there is none.
        """
        self._took(self._client.send(self._form(button, fields), follow_redirects=True))

    def press_and_leave(self, button: str, **fields: str) -> None:
        """The same, and the window is closed before the browser goes where it is sent."""
        self._client.send(self._form(button, fields), follow_redirects=False)

    def _form(self, button: str, fields: Mapping[str, str]) -> httpx.Request:
        for form in self._page.forms:
            for one in form.iter("button"):
                if button in one.text_content():
                    values = {name: value for name, value in form.form_values() if value is not None} | dict(fields)
                    if one.get("name"):
                        values[one.get("name")] = one.get("value") or ""
                    return self._client.build_request("POST", urljoin(self.url, form.get("action") or ""), data=values)
        raise NotReady(f"there is no button {button!r} on the page that says: {self.text[:300]}")

    def _took(self, answer: httpx.Response) -> None:
        self._page, self.url = html.fromstring(answer.text), str(answer.url)
        if answer.is_error:
            raise NotReady(f"{self.url.partition('?')[0]} answered {answer.status_code}: {self.text[:300]}")
        if any(one.text_content() == ONWARD for one in self._page.iter("button")):
            self.press(ONWARD)
