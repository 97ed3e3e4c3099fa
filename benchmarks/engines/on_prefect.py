"""Prefect: its server on SQLite; flows called in this process against it, and a served deployment (a process a run)."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import deed
import work

API = f"http://127.0.0.1:{work.PORT}/api"
os.environ.update(
    PREFECT_HOME=os.path.join(work.SCRATCH, "prefect"),
    PREFECT_API_URL=API,
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    DO_NOT_TRACK="1",
    PREFECT_LOGGING_LEVEL="ERROR",
    PREFECT_SERVER_ALLOW_EPHEMERAL_MODE="false",
)
from prefect import flow, task  # noqa: E402 - it reads the environment when it is imported
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner  # noqa: E402 - the same


@task
def fib(n: int) -> int:
    deed.mark()
    return deed.fibo(n)


@flow
def chain(n: int, times: int) -> None:
    for _ in range(times):
        fib(n)


@flow(task_runner=ProcessPoolTaskRunner(max_workers=2))
def parallel(n: int, times: int) -> None:
    for future in [fib.submit(n) for _ in range(times)]:
        future.result()


@flow(task_runner=ThreadPoolTaskRunner(max_workers=16))
def fan(times: int) -> None:
    for future in [fib.submit(1) for _ in range(times)]:
        future.result()


@flow
def three() -> None:
    for _ in range(3):
        fib(1)


def many(times: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: three(), range(times)))


def served(report: work.Report) -> None:
    """A deployment: what a scheduled flow pays."""
    from prefect.deployments import run_deployment

    process = subprocess.Popen(
        [sys.executable, os.path.abspath(__file__), "serve"], env=work.environment(), process_group=0
    )
    try:
        work.settle(12)

        def deployed() -> None:
            run_deployment("chain/bench", parameters={"n": 10, "times": 40}, poll_interval=0.1, timeout=work.LIMIT)

        deployed()
        report.take("chain40 deployed", lambda: work.figures(work.timed(deployed), compute=work.compute(10, 40)))
    finally:
        work.stop(process)


def main() -> None:
    report = work.Report()
    process = work.server(
        [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(work.PORT)],
        work.environment(),
    )
    try:
        work.answers(API + "/health")
        work.settle(5)
        report.take("memory", lambda: work.memory(process.pid))
        chain(1, 1)
        report.chains(lambda: chain(10, 40), lambda: chain(33, 10), lambda: parallel(33, 10))
        report.take("fan", lambda: work.figures(work.timed(lambda: fan(300), 1), tasks=300))
        report.take("runs", lambda: work.figures(work.timed(lambda: many(40), 1), runs=40))
        report.start(lambda: chain(1, 1), 10)
        served(report)
    finally:
        work.stop(process)
    report.end()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        from prefect import serve

        serve(chain.to_deployment("bench"), limit=20)
    else:
        main()
