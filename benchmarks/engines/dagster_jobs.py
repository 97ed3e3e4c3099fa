"""The jobs that Dagster's server loads."""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import deed
from dagster import Definitions, In, Nothing, in_process_executor, job, multiprocess_executor, op


def _op(name, n):
    @op(name=name, ins={"after": In(Nothing)})
    def run():
        deed.mark()
        deed.fibo(n)

    return run


def _chain(name, n, times, executor):
    ops = [_op(f"{name}_{index}", n) for index in range(times)]

    @job(name=name, executor_def=executor)
    def made():
        last = None
        for step in ops:
            last = step(after=last) if last is not None else step()

    return made


def _fan(name, n, times, executor):
    ops = [_op(f"{name}_{index}", n) for index in range(times)]

    @job(name=name, executor_def=executor)
    def made():
        for step in ops:
            step()

    return made


two = multiprocess_executor.configured({"max_concurrent": 2})
jobs = [
    _chain("chain40_one_process", 10, 40, in_process_executor),
    _chain("chain40", 10, 40, two),
    _chain("chain10", 33, 10, in_process_executor),
    _fan("parallel10", 33, 10, two),
    _fan("fan", 1, 1000, in_process_executor),
    _chain("three", 1, 3, in_process_executor),
    _chain("one", 1, 1, in_process_executor),
]
defs = Definitions(jobs=jobs)
