"""Structured logs: one JSON line an event, with the request's id, never with case data."""

import json
import logging
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO, cast

import structlog

MOST_CAUSES = 5
MOST_FRAMES = 25


class LibraryLine(logging.Formatter):
    """Writes what a library logs in the form of our own lines; of an error where it arose, not what it says."""

    def format(self, record: logging.LogRecord) -> str:
        """Answer one line of JSON."""
        line: dict[str, Any] = {"module": record.name, "event": record.getMessage()}
        if record.exc_info and record.exc_info[1] is not None:
            line["causes"] = frames_of(record.exc_info[1])
        line["level"] = record.levelname.lower()
        line["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        return json.dumps(structlog.contextvars.get_contextvars() | line, ensure_ascii=False)


class _Lossy:
    """Standard error for lines of a log: one for which there is no room is lost, and the work that it tells of goes on."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def configure_logs(level: str) -> None:
    """Send every log line as JSON to standard error, from `level` upwards."""
    number = logging.getLevelNamesMapping()[level]
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(LibraryLine())
    logging.basicConfig(level=number, handlers=[lines], force=True)
    for talkative in ("httpx", "httpcore", "authlib"):  # they log whole addresses, and headers at DEBUG
        logging.getLogger(talkative).setLevel(max(number, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Lossy())),
        cache_logger_on_first_use=False,
    )


def frames_of(error: BaseException) -> list[dict[str, object]]:
    """Answer the kinds of an error and of what caused it, each with file, line and function; no message.

    Messages quote values: of a row that is there already, of a text that cannot be read.
    """
    told: list[dict[str, object]] = []
    seen: BaseException | None = error
    while seen is not None and len(told) < MOST_CAUSES:
        frames = traceback.extract_tb(seen.__traceback__)[-MOST_FRAMES:]
        where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        told.append({"error": f"{type(seen).__module__}.{type(seen).__qualname__}", "frames": where})
        inside = seen.exceptions[0] if isinstance(seen, BaseExceptionGroup) else None
        seen = inside or seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return told


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Answer a logger that adds its module's name to each line."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(module=name)
    return logger
