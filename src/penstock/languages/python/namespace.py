"""The module in which a block file is executed."""

from __future__ import annotations

import linecache
import re
import symtable
import sys
from collections.abc import Iterable
from functools import lru_cache
from types import CodeType, ModuleType

from penstock.languages.job import Input, Job
from penstock.languages.python.by_value import send_by_value
from penstock.model.block import BlockType
from penstock.sdk.decorators import BLOCK_DECORATORS, CALLBACK_DECORATORS, CHART_DECORATORS, preprocessor, test


def compile_block(job: Job) -> tuple[CodeType, str]:
    """The block's code object and the file name that its tracebacks show; raises SyntaxError."""
    order = job.order.block
    file = order.file or f"<{order.type} {order.uuid}>"
    if order.source is not None or order.file is None:
        # The text is not (or not yet) what the file holds, and a traceback must show the lines that ran.
        linecache.cache[file] = (len(job.source), None, job.source.splitlines(keepends=True), file)
    else:
        linecache.checkcache(file)
    return _compiled(job.source, file), file


@lru_cache(maxsize=4)
def _compiled(source: str, file: str) -> CodeType:
    """The code object; the children of a block that share a process run one text thousands of times."""
    try:
        return compile(source, file, "exec", dont_inherit=True)
    except SyntaxError as error:
        error.filename = error.filename or file  # for a null byte, Python names no file
        raise


def block_module(job: Job, file: str) -> ModuleType:
    """A fresh module with the names that a block file finds: its decorators and the upstreams that it mentions."""
    order = job.order.block
    module = ModuleType("penstock_block_" + re.sub(r"\W", "_", order.uuid))
    module.__file__ = file
    names = module.__dict__
    decorator = BLOCK_DECORATORS.get(order.type)
    if decorator is not None:
        names[decorator.kind] = decorator
    if order.type == BlockType.CALLBACK:
        names.update(CALLBACK_DECORATORS)
    if order.type == BlockType.CHART:
        names.update(CHART_DECORATORS)
    names.update(test=test, preprocesser=preprocessor, preprocessor=preprocessor)
    wanted = free_names(job.source, file)
    for name, upstream in _upstream_names(job.inputs):
        if name in wanted:
            names[name] = upstream.value()
    sys.modules[module.__name__] = module
    send_by_value(module)
    return module


def _upstream_names(inputs: list[Input]) -> Iterable[tuple[str, Input]]:
    for number, upstream in enumerate(inputs, start=1):
        yield upstream.block, upstream
        yield f"df_{number}", upstream


@lru_cache(maxsize=4)
def free_names(source: str, file: str) -> frozenset[str]:
    """The names that the file reads as globals without binding them itself at its top level."""
    top = symtable.symtable(source, file, "exec")
    bound = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    used = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    pending = list(top.get_children())
    while pending:
        table = pending.pop()
        pending.extend(table.get_children())
        used |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced()}
    return frozenset(used - bound)
