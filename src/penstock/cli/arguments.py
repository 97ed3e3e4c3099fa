"""Names and folders on the command line. An empty one, as of a shell's variable that is not set, is refused.

It would mean all pipelines, or the folder that one happens to be in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from penstock.model.errors import SettingInvalidError

LARGEST = 2**63 - 1
"""The largest number that databases and positions in files have."""
NUMBER = click.IntRange(1, LARGEST)
"""The number of something that is stored."""
AMOUNT = click.IntRange(0, LARGEST)
"""How many of something; none is one, too."""


class _Name(click.types.StringParamType):
    def __init__(self, hint: str) -> None:
        self._hint = hint

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it was given. Raises SettingInvalidError when it is empty."""
        if not str(value).strip():
            raise _empty(param, ctx, self._hint)
        return str(super().convert(value, param, ctx))


class _Folder(click.Path):
    def __init__(self, hint: str) -> None:
        super().__init__(path_type=Path)
        self._hint = hint

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path. Raises SettingInvalidError when it is empty."""
        if value == "":  # no Path is, they say . then
            raise _empty(param, ctx, self._hint)
        return super().convert(value, param, ctx)


def _empty(param: click.Parameter | None, ctx: click.Context | None, hint: str) -> SettingInvalidError:
    what = "an argument" if param is None else param.human_readable_name
    if isinstance(param, click.Option):
        what = max(param.opts, key=len)
    return SettingInvalidError(f"reading {what} of `{ctx.command_path if ctx else 'penstock'}`: it is empty", hint=hint)


PIPELINE = _Name("Name a pipeline; `penstock blocks` lists them.")
BLOCK = _Name("Name a block of the pipeline; `penstock blocks` lists them.")
TRIGGER = _Name("Name a trigger of the pipeline; `penstock triggers list` lists them.")
RUN = _Name("Name a run; `penstock runs` lists them.")
ASKED = _Name("Name a run of `penstock runs`, or a pipeline, if need be with one of its triggers.")
PRODUCT = _Name("Write it as pipeline/block; `penstock data list` lists what is stored.")
CHANNEL = _Name("Name a channel, such as slack, or leave it out for all that are set up.")
FOLDER = _Folder("Write . for the folder that you are in.")
PLACE = _Folder("Name a pipeline, or a project's folder (. is this one) and a pipeline.")
