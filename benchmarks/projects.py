"""Writes the project that is measured. Penstock and Mage run the same folder, so the blocks are imported Mage's way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

FOLDERS = {"data_loader": "data_loaders", "transformer": "transformers", "data_exporter": "data_exporters"}

HEAD = """\
if '{kind}' not in globals():
    from mage_ai.data_preparation.decorators import {kind}
{extra}

@{kind}
def {name}({arguments}):
    {body}
"""

SQL_SETTINGS = """\
  configuration:
    data_provider: duckdb
    data_provider_profile: default
    data_provider_schema: main
    export_write_policy: replace
    use_raw_sql: false
    limit: 1000
"""


@dataclass(frozen=True)
class Step:
    """One block: its name, type, code and upstreams; a SQL block without provider runs on the embedded DuckDB."""

    name: str
    kind: str
    code: str
    upstream: list[str] = field(default_factory=list)
    language: str = "python"
    provider: str = ""


def python(name: str, kind: str, body: str, upstream: list[str] | None = None, *, extra: str = "") -> Step:
    """A Python block whose function is one line."""
    arguments = "*args, **kwargs" if kind == "data_loader" else "data, *args, **kwargs"
    code = HEAD.format(kind=kind, name=name, arguments=arguments, body=body, extra=extra)
    return Step(name, kind, code, upstream or [])


class Project:
    """A project folder that grows by pipelines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("pipelines", "utils", "custom", *FOLDERS.values()):
            (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / name / "__init__.py").touch()
        (folder / "__init__.py").touch()
        (folder / "metadata.yaml").write_text("project_type: standalone\n")
        database = folder.parent / "bench.duckdb"
        profile = f"version: 0.1.1\ndefault:\n  DUCKDB_DATABASE: {database}\n  DUCKDB_SCHEMA: main\n"
        (folder / "io_config.yaml").write_text(profile)

    def pipeline(self, name: str, steps: list[Step]) -> None:
        """Write a pipeline and the files of its blocks."""
        lines = [f"name: {name}", f"uuid: {name}", "type: python", "widgets: []", "blocks:"]
        for step in steps:
            suffix = "sql" if step.language == "sql" else "py"
            (self.folder / FOLDERS[step.kind] / f"{step.name}.{suffix}").write_text(step.code)
            downstream = [other.name for other in steps if step.name in other.upstream]
            lines += [
                f"- uuid: {step.name}",
                f"  name: {step.name}",
                f"  type: {step.kind}",
                f"  language: {step.language}",
                "  status: not_executed",
                "  executor_type: local_python",
                f"  upstream_blocks: [{', '.join(step.upstream)}]",
                f"  downstream_blocks: [{', '.join(downstream)}]",
                SQL_SETTINGS.rstrip() if step.provider else "  configuration: {}",
            ]
        folder = self.folder / "pipelines" / name
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
        (folder / "metadata.yaml").write_text("\n".join(lines) + "\n")


def chain(length: int) -> list[Step]:
    """Trivial blocks, each adding one to its upstream."""
    name = "chain{}_{:02d}".format
    first = python(name(length, 0), "data_loader", "return 0")
    rest = [python(name(length, i), "transformer", "return data + 1", [name(length, i - 1)]) for i in range(1, length)]
    return [first, *rest]


def frames(label: str, library: str, source: Path | int, target: Path) -> list[Step]:
    """Loader, two transformers and an export over the shapes of `library`; the source as in `shapes.py chain`."""
    # Not imported from the project: what is measured is the data. The library stands at the top, as in any block file.
    here = str(Path(__file__).parent)
    module = "pyarrow" if library == "arrow" else library
    extra = f"import sys\n\nimport {module}\n\nsys.path.insert(0, {here!r})\nimport shapes\nsteps = shapes.LIBRARIES[{library!r}]\n"

    def step(name: str, kind: str, body: str, upstream: list[str]) -> Step:
        return python(f"{label}_{name}", kind, body, [f"{label}_{up}" for up in upstream], extra=extra)

    load = f"return steps.make({source})" if isinstance(source, int) else f"return steps.load({str(source)!r})"
    return [
        step("load", "data_loader", load, []),
        step("widen", "transformer", "return steps.widen(data)", ["load"]),
        step("filter", "transformer", "return steps.filter(data)", ["widen"]),
        step("export", "data_exporter", f"steps.export(data, {str(target)!r})", ["filter"]),
    ]
