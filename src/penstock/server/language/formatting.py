"""Formats Python with `ruff format`, which reads text and runs nothing of it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from penstock.model.errors import FileInvalidError, Location, UnsupportedError
from penstock.server.language.tools import INSTALL, find_tool

FORMATS = ("python",)
SECONDS = 10.0


async def formatted(language: str, content: str, root: Path, path: str | None = None) -> str:
    """The text as the formatter writes it, by the rules of the project where it has some.

    Args:
        language: what it is written in.
        content: the text.
        root: the project's folder.
        path: the file that the text belongs to, absolute; it need not exist.

    Raises:
        UnsupportedError: the language cannot be formatted, or the formatter is not installed or takes too long.
        FileInvalidError: the text does not parse.
    """
    if language not in FORMATS:
        raise UnsupportedError(
            f"formatting {language[:40]}: there is no formatter for it", hint=f"It formats {', '.join(FORMATS)}."
        )
    program = find_tool("ruff")
    if program is None:
        raise UnsupportedError("formatting Python: ruff is not installed", hint=INSTALL)
    name = path or str(root / "block.py")
    process = await asyncio.create_subprocess_exec(
        *(program, "format", "--no-cache", "--quiet", "--stdin-filename", name, "-"),
        cwd=root,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, errors = await asyncio.wait_for(process.communicate(content.encode("utf-8")), SECONDS)
    except TimeoutError:
        raise UnsupportedError(
            f"formatting Python: it took more than {SECONDS:g} s", hint="Format parts of it."
        ) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        lines = errors.decode("utf-8", "replace").strip().splitlines()
        cause = lines[0].replace(f"{root}/", "") if lines else f"ruff ended with {process.returncode}"
        raise FileInvalidError(
            f"formatting Python: {cause.removeprefix('error: ')}", hint="Correct the code first.", location=Location("")
        )
    return out.decode("utf-8")
