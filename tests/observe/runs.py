"""The events of a small run, for tests of what is made of them."""

from pathlib import Path

from penstock.model import events
from penstock.model.messages import Failure
from penstock.model.run import BlockState, RunState
from penstock.observe.record import RunRecorder


def record_run(
    root: Path, run: str = "r1", *, pipeline: str = "flights", at: float = 1000.0, ends: bool = True
) -> RunRecorder:
    """Record a run of two blocks, the second of which fails."""
    recorder = RunRecorder(root, pipeline, run)
    recorder(events.RunStarted(run, pipeline, "2013-01-01", at, ("load", "a/b"), {"day": 1, "city": "Zürich"}))
    recorder(events.BlockStarted(run, "load", 1, at))
    recorder(events.BlockPrinted(run, "load", "stdout", "one\ntwo\n", at + 1))
    recorder(events.BlockLogged(run, "load", "WARNING", "café", at + 2))
    recorder(events.BlockEnded(run, "load", BlockState.COMPLETED, at + 3, 3.0, 1))
    failure = Failure("ValueError", "no such day", traceback="Traceback ...\nValueError: no such day")
    recorder(events.BlockEnded(run, "a/b", BlockState.FAILED, at + 4, 1.0, 1, failure=failure))
    if ends:
        recorder(events.RunEnded(run, pipeline, RunState.FAILED, at + 5, 5.0))
    recorder.close()
    return recorder
