"""The names that a block can use, from what is stored: columns of its upstreams, variables, modules of the project."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from penstock.data import ProductStore
from penstock.model.block import FOLDERS, Block, BlockType, Language
from penstock.model.errors import FileInvalidError, PenstockError
from penstock.model.product import UNPARTITIONED, Address, OutputSummary
from penstock.project.code import read_source, scan
from penstock.project.load import Project
from penstock.project.rules.blocks import DECORATORS
from penstock.server.projects.parts import must_find
from penstock.server.schema.language import BlockNames, ColumnName, UpstreamNames, VariableName

MOST_COLUMNS = 2000
MOST_MODULES = 500
DEEPEST = 4
_WITHOUT_PLACE = frozenset({BlockType.MARKDOWN, BlockType.SCRATCHPAD, BlockType.CHART})
_GIVEN = {
    "configuration": "dict",
    "context": "dict",
    "logger": "logger",
    "pipeline_uuid": "str",
    "block_uuid": "str",
    "repo_path": "str",
    "env": "str",
    "execution_date": "datetime",
    "execution_partition": "str",
    "ds": "str",
    "hr": "str",
    "event": "dict",
    "retry": "dict",
    "pipeline_run_id": "str",
    "trigger_name": "str",
    "interval_start_datetime": "datetime",
    "interval_end_datetime": "datetime",
    "interval_seconds": "int",
    "interval_start_datetime_previous": "datetime",
}
_SKIPPED = frozenset({"__pycache__", "node_modules", "pipelines", "custom_templates", "dbt", "venv", *FOLDERS.values()})


def block_names(
    project: Project, store: ProductStore, private: Callable[[Path], bool], pipeline: str, uuid: str
) -> BlockNames:
    """What can be completed in a block.

    Args:
        project: the project.
        store: the stored outputs; manifests only are read.
        private: whether a folder is not the user's to see.
        pipeline: the pipeline.
        uuid: the block.

    Raises:
        PipelineNotFoundError, BlockNotFoundError: there is none.
        FileInvalidError: the pipeline's file cannot be read.
    """
    reading = project.read(pipeline)
    block = must_find(reading, uuid)
    known = {each.uuid: each for each in reading.pipeline.blocks}
    parents = [known[parent] for parent in block.upstream if parent in known]
    placed = [parent for parent in parents if parent.type not in _WITHOUT_PLACE]
    arguments = _arguments(block)
    upstream = [
        _upstream(store, pipeline, parent, arguments[at] if at < len(arguments) else None, f"df_{at + 1}")
        for at, parent in enumerate(placed)
    ]
    variables = [
        VariableName(str(name), type(value).__name__, "pipeline") for name, value in reading.pipeline.variables.items()
    ]
    own = {variable.name for variable in variables}
    variables += [VariableName(name, kind, "given") for name, kind in _GIVEN.items() if name not in own]
    tables = [name for each in upstream for name in (each.table, each.block)]
    return BlockNames(upstream, tables, variables, _modules(project, private))


def _arguments(block: Block) -> tuple[str, ...]:
    """The positional parameters of a block's function, as its file has them."""
    if block.language is not Language.PYTHON:
        return ()
    try:
        text = read_source(Path(block.file)) if block.file else block.content or ""
    except FileInvalidError:
        return ()
    wanted = DECORATORS.get(block.type, ())
    function = next((each for each in scan(text).functions if each.decorator in wanted), None)
    return function.arguments.positional if function else ()


def _upstream(store: ProductStore, pipeline: str, parent: Block, argument: str | None, table: str) -> UpstreamNames:
    outputs = _outputs(store, Address(pipeline, parent.uuid, UNPARTITIONED))
    first = outputs[0] if len(outputs) == 1 else None
    columns = [ColumnName(column.name, column.type) for column in first.columns[:MOST_COLUMNS]] if first else []
    kind = None if not outputs else first.kind.value if first else "list"
    return UpstreamNames(parent.uuid, argument, table, kind, columns)


def _outputs(store: ProductStore, address: Address) -> tuple[OutputSummary, ...]:
    try:
        manifest = store.latest(address)
    except PenstockError:
        return ()
    return tuple(manifest.summaries()) if manifest is not None else ()


def _modules(project: Project, private: Callable[[Path], bool]) -> list[str]:
    """The modules of the project that blocks import, as `shop.utils.dates`; files of blocks are not among them."""
    found: list[str] = []
    _collect(project.root, (project.name,), private, found)
    return sorted(found)


def _collect(folder: Path, parts: tuple[str, ...], private: Callable[[Path], bool], found: list[str]) -> None:
    for entry in _entries(folder):
        if len(found) >= MOST_MODULES:
            return
        name = entry.name.removesuffix(".py")
        if not name.isidentifier():
            continue
        if entry.is_file() and entry.name.endswith(".py") and name != "__init__":
            found.append(".".join((*parts, name)))
        elif entry.is_dir(follow_symlinks=False) and len(parts) <= DEEPEST and entry.name not in _SKIPPED:
            path = Path(entry.path)
            if not private(path):
                _collect(path, (*parts, entry.name), private, found)


def _entries(folder: Path) -> Iterable[os.DirEntry[str]]:
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return ()
