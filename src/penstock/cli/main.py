"""The `penstock` command: a group whose commands are imported when they are called."""

from __future__ import annotations

# First of all: Ctrl-C may come during the imports below.
from penstock.cli.abrupt import INTERRUPTED

# isort: split

import errno
import gc
import io
import sys
from importlib import import_module

import click

from penstock.cli.exits import report
from penstock.config.environment import lookup
from penstock.engine import headstart
from penstock.model.errors import PenstockError, SettingInvalidError, StorageError
from penstock.version import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("penstock.cli.init:init", "Create a project."),
    "start": ("penstock.cli.start:start", "Open a project in the browser."),
    "run": ("penstock.cli.run:run", "Run a pipeline, or some of its blocks."),
    "check": ("penstock.cli.check:check", "Find what is wrong in a project's files, with place and fix."),
    "blocks": ("penstock.cli.blocks:blocks", "List pipelines and their blocks."),
    "triggers": ("penstock.cli.triggers:triggers", "List triggers, switch them on and off, say when they are due."),
    "trigger": ("penstock.cli.runs:trigger", "Ask the scheduler for a run of a pipeline."),
    "runs": ("penstock.cli.runs:runs", "List runs, whoever drives them."),
    "logs": ("penstock.cli.runs:logs", "Print what a run has logged and printed."),
    "cancel": ("penstock.cli.runs:cancel", "Cancel runs."),
    "retry": ("penstock.cli.runs:retry", "Run runs again: whole, what is incomplete, or from a block."),
    "why": ("penstock.cli.why:why", "Say why a run, a block, a trigger or a pipeline is not running."),
    "backfill": (
        "penstock.cli.backfill:backfill",
        "Run a pipeline for windows of the past, or for what a block lists.",
    ),
    "alerts": ("penstock.cli.alerts:alerts", "List alerts and what became of their messages; send a test message."),
    "data": ("penstock.cli.data:data", "Look at stored outputs: list, show, export, diff."),
    "clean": ("penstock.cli.clean:clean", "Remove old outputs and logs."),
    "clean-cached-variables": ("penstock.cli.clean:clean_cached_variables", "Remove old outputs (Mage's name)."),
    "clean-old-logs": ("penstock.cli.clean:clean_old_logs", "Remove old logs (Mage's name)."),
    "version": ("penstock.cli.version:version", "Show the versions of Penstock and of what it builds on."),
}
"""Command -> where it lives and its line of help, so that `--help` imports none of them."""


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is invoked."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of `COMMANDS`."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The imported command, or None."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, name = entry[0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table alone."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="penstock")
def cli() -> None:
    """Build and run data pipelines made of plain block files."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that is not text is written as JSON and stderr have it
        sys.stdout.reconfigure(errors="backslashreplace")
    if arguments[:1] == ["run"]:
        headstart.begin()  # takes as long as importing the command
    try:
        code = _code(arguments, as_json="--json" in arguments)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        code = _no_room(error, arguments)
    except KeyboardInterrupt:
        click.echo(INTERRUPTED, err=True)
        code = 130
    finally:
        headstart.end()
    if "_duckdb" not in sys.modules:  # which tells on stderr of each of its objects that is left
        gc.freeze()  # looking for cycles once more, among all that is about to go, takes longer than a short block
    sys.exit(code if isinstance(code, int) else 0)


def _code(arguments: list[str], *, as_json: bool) -> int | str | None:
    """Run the command line, show its error, and give its exit code."""
    output = sys.stdout
    try:
        # https://no-color.org: whatever the variable holds, as long as it holds something
        color = False if lookup("NO_COLOR") else None
        code: int | str | None = cli.main(arguments, prog_name="penstock", standalone_mode=False, color=color)
    except PenstockError as error:
        code = report(error, as_json=as_json)
    except click.ClickException as error:
        code = _misuse(error, as_json=as_json)
    except click.Abort:
        click.echo(INTERRUPTED, err=True)
        code = 130
    except SystemExit as error:
        # Click ends so, with another output in place, when the reader has gone (`penstock data show ... | head`).
        code = error.code if sys.stdout is output else 0
    return code


def _no_room(error: OSError, arguments: list[str]) -> int:
    """Say that a disk, or what the output goes to, is full, and give the exit code."""
    command = " ".join(["penstock", *arguments[:1]])
    where = f" {error.filename}" if error.filename else ""
    told = f"running `{command}`: what it writes{where} cannot be stored: {error.strerror}"
    return report(StorageError(told, hint="Make room, or write it elsewhere."), as_json="--json" in arguments)


def _misuse(error: click.ClickException, *, as_json: bool) -> int:
    """Show what is wrong with the command line, and give the exit code."""
    if not as_json:
        error.show()
        return error.exit_code
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx is not None else "penstock"
    return report(SettingInvalidError(error.format_message(), hint=f"See `{command} --help`."), as_json=True)


if __name__ == "__main__":
    main()
