"""Structured logs on standard error: snake_case events with bound fields, never sentences, never personal data."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog

from hub.kernel.errors import HubError


def set_up(*, level: str = "info") -> None:
    """Readable lines on a terminal, JSON everywhere else."""
    readable = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(where),
            structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # httpx would log every address with its query.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def where(
    exc_info: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
) -> Any:
    """An exception as its types and the lines of ours and others it went through, the first cause first.

    What an exception says is left out, since it may quote the row or the value it failed on: "invalid input for query
    argument $3: 'Ana …'". Only the hub's own errors promise not to.
    """
    lines: list[str] = []
    error = exc_info[1]
    while error is not None:
        said = str(error) if isinstance(error, HubError) else getattr(error, "sqlstate", None)
        own = [f"{type(error).__name__}: {said}" if said else type(error).__name__]
        own += [
            f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        lines = own + lines
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(lines)
