"""What user code raised, as a Failure: the traceback cut to the user's frames, the cause in words."""

from __future__ import annotations

import linecache
import os
import textwrap
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from penstock.engine.project_code import ALIAS
from penstock.model.block import FOLDERS
from penstock.model.errors import PenstockError, headline
from penstock.model.messages import Failure, Frame

_OURS = str(Path(__file__).resolve().parent.parent) + os.sep
_TEXT_LIMIT = 20_000
_FRAME_LIMIT = 40
_CAUSE_LIMIT = 5
_GROUPS_LIMIT = 3
"""Groups of exceptions inside of one another that are looked into."""
_MEMBERS_LIMIT = 10


def failure_of(error: BaseException, project: str, *, who: str = "the block") -> Failure:
    """The failure that an exception of user code, or of ours on its behalf, amounts to.

    Args:
        error: what was raised.
        project: the project's folder, whose files count as the user's own.
        who: whose code it is, in words.
    """
    frames = user_frames(error, project)
    text = _traceback(error, project)
    if isinstance(error, PenstockError):
        frames = frames if any(frame.own for frame in frames) else ()  # what we raised for a query, say
        return Failure(type(error).__name__, _cut(error.message), error.hint, error.code, frames, text)
    if isinstance(error, KeyboardInterrupt):
        return Failure("interrupted", "the block was interrupted", "", "X104", frames, text)
    if _is_memory(error):
        detail = f" ({_message(error)})" if str(error) else ""
        return Failure(
            "memory",
            f"the block needed more memory than it may have{detail}",
            "Raise the block's memory limit, or process the data in parts.",
            "X101",
            frames,
            text,
        )
    if isinstance(error, SystemExit):
        return _exit(error, frames, text, who)
    if isinstance(error, SyntaxError):
        return _syntax(error, project, frames, text)
    return Failure(
        type(error).__name__, _message(error) or type(error).__name__, _hint(error, project), "X101", frames, text
    )


def user_frames(error: BaseException, project: str) -> tuple[Frame, ...]:
    """The frames of the traceback from the first one of the project on; ours are left out.

    Where no frame is the project's, every frame that is not ours.
    """
    frames = [frame for frame in _frames(error.__traceback__, project) if not frame.file.startswith(_OURS)]
    first = next((index for index, frame in enumerate(frames) if frame.own), 0)
    kept = frames[first:]
    if len(kept) > _FRAME_LIMIT:
        kept = kept[: _FRAME_LIMIT // 2] + kept[-_FRAME_LIMIT // 2 :]
    return tuple(kept)


def _frames(trace: TracebackType | None, project: str) -> Iterator[Frame]:
    root = project.rstrip(os.sep) + os.sep
    while trace is not None:
        code = trace.tb_frame.f_code
        file, line = code.co_filename, trace.tb_lineno or 0
        text = linecache.getline(file, line, trace.tb_frame.f_globals).strip()
        is_inline = file.startswith("<") and _is_ours(trace.tb_frame.f_globals)
        own = (file.startswith(root) and "site-packages" not in file) or is_inline
        yield Frame(file, line, code.co_name, text[:500], own)
        trace = trace.tb_next


def _is_ours(names: dict[str, object]) -> bool:
    """Whether a module of those names holds the text of a block or a scratchpad."""
    return "__penstock_cells__" in names or str(names.get("__name__", "")).startswith("penstock_block_")


def _traceback(error: BaseException, project: str) -> str:
    """The exception and those that led to it, as Python would print them, with the user's frames only."""
    parts: list[str] = []
    current: BaseException | None = error
    for _ in range(_CAUSE_LIMIT):
        if current is None:
            break
        parts.insert(0, _one_traceback(current, project))
        cause, context = current.__cause__, current.__context__
        if cause is not None:
            parts.insert(0, "\nThe above exception was the direct cause of the following exception:\n\n")
        elif context is not None and not current.__suppress_context__:
            parts.insert(0, "\nDuring handling of the above exception, another exception occurred:\n\n")
        else:
            break
        current = cause or context
    return _cut("".join(parts).lstrip("\n"))


def _one_traceback(error: BaseException, project: str, depth: int = 0) -> str:
    lines = [
        f'  File "{frame.file}", line {frame.line}, in {frame.function}\n'
        + (f"    {frame.text}\n" if frame.text else "")
        for frame in user_frames(error, project)
    ]
    head = "Traceback (most recent call last):\n" if lines else ""
    text = head + "".join(lines) + "".join(_last_lines(error))
    for number, each in enumerate(_members(error) if depth < _GROUPS_LIMIT else (), start=1):
        inner = _one_traceback(each, project, depth + 1)
        text += f"  exception {number} of it:\n{textwrap.indent(inner, '    ')}"
    return text


def _members(error: BaseException) -> tuple[BaseException, ...]:
    """What a group holds, as tasks that ran at once raise one."""
    return error.exceptions[:_MEMBERS_LIMIT] if isinstance(error, BaseExceptionGroup) else ()


def _last_lines(error: BaseException) -> list[str]:
    try:
        return traceback.format_exception_only(type(error), error)
    except Exception:  # noqa: BLE001 - the exception is the user's, and so is what its __str__ raises
        return [f"{type(error).__name__}: (its message could not be made)\n"]


def _message(error: BaseException, depth: int = 0) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - as above
        return "(its message could not be made)"
    inner = _members(error) if depth < _GROUPS_LIMIT else ()
    members = "; ".join(headline(type(each).__name__, _message(each, depth + 1)) for each in inner)
    text = f"{text}: {members}" if members else text
    notes = getattr(error, "__notes__", None)
    if isinstance(notes, list):
        text = "\n".join([text, *map(str, notes)])
    return _cut(text)


def _cut(text: str) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8")
    if len(text) <= _TEXT_LIMIT:
        return text
    half = _TEXT_LIMIT // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} characters left out ...]\n{text[-half:]}"


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException"


def _exit(error: SystemExit, frames: tuple[Frame, ...], text: str, who: str) -> Failure:
    called = f"sys.exit({error.code!r})" if error.code is not None else "sys.exit()"
    return Failure(
        "SystemExit",
        f"{who} called {called} before it had returned",
        "Return from the function instead; to fail on purpose, raise an exception that says why.",
        "X101",
        frames,
        text,
    )


def _syntax(error: SyntaxError, project: str, frames: tuple[Frame, ...], text: str) -> Failure:
    file, line = error.filename or "<source>", error.lineno or 0
    root = project.rstrip(os.sep) + os.sep
    place = f"{file.removeprefix(root)}:{line}" if line else file
    last = Frame(file, line, "<module>", (error.text or "").strip()[:500], own=file.startswith((root, "<")))
    return Failure(type(error).__name__, f"{place}: {error.msg}", "Correct the line.", "X101", (*frames, last), text)


def _hint(error: BaseException, project: str) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("mage_ai"):
        first = error.name.partition(".")[0]
        own = Path(project, first).is_dir() and first not in FOLDERS.values()
        if "." in error.name and (own or first in {ALIAS, Path(project).name}):
            return f"There is no {error.name.replace('.', '/')} in the project: correct the import, or add the file."
        return f"Install the package that provides {first}, or correct the import."
    return ""
