"""`penstock version`."""

from __future__ import annotations

import json
import platform
from importlib import metadata

import click

from penstock.version import __version__

_PARTS = ("pandas", "pyarrow", "duckdb", "numpy", "polars")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def version(*, as_json: bool) -> None:
    """Show the versions of Penstock and of what it builds on."""
    found = {"penstock": __version__, "python": platform.python_version()}
    for name in _PARTS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, value in found.items():
        click.echo(f"{name} {value}")
