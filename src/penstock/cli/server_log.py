"""What a server or scheduler tells of itself on stderr: how much, and how a line looks."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from penstock.config import environment
from penstock.model.errors import SettingInvalidError

_LEVELS = ("debug", "info", "warning", "error", "critical")
_TEMPLATE = "%(levelname)s:%(name)s:%(message)s"


class JsonLines(logging.Formatter):
    """Each record as one JSON object: `at`, `level`, `logger`, `message`, and `traceback` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def configure_server_log() -> None:
    """Set the log up as the environment says; where it says nothing, warnings go to stderr as they are.

    Raises:
        SettingInvalidError: a level or a template that is none.
    """
    level = environment.text("SERVER_VERBOSITY").lower()
    shape, template = environment.text("SERVER_LOGGING_FORMAT"), environment.text("SERVER_LOGGING_TEMPLATE")
    if not (level or shape or template):
        return
    if level and level not in _LEVELS:
        raise SettingInvalidError(
            f"reading SERVER_VERBOSITY: {level[:40]!r} is no level", hint=f"Choose one of {', '.join(_LEVELS)}."
        )
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if shape == "json" else _plain(template or _TEMPLATE))
    logging.basicConfig(level=(level or "info").upper(), handlers=[handler], force=True)


def _plain(template: str) -> logging.Formatter:
    try:
        formatter = logging.Formatter(template)
        formatter.format(logging.LogRecord("penstock", logging.INFO, "", 0, "", None, None))
    except (KeyError, TypeError, ValueError) as error:
        raise SettingInvalidError(
            f"reading SERVER_LOGGING_TEMPLATE: {template[:80]!r} cannot be filled in: {error}",
            hint=f"Write it as Python's logging does, such as {_TEMPLATE}.",
        ) from None
    return formatter
