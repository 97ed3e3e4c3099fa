"""The `logger` of a block's keyword arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class BlockLogger:
    """Writes records to the block run's log; has the methods of `logging.Logger`, and takes tags as keywords.

    Args:
        emit: receives the level's name and the text.
        name: the block's uuid.
    """

    def __init__(self, emit: Callable[[str, str], None], name: str) -> None:
        self._emit = emit
        self.name = name

    def debug(self, message: object, *values: object, **tags: Any) -> None:
        """Write a record of level DEBUG."""
        self._write("DEBUG", message, values, tags)

    def info(self, message: object, *values: object, **tags: Any) -> None:
        """Write a record of level INFO."""
        self._write("INFO", message, values, tags)

    def warning(self, message: object, *values: object, **tags: Any) -> None:
        """Write a record of level WARNING."""
        self._write("WARNING", message, values, tags)

    warn = warning

    def error(self, message: object, *values: object, **tags: Any) -> None:
        """Write a record of level ERROR."""
        self._write("ERROR", message, values, tags)

    def critical(self, message: object, *values: object, **tags: Any) -> None:
        """Write a record of level CRITICAL."""
        self._write("CRITICAL", message, values, tags)

    def exception(self, message: object, *values: object, **tags: Any) -> None:
        """Write a record of level ERROR with the traceback of the exception being handled."""
        self._write("ERROR", message, values, {"exc_info": True, **tags})

    def log(self, level: int | str, message: object, *values: object, **tags: Any) -> None:
        """Write a record of that level, by name or by number as in `logging`."""
        import logging

        self._write(level if isinstance(level, str) else logging.getLevelName(level), message, values, tags)

    def _write(self, level: str, message: object, values: tuple[object, ...], tags: dict[str, Any]) -> None:
        text = str(message)
        if values:
            try:
                text %= values
            except (TypeError, ValueError):  # a message that is not a format: nothing of it may be lost
                text = " ".join([text, *map(str, values)])
        if tags.pop("exc_info", None):
            import traceback

            text = f"{text}\n{traceback.format_exc().rstrip()}"
        extra = tags.pop("extra", None)
        tags.pop("stack_info", None)
        tags.pop("stacklevel", None)
        if extra:
            tags.update(extra)
        if tags:
            text = f"{text} {' '.join(f'{key}={value}' for key, value in tags.items())}"
        self._emit(level, text)
