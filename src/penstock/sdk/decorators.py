"""The decorators of block files: `@data_loader`, `@transformer`, `@test` and so on.

Outside a worker each returns its function unchanged, so a block file is plain Python that pytest and an editor
understand. While a worker executes a block file, decorating at its top level also notes the function.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Collector:
    """What has been decorated in one block file: kind -> (object, arguments of the decorator) in order of the file."""

    namespace: dict[str, Any]
    found: dict[str, list[tuple[Any, tuple[Any, ...]]]] = field(default_factory=dict)

    def first(self, kind: str) -> Any | None:
        """The first object decorated as that kind, which is the one that runs."""
        entries = self.found.get(kind)
        return entries[0][0] if entries else None

    def every(self, *kinds: str) -> list[Any]:
        """All objects decorated as one of those kinds, in the order of the file per kind."""
        return [item for kind in kinds for item, _ in self.found.get(kind, ())]


_collector: Collector | None = None


def collect(collector: Collector | None) -> None:
    """Note from now on what is decorated in that namespace; None stops."""
    global _collector  # noqa: PLW0603 - one block at a time is executed in a worker process
    _collector = collector


class BlockDecorator:
    """A decorator of one kind; works bare (`@test`) and with arguments (`@callback('failure')`)."""

    __test__ = False
    """Keeps pytest from collecting the `test` decorator that block files import."""

    def __init__(self, kind: str, doc: str) -> None:
        self.kind = kind
        self.__name__ = kind
        self.__doc__ = doc

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Note the decorated object and return it unchanged."""
        # The caller's globals tell whether the decoration stands at the top of the block file itself: a helper module
        # that uses the same decorators must not add to the block.
        namespace = sys._getframe(1).f_globals  # noqa: SLF001 - the only way to know the decorated module
        if len(arguments) == 1 and not options and (callable(arguments[0]) or isinstance(arguments[0], type)):
            self._note(namespace, arguments[0], ())
            return arguments[0]

        def decorate(item: Callable[..., Any]) -> Callable[..., Any]:
            self._note(namespace, item, (*arguments, *options.values()))
            return item

        return decorate

    def __repr__(self) -> str:
        return f"<decorator {self.kind}>"

    def _note(self, namespace: dict[str, Any], item: Any, arguments: tuple[Any, ...]) -> None:
        if _collector is not None and namespace is _collector.namespace:
            _collector.found.setdefault(self.kind, []).append((item, arguments))


data_loader = BlockDecorator("data_loader", "Marks the function that loads data: `f(*args, **kwargs)`.")
transformer = BlockDecorator(
    "transformer", "Marks the function that transforms its upstreams: `f(data, *args, **kwargs)`."
)
data_exporter = BlockDecorator("data_exporter", "Marks the function that writes data elsewhere: `f(data, **kwargs)`.")
custom = BlockDecorator("custom", "Marks the function of a custom block: `f(*args, **kwargs)`.")
sensor = BlockDecorator("sensor", "Marks the function that says whether to go on: `f(*args, **kwargs) -> bool`.")
callback = BlockDecorator(
    "callback", "Marks what runs after a block: `@callback('success' | 'failure' | 'cancelled')`."
)
on_success = BlockDecorator("on_success", "The older form of `@callback('success')`.")
on_failure = BlockDecorator("on_failure", "The older form of `@callback('failure')`.")
on_cancelled = BlockDecorator("on_cancelled", "The form of `@callback('cancelled')` that goes with these.")
condition = BlockDecorator("condition", "Marks the function that decides whether a block runs: returns a bool.")
test = BlockDecorator(
    "test", "Marks a check of the block's outputs: `f(*outputs, **kwargs)`; an AssertionError fails it."
)
preprocessor = BlockDecorator("preprocessor", "Marks what runs before the block's function, with the same inputs.")
data_source = BlockDecorator("data_source", "Marks the function that gives a chart its data.")
configuration = BlockDecorator("configuration", "Marks a chart's configuration.")
columns = BlockDecorator("columns", "Marks the columns of a table chart.")
x = BlockDecorator("x", "Marks the values of a chart's x axis.")
y = BlockDecorator("y", "Marks the values of a chart's y axis.")
xy = BlockDecorator("xy", "Marks both axes of a chart.")
render = BlockDecorator("render", "Marks the function that renders a custom chart.")
extension = BlockDecorator("extension", "Marks the function of an extension block.")
data_integration_source = BlockDecorator("data_integration_source", "Marks what names a sync's source.")
data_integration_destination = BlockDecorator("data_integration_destination", "Marks what names a sync's destination.")
data_integration_config = BlockDecorator("data_integration_config", "Marks what configures a sync's connector.")
data_integration_catalog = BlockDecorator("data_integration_catalog", "Marks what gives a sync its catalogue.")
data_integration_query = BlockDecorator("data_integration_query", "Marks what gives a sync its query.")
data_integration_selected_streams = BlockDecorator(
    "data_integration_selected_streams", "Marks what chooses the streams of a sync."
)
streaming_source = BlockDecorator("streaming_source", "Marks the class of a streaming source.")
streaming_sink = BlockDecorator("streaming_sink", "Marks the class of a streaming sink.")

CALLBACK_DECORATORS = {decorator.kind: decorator for decorator in (callback, on_success, on_failure, on_cancelled)}
"""The decorators that the file of a callback finds."""

CHART_DECORATORS = {decorator.kind: decorator for decorator in (data_source, configuration, columns, x, y, xy, render)}
"""The decorators that the code of a chart finds, besides the variables that it assigns."""

BLOCK_DECORATORS = {
    decorator.kind: decorator
    for decorator in (data_loader, transformer, data_exporter, custom, sensor, callback, extension)
} | {"conditional": condition}
"""The decorator that marks the function to run, by block type; a conditional's is named otherwise than its type."""
