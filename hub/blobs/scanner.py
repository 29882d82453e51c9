"""A scanner for viruses, where the installation has one: a program that reads a file and says by its exit code.

MUNIHUB_SCANNER is its command line, such as `clamdscan --no-summary --infected -`. The file is on its standard input;
0 means clean, 1 that something was found (clamdscan(1), clamscan(1)), anything else that it could not look, and then
nothing is taken. It is the installation's, not a town's: what a town may configure runs no programs.
"""

from __future__ import annotations

import asyncio
import shlex
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from dataclasses import dataclass

import structlog

from hub.kernel.errors import NotReady

log = structlog.get_logger(__name__)

_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Scanner:
    """`command` empty: there is none, and everything is clean."""

    command: tuple[str, ...] = ()
    patience: float = _PATIENCE

    @classmethod
    def of(cls, line: str) -> Scanner:
        return cls(tuple(shlex.split(line)))

    async def clean(self, content: bytes) -> bool:
        """Whether nothing was found. Never within a transaction. Raises NotReady where it could not look."""
        if not self.command:
            return True
        try:
            process = await asyncio.create_subprocess_exec(*self.command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL)
        except OSError as error:
            log.error("scanner_failed", because=type(error).__name__)
            raise NotReady("Files cannot be checked for viruses right now; try again later.") from error
        try:
            async with asyncio.timeout(self.patience):
                await process.communicate(content)
        except (TimeoutError, OSError) as error:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            log.error("scanner_failed", because=type(error).__name__)
            raise NotReady("Files cannot be checked for viruses right now; try again later.") from error
        if process.returncode not in {0, 1}:
            log.error("scanner_failed", because=f"exit code {process.returncode}")
            raise NotReady("Files cannot be checked for viruses right now; try again later.")
        return process.returncode == 0
