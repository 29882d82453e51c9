"""What every step of the tour does: say what comes, ask the hub, look, and stop where something is not as said."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import zxingcpp
from PIL import Image
from rich.console import Console

from hub.demo.people import CITIZENS
from hub.demo.stage import Processes, Stage
from hub.kernel.errors import HubError

out = Console(highlight=False, width=None if sys.stdout.isatty() else 110)

Headers = dict[str, str]


class TourFailed(HubError):
    """The tour saw something else than it should."""

    code = "tour_failed"


def expect(seen: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as an assertion
    """Raises TourFailed."""
    if not seen:
        raise TourFailed(f"The tour stopped: {otherwise}.")


class Guide:
    """Numbers the steps and talks to the hub and to the simulators."""

    def __init__(self, stage: Stage, processes: Processes) -> None:
        self.stage, self.processes = stage, processes
        self.client = httpx.Client(base_url=stage.api, timeout=30, trust_env=False)
        self._number, self._began = 0, time.monotonic()
        self._beside = ThreadPoolExecutor(max_workers=1)
        self._staff: dict[str, Future[Headers]] = {}
        self._citizen: Future[Headers] = Future()
        self._read: Future[str] = Future()

    def step(self, title: str) -> None:
        self._number += 1
        out.print(f"\n[bold]{self._number}. {title}[/] [dim]({time.monotonic() - self._began:.0f} s)[/]")

    def seen(self, text: str) -> None:
        """Something that was verified."""
        out.print(f"   [green]✓[/] {text}", soft_wrap=True)

    def prepare(self) -> None:
        """What commands of munihub do for later steps: each takes a second or two, in which the tour goes on."""
        first = CITIZENS["vzorov"][0]
        who = ("--identifier", first.identifier, "--name", first.name)
        self._staff = {town: self._beside.submit(self._token, "--city", town, "--staff") for town in CITIZENS}
        self._citizen = self._beside.submit(self._token, "--city", "vzorov", *who)
        self._read = self._beside.submit(self.stage.command, "read", "--city", "vzorov")

    def citizen(self) -> Headers:
        """A token of development for the first citizen of Vzorov."""
        return self._citizen.result()

    def staff(self, town: str) -> Headers:
        """A token of development with all that staff may do."""
        return self._staff[town].result()

    def read(self) -> str:
        """What `munihub read --city vzorov` said."""
        return self._read.result()

    def close(self) -> None:
        self._beside.shutdown(cancel_futures=True)
        self.client.close()

    def _token(self, *arguments: str) -> Headers:
        return {"Authorization": f"Bearer {self.stage.command('token', *arguments)}"}

    def get(self, path: str, headers: Headers) -> Any:
        answer = self.client.get(path, headers=headers)
        expect(answer.status_code == 200, f"{path} answered {answer.status_code}: {answer.text}")
        return answer.json()

    def post(self, path: str, headers: Headers, content: Any = None, **query: str) -> Any:
        """`content` is JSON, or the bytes of a file."""
        body = {"content": content} if isinstance(content, bytes) else {"json": content}
        answer = self.client.post(path, params=query, headers=headers, **body)
        expect(answer.is_success, f"{path} answered {answer.status_code}: {answer.text}")
        return answer.json()

    def control(self, simulator: str, content: Any, path: str = "") -> Any:
        """Switch something of a simulator: `_control`, and `path` below it."""
        address = f"{self.stage.simulators[simulator]}/_control{path}"
        return self.client.post(address, json=content).raise_for_status().json()

    def controls(self, simulator: str, path: str) -> Any:
        """What a simulator says of itself, below `_control`."""
        return self.client.get(f"{self.stage.simulators[simulator]}/_control{path}").raise_for_status().json()

    def refresh(self, town: str, token: Headers) -> None:
        with self.client.stream("POST", f"/{town}/v1/refresh", headers=token) as answer:
            expect(answer.is_success, f"refreshing answered {answer.status_code}")
            for _ in answer.iter_lines():
                pass

    def wait_for(self, condition: Callable[[], Any], what: str, patience: float = 30) -> Any:
        """What `condition` finds as soon as it finds anything."""
        deadline = time.monotonic() + patience
        while not (found := condition()):
            self.processes.refuse_dead()
            expect(time.monotonic() < deadline, f"{what} did not come within {patience:.0f} seconds")
            time.sleep(0.1)
        return found

    def read_code(self, code: dict[str, Any], headers: Headers) -> str:
        """The text in the picture of a payment code, read by zxing, which must be what the hub says it is."""
        picture = self.client.get(code["png"], headers=headers).raise_for_status()
        symbols = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.content)))
        expect([one.text for one in symbols] == [code["payload"]], f"the {code['scheme']} code reads differently")
        shown = code["payload"].replace("\n", "⏎")
        self.seen(f"{code['scheme']} ({symbols[0].format.name}): {shown}")
        return str(code["payload"])
