"""The result of a run as a document, for `--json`, callbacks and `penstock.run`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from penstock.model import events


class Summary:
    """A sink that gathers how a run and its blocks ended."""

    def __init__(self) -> None:
        self._blocks: dict[str, dict[str, Any]] = {}
        self._run: dict[str, Any] = {}

    def __call__(self, event: events.Event) -> None:
        """Take one event."""
        match event:
            case events.RunStarted():
                self._run = {"run": event.run, "pipeline": event.pipeline, "state": "running", "seconds": None}
            case events.BlockEnded():
                self._blocks[event.block] = _block(event)
            case events.RunEnded():
                self._run.update(state=event.state.value, seconds=round(event.seconds, 4))

    def document(self) -> dict[str, Any]:
        """The run as JSON values: its id, state, seconds, and a list of blocks in the order in which they ended."""
        return {**self._run, "blocks": list(self._blocks.values())}


def _block(event: events.BlockEnded) -> dict[str, Any]:
    return {
        "block": event.block,
        "state": event.state.value,
        "seconds": round(event.seconds, 4),
        "attempts": event.attempts,
        "version": event.ref.version if event.ref else None,
        "outputs": [
            {
                "name": output.name,
                "kind": output.kind.value,
                "rows": output.rows,
                "bytes": output.bytes,
                "columns": [{"name": column.name, "type": column.type} for column in output.columns],
            }
            for output in event.outputs
        ],
        "tests": [asdict(test) for test in event.tests],
        "failure": asdict(event.failure) if event.failure else None,
        "peak_memory": event.peak_memory,
        "cpu_seconds": round(event.cpu_seconds, 4),
    }


def notify(address: str, document: dict[str, Any]) -> None:
    """Send the document to an address by POST; a failure is a warning, since the run itself has ended."""
    from urllib.error import URLError
    from urllib.request import Request, urlopen

    if not address.startswith(("http://", "https://")):
        click.echo(f"warning: sending the result to {address}: only http and https addresses", err=True)
        return
    request = Request(  # noqa: S310 - the scheme is checked above
        address, data=json.dumps(document).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urlopen(request, timeout=10):  # noqa: S310 - the scheme is checked above
            pass
    except (URLError, OSError, ValueError) as error:
        click.echo(f"warning: sending the result to {address}: {error}", err=True)
