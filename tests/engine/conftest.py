"""A project of one's own, orders for it, and supervisors of both kinds."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from penstock.data import ProductStore
from penstock.engine.supervisor import Attempt, Captured, Ended, Supervisor
from penstock.model.messages import BlockOrder, Finished, InputOrder, Limits, Output, WorkOrder
from tests.patience import PATIENCE

"""Seconds after which a test that waits for an event has failed."""


@dataclass
class Seen:
    """The events of one attempt."""

    events: list[Any] = field(default_factory=list)
    attempt: Attempt | None = None

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def text(self, stream: str = "stdout") -> str:
        return "".join(event.text for event in self.of(Captured) if event.stream == stream)

    @property
    def ended(self) -> Ended:
        (end,) = self.of(Ended)
        assert self.events[-1] is end
        return end

    @property
    def failure(self) -> Any:
        assert self.ended.failure is not None
        return self.ended.failure

    @property
    def finished(self) -> Finished:
        return self.of(Finished)[0]


class Bench:
    """A project in a temporary folder, and a supervisor to run its blocks with."""

    def __init__(self, folder: Path, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.project = folder / "my project"
        self.project.mkdir()
        (self.project / "metadata.yaml").write_text("project_type: main\n")
        self.store = ProductStore(folder / "data")
        self.run_id = "run1"

    def write(self, name: str, code: str) -> Path:
        file = self.project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(code), encoding="utf-8")
        return file

    def order(
        self,
        code: str | None,
        *,
        block: str = "block",
        kind: str = "custom",
        language: str = "python",
        file: Path | None = None,
        limits: Limits | None = None,
        inputs: tuple[InputOrder, ...] = (),
        **fields: Any,
    ) -> WorkOrder:
        fence = self.store.issue_fence(self.run_id, block)
        source = textwrap.dedent(code) if code is not None else None
        entry = BlockOrder(
            uuid=block,
            name=block,
            type=kind,
            language=language,
            file=str(file) if file else None,
            source=source,
            upstream=tuple(entry.block for entry in inputs),
            configuration={},
        )
        return WorkOrder(
            run=self.run_id,
            attempt=fence.token,
            fence=fence,
            project=str(self.project),
            project_name=self.project.name,
            data_root=str(self.store.root),
            pipeline="pipe",
            partition="_",
            block=entry,
            inputs=inputs,
            limits=limits or Limits(),
            **fields,
        )

    def launch(self, order: WorkOrder, **options: Any) -> Seen:
        seen = Seen()
        seen.attempt = self.supervisor.launch(order, on_event=seen.events.append, **options)
        return seen

    def until(self, condition: Callable[[], object]) -> None:
        give_up = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < give_up, "waited too long"
            self.supervisor.poll(1.0)

    def finish(self, seen: Seen) -> Seen:
        self.until(lambda: seen.attempt is not None and seen.attempt.ended is not None)
        return seen

    def run(self, code: str | None, *, keep: bool = False, reuse: Attempt | None = None, **options: Any) -> Seen:
        """Run a function body: it is indented into `def block(*args, **kwargs)`."""
        return self.finish(self.launch(self.order(code, **options), keep=keep, reuse=reuse))

    def value(self, seen: Seen) -> Any:
        (output,) = seen.of(Output)
        return self.store.load(output.ref)


def body(code: str) -> str:
    """A custom block whose function has that body."""
    return "@custom\ndef block(*args, **kwargs):\n" + textwrap.indent(textwrap.dedent(code).strip("\n"), "    ") + "\n"


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    with ExitStack() as stack:
        number = 0

        def make(**options: Any) -> Bench:
            nonlocal number
            number += 1
            folder = tmp_path / str(number)
            folder.mkdir()
            return Bench(folder, stack.enter_context(Supervisor(**options)))

        yield make


@pytest.fixture(params=["fork", "spawn"])
def bench(request: pytest.FixtureRequest, make_bench: Callable[..., Bench]) -> Bench:
    """Every test that takes this runs once per way of starting a worker."""
    return make_bench(mode=request.param)


@pytest.fixture
def forked(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench(mode="fork")


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
