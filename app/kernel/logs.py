"""Structured logs: one JSON line an event, with the request's id, never with case data."""

import logging
import sys

import structlog


def configure_logs(level: str) -> None:
    """Send every log line as JSON to standard error, from `level` upwards."""
    number = logging.getLevelNamesMapping()[level]
    logging.basicConfig(level=number, stream=sys.stderr, format="%(message)s", force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Answer a logger that adds its module's name to each line."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(module=name)
    return logger
