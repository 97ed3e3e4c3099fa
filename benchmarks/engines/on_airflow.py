"""Airflow: `airflow standalone` with its LocalExecutor on the database that BENCH_DATABASE names, else its default."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import work

HOME = os.path.join(work.SCRATCH, "airflow")
BASE = f"http://localhost:{work.PORT}"
HERE = os.path.dirname(os.path.abspath(__file__))
_token: list[str] = []


def settings() -> dict[str, str]:
    found = work.environment(
        AIRFLOW_HOME=HOME,
        AIRFLOW__CORE__EXECUTOR="LocalExecutor",
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS="True",
        AIRFLOW__API__PORT=work.PORT,
        AIRFLOW__API__HOST="127.0.0.1",
        AIRFLOW__API__BASE_URL=BASE,
        AIRFLOW__CORE__EXECUTION_API_SERVER_URL=f"{BASE}/execution/",
        AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION="False",
        BENCH_WORK=HERE,
    )
    if database := os.environ.get("BENCH_DATABASE"):
        found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = database
    return found


def call(path: str, body: dict | None = None) -> dict:
    if not _token:
        with urllib.request.urlopen(BASE + "/auth/token", timeout=60) as answer:
            _token.append(json.load(answer)["access_token"])
    request = urllib.request.Request(
        BASE + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json", "authorization": f"Bearer {_token[0]}"},
    )
    for _ in range(20):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise
        except OSError:
            pass
        time.sleep(1)
    raise TimeoutError(path)


def launch(name: str) -> tuple[str, str]:
    return name, call(f"/api/v2/dags/{name}/dagRuns", {"logical_date": None})["dag_run_id"]


def wait(asked: tuple[str, str]) -> None:
    name, run = asked
    give_up = time.monotonic() + work.LIMIT
    while time.monotonic() < give_up:
        state = call(f"/api/v2/dags/{name}/dagRuns/{run}")["state"]
        if state == "success":
            return
        if state == "failed":
            raise RuntimeError(state)
        time.sleep(0.1)
    raise TimeoutError(f"not done after {work.LIMIT:g} s")


def go(name: str) -> None:
    wait(launch(name))


def many(times: int) -> None:
    for asked in [launch("three") for _ in range(times)]:
        wait(asked)


def main() -> None:
    os.makedirs(os.path.join(HOME, "dags"), exist_ok=True)
    shutil.copy(os.path.join(HERE, "airflow_dags.py"), os.path.join(HOME, "dags", "bench.py"))
    report = work.Report()
    process = work.server([sys.executable, "-m", "airflow", "standalone"], settings())
    try:
        work.answers(BASE + "/api/v2/version")
        for _ in range(180):
            try:
                call("/api/v2/dags/fan")
                break
            except urllib.error.HTTPError:
                time.sleep(1)
        time.sleep(8)
        report.take("memory", lambda: work.memory(process.pid))
        go("one")
        report.take("chain40", lambda: work.figures(work.timed(lambda: go("chain40"), 1), compute=work.compute(10, 40)))
        report.take("chain10", lambda: work.figures(work.timed(lambda: go("chain10"), 1), compute=work.compute(33, 10)))
        report.take(
            "parallel10", lambda: work.figures(work.timed(lambda: go("parallel10"), 1), compute=work.compute(33, 10))
        )
        report.take("fan", lambda: work.figures(work.timed(lambda: go("fan"), 1), tasks=40))
        report.take("runs", lambda: work.figures(work.timed(lambda: many(15), 1), runs=15))
        report.start(lambda: go("one"), 5)
    finally:
        work.stop(process)
    report.end()


if __name__ == "__main__":
    main()
