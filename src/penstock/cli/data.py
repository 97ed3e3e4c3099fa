"""`penstock data`: look at stored outputs.

An output is named `pipeline/block`, with `@partition` and `#version` where they matter; the latest good version and the
first output are meant when nothing else is said.
"""

from __future__ import annotations

import json
import os
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from penstock.cli.arguments import AMOUNT, FOLDER, PIPELINE, PRODUCT
from penstock.cli.exits import Exit
from penstock.cli.opening import opened_project
from penstock.cli.text import human_size, say_document, say_list, text_table
from penstock.data import Manifest, ProductStore
from penstock.model.errors import ProductMissingError, SettingInvalidError
from penstock.model.product import UNPARTITIONED, Address, Kind, OutputSummary

_project = click.option("--project", "-p", default=".", type=FOLDER, help="The project's folder; default: here.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_output = click.option("--output", "-o", help="Which output, such as output_1; default: the first.")


@click.group()
def data() -> None:
    """Look at stored outputs: list, show, export, diff."""


@data.command("list")
@click.argument("pipeline", type=PIPELINE, required=False)
@_project
@_json
@click.option("--versions", "all_versions", is_flag=True, help="All versions, not only the latest.")
def list_products(pipeline: str | None, project: Path, *, as_json: bool, all_versions: bool) -> None:
    """List what is stored, of one PIPELINE or of all."""
    opened = opened_project(project)
    store = ProductStore(opened.store_root())
    found: list[Manifest] = []
    for address in sorted(store.addresses(pipeline), key=str):
        versions = store.versions(address)
        found += versions if all_versions else versions[:1]
    if not found and pipeline:
        opened.pipeline(pipeline)  # says so when there is none of that name
    if as_json:
        say_list("products", [_document(manifest) for manifest in found])
        return
    if not found:
        what = f"of pipeline {pipeline} yet; run it first" if pipeline else "yet; run a pipeline first"
        click.echo(f"nothing is stored {what}")
        return
    rows = [
        [
            str(manifest.ref.address),
            manifest.ref.version,
            manifest.created_at[:19].replace("T", " "),
            _shape(manifest),
            human_size(sum(output.bytes for output in manifest.summaries())),
            _checks(manifest),
        ]
        for manifest in found
    ]
    click.echo(text_table(["output", "version", "published (UTC)", "rows", "size", "tests"], rows))


@data.command()
@click.argument("name", type=PRODUCT)
@_project
@_output
@_json
@click.option("--rows", "-n", default=10, show_default=True, type=AMOUNT, help="How many rows to show.")
@click.option("--offset", default=0, type=AMOUNT, help="Rows to pass over first.")
def show(name: str, project: Path, output: str | None, *, as_json: bool, rows: int, offset: int) -> None:
    """Show one stored output: what it is made of and its first rows."""
    store = _store(project)
    manifest = find_manifest(store, name)
    if as_json:
        click.echo(json.dumps(_document(manifest), ensure_ascii=False, indent=2, default=str))
        return
    click.echo(f"{manifest.ref}  published {manifest.created_at}  by run {manifest.lineage.run or '-'}")
    for ref in manifest.lineage.inputs:
        click.echo(f"  from {ref}")
    for file in manifest.lineage.code:
        click.echo(f"  code {file}")
    if not all(check.passed for check in manifest.checks):
        click.echo("  its tests failed, so no other block reads it")
    summaries = [entry for entry in manifest.summaries() if output is None or entry.name == output]
    if not summaries and output is not None:
        raise _no_output(manifest, output)
    if not summaries:
        click.echo("\nthe block returned nothing")
    for summary in summaries:
        _show_output(store, manifest, summary, rows, offset)


@data.command()
@click.argument("name", type=PRODUCT)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_project
@_output
@click.option(
    "--format", "kind", type=click.Choice(["csv", "parquet", "json", "arrow"]), help="Default: by the ending."
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@_json
def export(
    name: str, file: Path, project: Path, output: str | None, kind: str | None, *, force: bool, as_json: bool
) -> None:
    """Write one stored output to FILE, whole or not at all."""
    from penstock.data import export as write

    store = _store(project)
    manifest = find_manifest(store, name)
    chosen = _first_output(manifest, output)
    kind = kind or file.suffix.lower().lstrip(".")
    if kind not in {"csv", "parquet", "json", "arrow"}:
        raise SettingInvalidError(
            f"exporting {name} to {file}: the ending does not tell the format",
            hint="Use the ending .csv, .parquet, .json or .arrow, or --format.",
        )
    if os.path.lexists(file) and not force:
        raise SettingInvalidError(f"exporting {name} to {file}: the file exists", hint="Use --force to replace it.")
    write(store, manifest.ref, chosen.name, file, kind)
    size = file.stat().st_size
    if as_json:
        document = {"file": str(file), "bytes": size, "format": kind, "output": chosen.name, "rows": chosen.rows}
        say_document({**document, "product": str(manifest.ref.address), "version": manifest.ref.version})
        return
    click.echo(f"wrote {file}: {human_size(size)}")


@data.command()
@click.argument("name", type=PRODUCT)
@click.argument("before")
@click.argument("after", required=False)
@_project
@_output
@_json
@click.option("--key", multiple=True, help="Column that identifies a row; may be given several times.")
@click.pass_context
def diff(
    ctx: click.Context,
    name: str,
    before: str,
    after: str | None,
    project: Path,
    output: str | None,
    key: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Compare two versions of an output; without AFTER, with the latest.

    Exit code 1 when they differ.
    """
    from penstock.data import diff as compare

    store = _store(project)
    old = find_manifest(store, f"{name}#{before}")
    new = find_manifest(store, f"{name}#{after}" if after else name)
    chosen = _first_output(new, output)
    found = compare(store, old.ref, new.ref, key=list(key) or None, output=chosen.name)
    if as_json:
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=2, default=str))
    else:
        click.echo("\n".join(found.lines()))
    ctx.exit(Exit.FAILED if found.differs else Exit.SUCCESS)


def _store(project: Path) -> ProductStore:
    return ProductStore(opened_project(project).store_root())


def parse_name(name: str) -> tuple[Address, str | None]:
    """The address and version that `pipeline/block[@partition][#version]` names.

    Raises:
        SettingInvalidError: there is no slash, or nothing on one side of it.
    """
    rest, _, version = name.partition("#")
    pipeline, slash, block = rest.partition("/")
    if not slash or not block or not pipeline:
        missing = "block" if pipeline else "pipeline"
        raise SettingInvalidError(
            f"reading the output's name {name!r}: it has no {missing}", hint="Write it as pipeline/block."
        )
    block, _, partition = block.partition("@")
    return Address(pipeline, block, partition or UNPARTITIONED), version or None


def find_manifest(store: ProductStore, name: str) -> Manifest:
    """The version that a name means; a version may be shortened to what tells it apart.

    Raises:
        ProductMissingError: nothing of that name is stored; the hint names the nearest.
    """
    address, version = parse_name(name)
    versions = store.versions(address)
    if not versions and store.numbers(address):
        raise ProductMissingError(
            f"reading the output {address}: the machine stopped before it was safe on the disk",
            hint="Run its pipeline again.",
        )
    if not versions:
        known = [str(other) for other in store.addresses()]
        near = get_close_matches(str(address), known, n=1)
        raise ProductMissingError(
            f"reading the output {address}: nothing of that name is stored",
            hint=f"Did you mean {near[0]}?" if near else "See what is stored with: penstock data list",
        )
    if version is None:
        return store.latest(address) or versions[0]
    wanted = version.lstrip("0")
    names = {manifest.ref.version.lstrip("0"): manifest for manifest in versions}
    numbered = [manifest for name, manifest in names.items() if wanted == name.partition("-")[0]]
    matching = numbered or [manifest for name, manifest in names.items() if wanted and name.startswith(wanted)]
    if len(matching) != 1:
        raise ProductMissingError(
            f"reading version {version} of {address}: {len(matching) or 'no'} versions of that name are stored",
            hint="Versions: " + ", ".join(manifest.ref.version for manifest in (matching or versions)[:5]),
        )
    return matching[0]


def _first_output(manifest: Manifest, output: str | None) -> OutputSummary:
    for summary in manifest.summaries():
        if output is None or summary.name == output:
            return summary
    raise _no_output(manifest, output)


def _no_output(manifest: Manifest, output: str | None) -> ProductMissingError:
    names = ", ".join(summary.name for summary in manifest.summaries())
    if not names:
        return ProductMissingError(
            f"reading {output or 'the output'} of {manifest.ref}: the block returned nothing",
            hint="Return a value from that block, and run it again.",
        )
    return ProductMissingError(
        f"reading {output or 'the output'} of {manifest.ref}: the block stored {names}",
        hint="Choose one with --output.",
    )


def _show_output(store: ProductStore, manifest: Manifest, summary: OutputSummary, rows: int, offset: int) -> None:
    shape = f"{summary.rows:,} rows, " if summary.rows is not None else ""
    click.echo(f"\n{summary.name}: {summary.kind.value} ({summary.codec}), {shape}{human_size(summary.bytes)}")
    if summary.columns:
        lines = [
            [column.name, column.type, _cell(column.nulls), _cell(column.minimum), _cell(column.maximum)]
            for column in summary.columns
        ]
        click.echo(text_table(["column", "type", "nulls", "minimum", "maximum"], lines, indent=2))
    if not rows:
        return
    if summary.kind is Kind.TABLE:
        from penstock.data import page
        from penstock.data.preview import shown_values

        found = page(store, manifest.ref, summary.name, offset=offset, limit=rows)
        names = [str(name) for name in found.column_names]
        columns = [shown_values(column) for column in found.columns]
        click.echo(text_table(names, [[_cell(value) for value in row] for row in zip(*columns, strict=True)], indent=2))
    elif summary.preview is not None:
        from penstock.data.preview import plain_text

        stored = next(entry.stored for entry in manifest.outputs if entry.summary.name == summary.name)
        text = plain_text(stored) or json.dumps(summary.preview, ensure_ascii=False, default=str)
        click.echo(f"  {text[:2000]}")


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _shape(manifest: Manifest) -> str:
    counts = [f"{output.rows:,}" if output.rows is not None else output.kind.value for output in manifest.summaries()]
    return ", ".join(counts[:4]) + (f" +{len(counts) - 4}" if len(counts) > 4 else "")  # noqa: PLR2004 - what fits a line


def _checks(manifest: Manifest) -> str:
    if not manifest.checks:
        return ""
    return f"{sum(check.passed for check in manifest.checks)}/{len(manifest.checks)} passed"


def _document(manifest: Manifest) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "pipeline": manifest.ref.address.pipeline,
        "block": manifest.ref.address.block,
        "partition": manifest.ref.address.partition,
        "version": manifest.ref.version,
        "created_at": manifest.created_at,
        "fingerprint": manifest.fingerprint,
        "outputs": [asdict(output) for output in manifest.summaries()],
        "lineage": asdict(manifest.lineage),
        "checks": [asdict(check) for check in manifest.checks],
    }
