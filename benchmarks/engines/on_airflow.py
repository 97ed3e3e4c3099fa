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


def state(asked: tuple[str, str]) -> str:
    name, run = asked
    return call(f"/api/v2/dags/{name}/dagRuns/{run}")["state"]


ENGINE = work.Engine(launch, state, "success", frozenset({"failed"}))


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
        work.settle(8)
        report.take("memory", lambda: work.memory(process.pid))
        ENGINE.go("one")
        report.pipelines(ENGINE, tasks=40, runs=15)
        report.start(lambda: ENGINE.go("one"), 5)
    finally:
        work.stop(process)
    report.end()


if __name__ == "__main__":
    main()
