"""The DAGs that Airflow's processor reads; copied into its folder."""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.environ["BENCH_WORK"])
import deed
from airflow.sdk import dag, task


@task
def fib(n):
    deed.mark()
    deed.fibo(n)


def _chain(name, n, times):
    @dag(dag_id=name, schedule=None, catchup=False, max_active_runs=100)
    def made():
        last = None
        for index in range(times):
            step = fib.override(task_id=f"t{index}")(n)
            if last is not None:
                last >> step
            last = step

    return made()


def _fan(name, n, times):
    @dag(dag_id=name, schedule=None, catchup=False)
    def made():
        for index in range(times):
            fib.override(task_id=f"t{index}")(n)

    return made()


chain40, chain10, three, one = (
    _chain("chain40", 10, 40),
    _chain("chain10", 33, 10),
    _chain("three", 1, 3),
    _chain("one", 1, 1),
)
parallel10, fan = _fan("parallel10", 33, 10), _fan("fan", 1, 40)
