"""`penstock start`: the server comes with the studio."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.model.errors import UnsupportedError


@click.command()
@click.argument("project", default=".", type=click.Path(path_type=Path))
@click.option("--host", default="localhost", help="Address to listen on.")
@click.option("--port", default=6789, type=click.IntRange(0, 65535), help="Port to listen on.")
def start(project: Path, host: str, port: int) -> None:
    """Open a project in the browser. This version has no server yet: it says so and ends with exit code 2."""
    del host, port
    raise UnsupportedError(
        f"starting the server for {project}: this version has no web editor yet",
        hint=f"Run a pipeline with: penstock run {project} PIPELINE",
    )
