"""Structured logs on standard error: snake_case events with bound fields, never sentences, never personal data."""

from __future__ import annotations

import logging
import sys

import structlog


def set_up(*, level: str = "info") -> None:
    """Readable lines on a terminal, JSON everywhere else."""
    readable = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # httpx would log every address with its query.
    logging.getLogger("httpx").setLevel(logging.WARNING)
