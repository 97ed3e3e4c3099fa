"""The words for every way in which a process can end."""

from __future__ import annotations

import pytest

from penstock.engine.endings import failure_at_end
from penstock.engine.oom import oom_kills
from penstock.engine.process import Doom, Exit
from penstock.model.errors import MessageInvalidError
from penstock.model.messages import Failure, Limits


def failure(
    code: int | None,
    *,
    doom: Doom | None = None,
    output: str = "",
    oom: bool = False,
    invalid: MessageInvalidError | None = None,
) -> Failure:
    limits = Limits(memory=1000, seconds=2.0)
    return failure_at_end(Exit(code, "fork: no memory"), doom, limits, output, invalid=invalid, oom=oom)


@pytest.mark.parametrize("doom", Doom)
def test_every_doom_has_words(doom: Doom) -> None:
    found = failure(-9, doom=doom, output="last")
    assert found.message.startswith("the block")
    assert found.traceback == "last"


def test_kinds_and_codes() -> None:
    assert (failure(-9, doom=Doom.TIMEOUT).kind, failure(-9, doom=Doom.TIMEOUT).code) == ("timeout", "X103")
    assert failure(-9, doom=Doom.MEMORY).kind == "memory"
    assert failure(-9, doom=Doom.INTERRUPTED).code == "X104"
    assert failure(-9, invalid=MessageInvalidError("tag 7")).code == "X105"
    assert "fork: no memory" in failure(None).message


def test_memory_is_named_only_with_evidence() -> None:
    assert failure(-9).kind == "killed"
    assert failure(-9, oom=True).kind == "memory"
    assert failure(-11, oom=True).kind == "killed"
    assert failure(-6, output="terminate called after throwing an instance of 'std::bad_alloc'").kind == "memory"
    assert failure(-6, output="assertion failed").kind == "killed"


def test_a_signal_without_a_name() -> None:
    assert "signal 60" in failure(-60).message


def test_the_kernel_is_asked_about_memory() -> None:
    assert oom_kills() >= 0
