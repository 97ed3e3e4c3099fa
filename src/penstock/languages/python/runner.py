"""Runs one Python block: data_loader, transformer, data_exporter, custom, sensor or scratchpad."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

from penstock.languages.job import BlockResult, Job, Parts
from penstock.languages.python.batches import batched
from penstock.languages.python.call import call
from penstock.languages.python.charts import draw
from penstock.languages.python.checks import run_checks
from penstock.languages.python.namespace import block_module, compile_block
from penstock.model.block import BlockType
from penstock.model.errors import BlockFailedError
from penstock.model.messages import TestOutcome
from penstock.sdk.decorators import BLOCK_DECORATORS, Collector, collect
from penstock.sdk.logger import BlockLogger

SEPARATE_OUTPUTS = 100
"""A returned list becomes that many outputs at most; a longer one of plain values is one output that holds them all."""

_PLAIN = (str, int, float, bool, type(None), dict, list)


class PythonRunner:
    """The runner of Python blocks."""

    def run(self, job: Job) -> BlockResult:
        """Execute the block file and its function.

        Raises:
            BlockFailedError: no decorated function, or one that does not fit the upstreams.
            Exception: whatever the block's own code raises.
        """
        code, file = compile_block(job)
        module = block_module(job, file)
        collector = Collector(module.__dict__)
        variables = _keyword_arguments(job)
        collect(collector)
        try:
            exec(code, module.__dict__)  # noqa: S102 - running the user's block is what a worker is for
        finally:
            collect(None)
        if job.order.block.type == BlockType.SCRATCHPAD:
            return BlockResult(files=_project_files(job, file))
        if job.order.block.type == BlockType.CHART:
            drawn = draw(job, module.__dict__, collector, variables)
            return BlockResult(outputs=[drawn], files=_project_files(job, file))
        value = self._call(job, collector, variables)
        if job.order.block.type == BlockType.SENSOR:
            return BlockResult(waiting=not value, files=_project_files(job, file))
        tests = collector.every("test")
        check = partial(_checks, tests, variables) if tests and job.order.run_tests else None
        return BlockResult(
            outputs=_outputs(value),
            check=check,
            files=_project_files(job, file),
        )

    def _call(self, job: Job, collector: Collector, variables: Mapping[str, Any]) -> Any:
        block = job.order.block
        decorator = BLOCK_DECORATORS.get(block.type)
        function = collector.first(block.type) if decorator is not None else None
        if function is None:
            found = ", ".join(f"@{kind}" for kind in collector.found) or "none"
            raise BlockFailedError(
                f"running block {block.uuid}: no function is decorated with @{block.type} (decorators found: {found})",
                hint=f"Put @{block.type} above the function that the block runs.",
            )
        inputs = [batched(upstream.value(), upstream.block, block.configuration) for upstream in job.inputs]
        upstream = [entry.block for entry in job.inputs]
        for preprocess in collector.every("preprocessor"):
            call(preprocess, inputs, variables, upstream)
        if block.type == BlockType.SENSOR and not _takes_rest(function):
            inputs, upstream = [], []
        return call(function, inputs, variables, upstream)


def _takes_rest(function: Callable[..., Any]) -> bool:
    code = getattr(function, "__code__", None)
    return bool(code is not None and code.co_flags & 0x04)


def _keyword_arguments(job: Job) -> dict[str, Any]:
    order = job.order
    return {
        **job.variables,
        "configuration": dict(order.block.configuration),
        "context": job.context,
        "logger": BlockLogger(job.log, order.block.uuid),
    }


def _checks(
    tests: list[Callable[..., Any]], variables: Mapping[str, Any], outputs: list[object]
) -> Iterable[TestOutcome]:
    return run_checks(tests, outputs, variables)


def _outputs(value: Any) -> list[object | Parts]:
    """The returned value as outputs: none for None, one each for a list's or tuple's elements, else one."""
    if value is None:
        return []
    if isinstance(value, Iterator) and not isinstance(value, io.IOBase):
        return [Parts(value)]
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        value = list(value)
    if not isinstance(value, list):
        return [value]
    if len(value) > SEPARATE_OUTPUTS and all(isinstance(item, _PLAIN) for item in value):
        return [value]
    return list(value)


@cache
def _folder(project: str) -> str:
    return str(Path(project)) + "/"


def _project_files(job: Job, block_file: str) -> frozenset[str]:
    """The project's files that this attempt has loaded, the block's own included."""
    root = _folder(job.order.project)
    loaded = islice(reversed(sys.modules.values()), max(0, len(sys.modules) - job.modules_before))
    files = {
        file
        for module in list(loaded)
        if isinstance(file := getattr(module, "__file__", None), str) and file.startswith(root)
    }
    if block_file.startswith(root):
        files.add(block_file)
    return frozenset(files)
