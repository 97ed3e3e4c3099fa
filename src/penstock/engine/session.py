"""A session: a worker that keeps one namespace and carries out piece after piece of code in it, for a scratchpad.

User code runs in the main thread, where interrupts arrive. A second thread reads the channel, so that completions and
variables are answered while code runs.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import queue
import sys
import threading
import time
import warnings
from collections.abc import Callable
from itertools import count
from types import ModuleType
from typing import Any

from penstock.engine.channel import WorkerChannel
from penstock.engine.completion import complete, variables
from penstock.engine.display import figures, mime_bundle
from penstock.engine.failures import failure_of
from penstock.engine.interrupts import Interrupts
from penstock.engine.streams import flush_streams
from penstock.model.errors import WorkerLostError, error_class
from penstock.model.messages import (
    Answer,
    Ask,
    AskKind,
    Displayed,
    Execute,
    Executed,
    Failure,
    Inspect,
    Inspected,
    Started,
    WorkOrder,
)
from penstock.sdk import context as sdk_context
from penstock.sdk.variables import get_variable


class Session:
    """The main thread's part.

    Args:
        order: says for which project, pipeline and block.
        channel: to the supervisor.
        interrupts: lets an interrupt through while code runs.
    """

    def __init__(self, order: WorkOrder, channel: WorkerChannel, interrupts: Interrupts) -> None:
        self._order = order
        self._channel = channel
        self._interrupts = interrupts
        self._todo: queue.SimpleQueue[Execute | None] = queue.SimpleQueue()
        self._answers: dict[int, queue.SimpleQueue[Answer | None]] = {}
        self._asks = count(1)
        self._execution = ""
        self._module = ModuleType("__main__")
        self._module.__dict__.update(__penstock_cells__=True, get_variable=get_variable, display=self.display)

    def serve(self) -> None:
        """Until the supervisor closes the channel or says so."""
        self._prepare()
        self._channel.send(Started(time.time()))
        threading.Thread(target=self._read, name="penstock-session", daemon=True).start()
        while (execute := self._todo.get()) is not None:
            self._execution = execute.execution
            began = time.monotonic()
            failure = self._run(execute)
            flush_streams()
            self._channel.send(Executed(execute.execution, time.time(), time.monotonic() - began, failure))

    def display(self, *values: object) -> None:
        """Show values under the cell that runs."""
        for value in values:
            bundle = mime_bundle(value)
            flush_streams()
            self._put(lambda number: Displayed(number, self._execution, bundle))  # noqa: B023 - called before it is bound anew

    def _prepare(self) -> None:
        order = self._order
        # Open figures are shown at the end of a cell; that plt.show() cannot show them is no news.
        warnings.filterwarnings("ignore", message=".*is non-interactive, and thus cannot be shown")
        sys.modules["__main__"] = self._module
        builtins.display = self.display  # type: ignore[attr-defined]
        sdk_context.activate(
            sdk_context.Context(
                project=order.project,
                project_name=order.project_name,
                data_root=order.data_root,
                pipeline=order.pipeline,
                block=order.block.uuid,
                partition=order.partition,
                variables={**order.variables, **order.builtins},
                ask=self._ask,
                allow_pickle=order.allow_pickle,
            )
        )

    def _run(self, execute: Execute) -> Failure | None:
        try:
            with self._interrupts.working(first=False):
                self._execute(execute)
        except BaseException as error:  # noqa: BLE001 - whatever user code raises becomes a failure, the session lives on
            return failure_of(error, self._order.project)
        return None

    def _execute(self, execute: Execute) -> None:
        """Run the statements; the value of the last one is shown when it is an expression."""
        names = self._module.__dict__
        name = f"<{execute.cell}>"
        linecache.cache[name] = (len(execute.code), None, execute.code.splitlines(keepends=True), name)
        tree = ast.parse(execute.code, name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec", dont_inherit=True), names)  # noqa: S102 - it is the user's process
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), name, "eval", dont_inherit=True), names)  # noqa: S307
            if value is not None:
                names["_"] = value
                self.display(value)
        for figure in figures():
            self.display(figure)

    def _read(self) -> None:
        """The second thread: take what arrives."""
        while True:
            try:
                message = self._channel.receive()
            except OSError:
                message = None
            match message:
                case Execute():
                    self._todo.put(message)
                case Inspect():
                    self._inspect(message)
                case Answer(ask=ask):
                    if (waiting := self._answers.pop(ask, None)) is not None:
                        waiting.put(message)
                case None | _:
                    break
        for waiting in self._answers.values():
            waiting.put(None)
        self._todo.put(None)

    def _inspect(self, message: Inspect) -> None:
        names = self._module.__dict__
        if message.code is None:
            self._channel.send(Inspected(message.request, variables=tuple(variables(names))))
            return
        start, matches = complete(message.code, message.cursor, names)
        self._channel.send(Inspected(message.request, tuple(matches), start))

    def _ask(self, kind: AskKind, arguments: dict[str, Any]) -> Any:
        """Put a request to the control side and wait for what it says; raises as the worker's own."""
        flush_streams()
        answer = self._put(lambda number: Ask(number, kind, arguments))
        if answer is None:
            raise WorkerLostError(f"asking for {kind.value}: the supervisor has gone")
        if answer.error is not None:
            raise error_class(answer.code)(answer.error, hint=answer.hint)
        return answer.value

    def _put(self, message: Callable[[int], Ask | Displayed]) -> Answer | None:
        """Send a message that is answered, and wait for the answer; None when the supervisor has gone."""
        number = next(self._asks)
        waiting: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        self._answers[number] = waiting
        self._channel.send(message(number))
        return waiting.get()
