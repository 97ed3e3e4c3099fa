"""Writes docs/reference/ from the code; with `--check` says which pages are out of date, and changes nothing."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from penstock.cli import exits
from penstock.cli.main import COMMANDS, cli
from penstock.config.environment import VARIABLES
from penstock.config.settings import declared_keys
from penstock.model.errors import PenstockError, every_error
from penstock.project import check_project  # noqa: F401 - it imports every module of rules
from penstock.project.rules.base import every_rule
from penstock.server.answers import ROUTER_CODES
from penstock.server.description import permissions, summary_of
from penstock.server.openapi import document
from penstock.server.routes import all_routes
from penstock.server.routing import Table

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
NOTE = "<!-- Written by tools/generate.py from the code: change it there, then run `make reference`. -->\n"


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; bars and line ends inside cells are escaped."""

    def line(cells: Iterable[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    titles = list(head)
    return "\n".join([line(titles), "|" + "---|" * len(titles), *map(line, rows)]) + "\n"


def first_paragraph(item: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(item) or "").split("\n\n", 1)[0].split())


def code(text: object) -> str:
    """As code, or nothing when it is empty."""
    return f"`{text}`" if text not in ("", None, {}) else ""


def errors_page() -> str:
    """Every public error with its code, phase, recovery and meaning."""
    rows = [
        (f"`{error.code}`", f"`{error.__name__}`", error.phase.value, error.recovery.value, first_paragraph(error))
        for error in every_error()
    ]
    return (
        "# Errors\n\n"
        "Every error that Penstock raises has a stable code, one sentence (what was being done, on what, the cause) and,\n"
        "where there is one, a place in a file and a hint that names the next action. What the code of a block raises is\n"
        f"reported as the block's failure, with the traceback cut to your own lines. All derive from `{PenstockError.__name__}`\n"
        "in `penstock.model.errors`. *Recovery* says what can be done: `fatal` errors need a change first, `retriable` ones\n"
        "may pass by themselves, `skippable` ones concern one item of many.\n\n"
        + table(["code", "class", "phase", "recovery", "meaning"], rows)
        + "\n## Over HTTP alone\n\nThe server's own answers have the same form as those above, and no class.\n\n"
        + table(
            ["code", "status", "meaning"],
            [(f"`{code}`", status, text) for code, (status, text) in ROUTER_CODES.items()],
        )
    )


def documented_members(enum: Any) -> list[tuple[str, int, str]]:
    """The members of an enumeration with the text that stands below each in the source."""
    body = ast.parse(inspect.getsource(enum)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = []
    for node, after in zip(body.body, [*body.body[1:], None], strict=True):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            documented = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            found.append((name, int(enum[name]), str(after.value.value) if documented else ""))
    return found


def command_sections(name: str, command: click.Command, depth: int = 2) -> list[str]:
    """The help of a command and of its own commands, as the terminal shows it."""
    # The width is fixed, so that the page is the same on every terminal.
    context = click.Context(command, info_name=name, max_content_width=100, terminal_width=100)
    parts = [f"{'#' * depth} `{name}`\n\n```text\n{command.get_help(context).rstrip()}\n```\n"]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            parts += command_sections(f"{name} {inner}", found, depth + 1)
    return parts


def commands_page() -> str:
    """The help of every command, and the exit codes."""
    codes = [(value, name.lower(), text) for name, value, text in documented_members(exits.Exit)]
    context = click.Context(cli, info_name="penstock")
    parts = [
        "# Commands\n\n",
        "Exit codes, the same for every command:\n\n",
        table(["code", "name", "meaning"], codes),
        "\n",
    ]
    sections = []
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        sections += command_sections(f"penstock {name}", command)
    return "".join(parts) + "\n".join(sections)


def environment_page() -> str:
    """Every environment variable."""
    rows = [
        (
            f"`{item.name}`",
            ", ".join(f"`{alias}`" for alias in item.aliases),
            item.kind.value,
            code(item.default),
            item.description + (f" One of {', '.join(item.choices)}." if item.choices else ""),
        )
        for item in VARIABLES
    ]
    return (
        "# Environment variables\n\n"
        "Where a variable has other names, the first one that is set wins; an empty value counts as not set.\n\n"
        + table(["name", "also read from", "kind", "default", "meaning"], rows)
    )


def settings_page() -> str:
    """Every key of a project's metadata.yaml."""
    rows = [
        (
            f"`{name}`",
            item.metadata.get("kind", "map"),
            code(item.default if item.metadata.get("kind") not in {"map", "flags", None} else ""),
            item.metadata["description"]
            + (f" One of {', '.join(item.metadata['choices'])}." if item.metadata.get("choices") else ""),
        )
        for name, item in declared_keys()
    ]
    return (
        "# Project settings\n\n"
        "The keys of a project's `metadata.yaml`. The file is rendered as a template first (`{{ env_var('NAME') }}`). Keys\n"
        "that are not listed are kept as they are; a value of the wrong kind is reported by `penstock check`, and the default\n"
        "is used.\n\n" + table(["key", "kind", "default", "meaning"], rows)
    )


def rules_page() -> str:
    """Every rule of `penstock check`."""
    rows = [(f"`{rule.code}`", rule.severity.value, " ".join((rule.__doc__ or "").split())) for rule in every_rule()]
    return (
        "# What `penstock check` finds\n\n"
        "Each diagnostic carries the code of its rule, a place (file, line, column) and what to do. Errors make the exit code 1.\n\n"
        + table(["code", "severity", "what it finds, and what follows"], rows)
    )


API_HEAD = """# API

Everything that the studio shows and does goes through these routes, below the base path if there is one.
[openapi.json](openapi.json) describes them with the schemas of what they take and answer; a server answers its own at
`/api/openapi.json`. What is not listed does not exist. Every route names one permission:

"""
API_TAIL = """
A browser logs in with the link that `penstock start` prints, and sends `X-Penstock: 1` with whatever changes something.
Programs send `Authorization: Bearer TOKEN`; the token of a running server is in `server-PORT.json` below
`~/.penstock/studio`, which its owner alone can read. Bodies are JSON, unless a route takes bytes. A `/` in a value of a
path is sent as `%2F`. Errors are `{"error": {"code", "message", "hint", "location", "details"}}`.
"""


def api_page() -> str:
    """Every route with its permission."""
    routes = sorted(Table(all_routes()).routes, key=lambda route: (route.noun, route.path, route.method))
    allowed = table(["permission", "allows to"], [(f"`{name}`", meaning) for name, meaning in permissions()])
    parts = [API_HEAD, allowed, API_TAIL]
    for noun, several in groupby(routes, key=lambda route: route.noun):
        rows = [
            (route.method.replace("WEBSOCKET", "socket"), f"`{route.path}`", f"`{route.permission}`", summary_of(route))
            for route in several
        ]
        parts.append(f"\n## {noun}\n\n" + table(["method", "path", "permission", "what it does"], rows))
    return "".join(parts)


PAGES: dict[str, Callable[[], str]] = {
    "api.md": api_page,
    "commands.md": commands_page,
    "environment.md": environment_page,
    "errors.md": errors_page,
    "check-rules.md": rules_page,
    "settings.md": settings_page,
}


def main(arguments: list[str]) -> int:
    """Write or check all pages; the exit code is 1 when one is out of date."""
    check = arguments == ["--check"]
    stale = []
    pages = {name: NOTE + page() for name, page in PAGES.items()}
    pages["openapi.json"] = document().decode()
    for name, text in pages.items():
        file = FOLDER / name
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        stale.append(str(file.relative_to(ROOT)))
        if not check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"out of date: {', '.join(stale)}; run `make reference`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
