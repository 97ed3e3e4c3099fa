"""The base classes of sources and sinks that a project writes in Python for streaming pipelines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any


class SourceConsumeMethod(StrEnum):
    """How a source hands over what it reads."""

    BATCH_READ = "BATCH_READ"
    READ = "READ"
    READ_ASYNC = "READ_ASYNC"


class BaseSource:
    """A source of messages; a project's class overrides `init_client` and one of the ways to read."""

    consume_method = SourceConsumeMethod.BATCH_READ

    def __init__(self, config: dict[str, Any] | None = None, **options: Any) -> None:
        self.config = config or {}
        self.checkpoint: Any = None
        self.options = options

    def init_client(self) -> None:
        """Connect; called once before reading."""

    def batch_read(self, handler: Callable[..., Any]) -> None:
        """Read for ever, calling the handler with a list of messages at a time."""
        raise NotImplementedError(f"{type(self).__name__} does not define batch_read")

    def read(self, handler: Callable[..., Any]) -> None:
        """Read for ever, calling the handler with one message at a time."""
        raise NotImplementedError(f"{type(self).__name__} does not define read")

    async def read_async(self, handler: Callable[..., Any]) -> None:
        """As `read`, with a handler that is awaited."""
        raise NotImplementedError(f"{type(self).__name__} does not define read_async")

    def read_checkpoint(self) -> Any:
        """Where reading goes on; None at the beginning."""
        return self.checkpoint

    def update_checkpoint(self) -> None:
        """Remember where reading goes on; called after what was read has been written."""

    def test_connection(self) -> bool:
        """Whether the source can be reached."""
        return True

    def destroy(self) -> None:
        """Disconnect; called once at the end."""


class BasePythonSource(BaseSource):
    """The base of a source that a project defines in Python."""

    def __init__(self, **options: Any) -> None:
        super().__init__(None, **options)


class BaseSink:
    """A destination of messages; a project's class overrides `init_client` and `batch_write`."""

    def __init__(self, config: dict[str, Any] | None = None, **options: Any) -> None:
        self.config = config or {}
        self.options = options

    def init_client(self) -> None:
        """Connect; called once before writing."""

    def batch_write(self, messages: Sequence[dict[str, Any]]) -> None:
        """Write messages; returning means that they are durable."""
        raise NotImplementedError(f"{type(self).__name__} does not define batch_write")

    def write(self, message: dict[str, Any]) -> None:
        """Write one message."""
        self.batch_write([message])

    def test_connection(self) -> bool:
        """Whether the destination can be reached."""
        return True

    def destroy(self) -> None:
        """Disconnect; called once at the end."""


class BasePythonSink(BaseSink):
    """The base of a sink that a project defines in Python."""

    def __init__(self, **options: Any) -> None:
        super().__init__(None, **options)
