"""How a run is shown while it goes on: a line per block, live on a terminal, plain elsewhere."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING

import click

from penstock.cli.text import say
from penstock.model import events
from penstock.model.errors import headline
from penstock.model.messages import Failure
from penstock.model.run import BlockState, RunState

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

KEPT_LINES = 20
"""Lines of a block's output that are shown when it fails and its output was not shown before."""

_MARKS = {
    BlockState.COMPLETED: ("done", "green"),
    BlockState.SKIPPED: ("fresh", "cyan"),
    BlockState.FAILED: ("failed", "red"),
    BlockState.CANCELLED: ("cancelled", "yellow"),
    BlockState.INTERRUPTED: ("interrupted", "yellow"),
    BlockState.UPSTREAM_FAILED: ("not run", "yellow"),
    BlockState.CONDITION_FAILED: ("left out", "yellow"),
    BlockState.RUNNING: ("running", "blue"),
    BlockState.QUEUED: ("waiting", "bright_black"),
    BlockState.INITIAL: ("waiting", "bright_black"),
}
_NEVER_BEGUN = frozenset({BlockState.INITIAL, BlockState.UPSTREAM_FAILED, BlockState.CONDITION_FAILED})


def make_progress(*, verbose: bool) -> Progress:
    """What suits the standard output: live on a terminal, else plain lines."""
    return LiveProgress(verbose=verbose) if sys.stdout.isatty() else Progress(verbose=verbose)


class Progress:
    """A line per block when it has ended; what blocks print is shown with `verbose`, else only on failure."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose
        self._tail: dict[str, deque[str]] = {}
        self._width = 0

    def __call__(self, event: events.Event) -> None:
        """Show one event."""
        match event:
            case events.RunStarted(blocks=blocks):
                self._width = max(map(len, blocks))
            case events.BlockPrinted(block=block, text=text):
                self._printed(block, text.splitlines())
            case events.BlockLogged(block=block, level=level, text=text):
                self._printed(block, [f"{level} {line}" for line in text.splitlines()])
            case events.BlockRetrying(block=block, wait=wait, failure=failure):
                self.write(f"{block}: {failure.message}; trying again in {wait:g} s")
            case events.BlockEnded():
                self.block_ended(event)
            case events.RunEnded():
                self.run_ended(event)
            case _:
                pass

    def write(self, line: str) -> None:
        """Show a line."""
        say(line)

    def block_ended(self, event: events.BlockEnded) -> None:
        """Show how a block ended."""
        word, colour = _MARKS[event.state]
        details = "  ".join(filter(None, [_seconds(event), _rows(event), _tests(event)]))
        self.write(f"{event.block:<{self._width}}  {click.style(f'{word:<9}', fg=colour)}  {details}".rstrip())
        if event.failure is not None:
            for line in failure_lines(event.failure, [] if self._verbose else list(self._tail.get(event.block, ()))):
                self.write(line)

    def run_ended(self, event: events.RunEnded) -> None:
        """Show how the run ended."""
        colour = {RunState.COMPLETED: "green", RunState.CANCELLED: "yellow"}.get(event.state, "red")
        state = click.style(event.state.value, fg=colour, bold=True)
        self.write(f"{event.pipeline} {state} in {event.seconds:.2f} s (run {event.run})")

    def close(self) -> None:
        """Nothing more will come."""

    def _printed(self, block: str, lines: list[str]) -> None:
        if self._verbose:
            for line in lines:
                self.write(click.style(f"{block} | ", fg="bright_black") + line)
        else:
            self._tail.setdefault(block, deque(maxlen=KEPT_LINES)).extend(lines)


class LiveProgress(Progress):
    """A table that changes in place below the lines that have been written."""

    def __init__(self, *, verbose: bool) -> None:
        super().__init__(verbose=True)
        self._details = verbose
        self._live: Live | None = None
        self._rows: dict[str, tuple[BlockState, float, events.BlockEnded | None]] = {}

    def __call__(self, event: events.Event) -> None:
        """Show one event."""
        match event:
            case events.RunStarted(blocks=blocks):
                self._begin(blocks)
            case events.BlockStarted(block=block, at=at):
                self._rows[block] = (BlockState.RUNNING, at, None)
            case events.BlockEnded(block=block):
                self._rows[block] = (event.state, event.at, event)
        super().__call__(event)

    def write(self, line: str) -> None:
        """Show a line above the table."""
        from rich.text import Text

        if self._live is not None:
            self._live.console.print(Text.from_ansi(line), soft_wrap=True)
        else:
            click.echo(line)

    def block_ended(self, event: events.BlockEnded) -> None:
        """The table shows the state; a failure's cause is written above it."""
        if event.failure is not None:
            self.write(click.style(event.block, bold=True))
            for line in failure_lines(event.failure, []):
                self.write(line)

    def run_ended(self, event: events.RunEnded) -> None:
        """Leave the last table standing and write the result below it."""
        self.close()
        super().run_ended(event)

    def close(self) -> None:
        """Stop drawing."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _begin(self, blocks: tuple[str, ...]) -> None:
        from rich.live import Live

        self._rows = dict.fromkeys(blocks, (BlockState.INITIAL, 0.0, None))
        self._live = Live(
            get_renderable=self._table, refresh_per_second=8, redirect_stdout=False, redirect_stderr=False
        )
        self._live.start()

    def _table(self) -> Table:
        import time

        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for title, justify in (("block", "left"), ("state", "left"), ("rows", "right"), ("seconds", "right")):
            table.add_column(title, justify="right" if justify == "right" else "left")
        for block, (state, at, ended) in _visible(self._rows):
            word, colour = _MARKS[state]
            seconds = ended.seconds if ended else time.time() - at
            shown = "" if state in _NEVER_BEGUN else f"{seconds:.2f}"
            table.add_row(block, Text(word, style=colour), _rows(ended).removesuffix(" rows") if ended else "", shown)
        return table


LIVE_ROWS = 25
"""Lines of the live table; with more blocks the ones that are done scroll out of it."""

_Entry = tuple[BlockState, float, "events.BlockEnded | None"]


def _visible(rows: dict[str, _Entry]) -> list[tuple[str, _Entry]]:
    """The rows that fit: all of them, or those around the ones that are running."""
    entries = list(rows.items())
    if len(entries) <= LIVE_ROWS:
        return entries
    running = [index for index, (_, (state, _, _)) in enumerate(entries) if state is BlockState.RUNNING]
    first = max(0, min((running[0] if running else len(entries)) - LIVE_ROWS // 2, len(entries) - LIVE_ROWS))
    return entries[first : first + LIVE_ROWS]


def failure_lines(failure: Failure, tail: list[str]) -> list[str]:
    """A failure for a person: the error, the lines of their own code, what to do, the last output."""
    if failure.kind == "condition":
        return [f"  {failure.message}"]
    rest = failure.message.splitlines()[1:]
    first = headline(failure.kind, failure.message)
    lines = [f"  {click.style(first, fg='red')}", *(f"  {line}" for line in rest)]
    own = [frame for frame in failure.frames if frame.own]
    for frame in own or failure.frames[-1:]:
        lines += [f"    {frame.file}:{frame.line} in {frame.function}", f"        {frame.text}"]
    if failure.hint:
        lines.append(f"  {failure.hint}")
    if tail:
        lines.append("  last output:")
        lines += [f"    {line}" for line in tail]
    return lines


def _seconds(event: events.BlockEnded) -> str:
    return f"{event.seconds:.2f} s" if event.attempts else ""


def _rows(event: events.BlockEnded) -> str:
    counts = [output.rows for output in event.outputs if output.rows is not None]
    return ", ".join(f"{count:,}" for count in counts) + (" rows" if counts else "")


def _tests(event: events.BlockEnded) -> str:
    if not event.tests:
        return ""
    passed = sum(test.passed for test in event.tests)
    return f"{passed}/{len(event.tests)} tests passed"
