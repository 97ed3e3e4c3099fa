"""Opens a project for a command, and says on stderr what would else surprise."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.text import one_line
from penstock.project import Project, open_project
from penstock.project.notices import unread_notice


def opened_project(path: Path) -> Project:
    """The project in a folder; a warning tells when its own file cannot be read.

    Raises:
        ProjectNotFoundError: there is none.
    """
    project = open_project(path)
    if notice := unread_notice(project):
        warn(notice)
    return project


def warn(notice: str) -> None:
    """Say it on stderr, on one line."""
    click.echo(f"warning: {one_line(notice)}", err=True)
