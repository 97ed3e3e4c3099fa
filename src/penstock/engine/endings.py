"""How an attempt ended, in words: every way in which a process can go without having said that it finished."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace

from penstock.engine.process import Attempt, Doom, Exit
from penstock.model.errors import MessageInvalidError, PenstockError
from penstock.model.messages import Failure, Limits, Outcome

_LOST, _TIMEOUT, _INTERRUPTED, _MESSAGE = "X102", "X103", "X104", "X105"

_MEANING = {
    "SIGSEGV": "a native library accessed memory that is not its own",
    "SIGBUS": "a mapped file was cut short, or a native library accessed memory wrongly",
    "SIGABRT": "a native library gave up",
    "SIGFPE": "a native library divided by zero",
    "SIGILL": "a native library was built for another processor",
}
_ABORTED_FOR_MEMORY = ("bad_alloc", "memory allocation of", "out of memory", "Cannot allocate memory")


_UNFINISHED = "before the block had finished"


def after_storing(failure: Failure) -> Failure:
    """The same, of an attempt that has stored its output: what it still had to do were its callbacks."""
    stored = "after its output was stored, before its callbacks had ended"
    return replace(failure, message=failure.message.replace(_UNFINISHED, stored))


def failure_of_attempt(
    attempt: Attempt, output: str, invalid: MessageInvalidError | None, memory_ran_out: Callable[[], bool]
) -> Failure | None:
    """The cause of an attempt that is over; None when it succeeded.

    Args:
        attempt: it has told its end, or its process has ended.
        output: its last lines.
        invalid: what it sent that could not be understood.
        memory_ran_out: whether the kernel has ended processes for want of memory.
    """
    if attempt.finished is not None:
        if attempt.finished.outcome is Outcome.FAILED and attempt.finished.failure is None:
            return Failure("lost", "the block failed without a reason", code=_LOST, traceback=output)
        if attempt.finished.outcome is Outcome.CONDITION_FALSE:
            return None  # what it tells is why a condition had no answer
        return attempt.finished.failure
    process = attempt.process
    assert process.exit is not None
    oom = process.exit.code == -9 and memory_ran_out()  # noqa: PLR2004 - SIGKILL, which Windows has not
    return failure_at_end(process.exit, process.doom, attempt.order.limits, output, invalid=invalid, oom=oom)


def failure_at_end(
    end: Exit, doom: Doom | None, limits: Limits, output: str, *, invalid: MessageInvalidError | None, oom: bool
) -> Failure:
    """The failure of an attempt whose process ended without a `Finished`.

    Args:
        end: how the process ended.
        doom: why the supervisor ended it, if it did.
        limits: the attempt's limits.
        output: its last lines.
        invalid: what was wrong with the channel, if something was.
        oom: whether the kernel has ended a process for want of memory meanwhile.
    """
    if invalid is not None:
        return Failure(
            "lost",
            f"the block's process sent something that is no message ({invalid.message}) and was ended",
            "Code in the block may write to file descriptors that are not its own.",
            _MESSAGE,
            traceback=output,
        )
    if doom is not None:
        return _ended_by_us(doom, limits, output)
    if end.code is None:
        return Failure("lost", f"the block's process was lost: {end.reason}", _AGAIN, _LOST, traceback=output)
    if end.code >= 0:
        return Failure(
            "lost",
            f"the block's process ended with exit code {end.code} {_UNFINISHED}",
            "Code in the block, in its conditions or callbacks, or a library, called os._exit or ended the process in "
            "another way.",
            _LOST,
            traceback=output,
        )
    return _ended_by_signal(-end.code, output, oom=oom)


def refusal_of(error: PenstockError) -> Failure:
    """An error of the control side, as the cause of a failed attempt."""
    return Failure(kind=type(error).__name__, message=error.message, hint=error.hint, code=error.code)


_AGAIN = "Run the block again; if it happens again, the last lines of its output say more."


def _ended_by_us(doom: Doom, limits: Limits, output: str) -> Failure:
    match doom:
        case Doom.TIMEOUT:
            limit = f"{limits.seconds:g} s" if limits.seconds is not None else "set"
            return Failure(
                "timeout",
                f"the block ran longer than its limit of {limit} and was ended",
                "Raise the block's timeout, or make it do less at once.",
                _TIMEOUT,
                traceback=output,
            )
        case Doom.INTERRUPTED:
            return Failure("interrupted", "the block was interrupted and ended", "", _INTERRUPTED, traceback=output)
        case Doom.MEMORY:
            return Failure(
                "memory",
                f"the block needed more than its limit of {limits.memory or 0:,} bytes of memory and was ended",
                "Raise the block's memory limit, or process the data in parts.",
                _LOST,
                traceback=output,
            )
        case Doom.CHANNEL:
            return Failure(
                "lost",
                f"the block's process closed its channel to Penstock {_UNFINISHED}, and was ended",
                "Code in the block may close file descriptors that are not its own.",
                _LOST,
                traceback=output,
            )
        case Doom.SILENT:
            return Failure("lost", "the block's process did not come up in time", _AGAIN, _LOST, traceback=output)
        case _:
            return Failure("killed", "the block was ended on request", "", _INTERRUPTED, traceback=output)


def _ended_by_signal(number: int, output: str, *, oom: bool) -> Failure:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    aborted_for_memory = name == "SIGABRT" and any(text in output for text in _ABORTED_FOR_MEMORY)
    if aborted_for_memory or (name == "SIGKILL" and oom):
        message = "the kernel ended the block's process because memory ran out"
        if aborted_for_memory:
            message = "a native library ended the block's process because it got no more memory"
        return Failure(
            "memory", message, "Process the data in parts, or give the block more memory.", _LOST, traceback=output
        )
    meaning = _MEANING.get(name, "")
    hint = "The end of the block's output shows the stack at that moment." if meaning else _AGAIN
    if name == "SIGKILL":
        hint = "Something outside Penstock killed it; the kernel does so when memory runs out."
    cause = f" ({meaning})" if meaning else ""
    return Failure("killed", f"the block's process was ended by {name}{cause}", hint, _LOST, traceback=output)
