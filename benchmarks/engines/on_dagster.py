"""Dagster: `dagster dev` (web server, daemon, code server, SQLite), runs launched over GraphQL."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import work

HOME = os.path.join(work.SCRATCH, "dagster")
JOBS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dagster_jobs.py")
_LAUNCH = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_STATE = "query($r: ID!) { runOrError(runId: $r) { ... on Run { status } } }"
_PLACE = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"


def ask(query: str, variables: dict | None = None) -> dict:
    request = urllib.request.Request(
        f"http://127.0.0.1:{work.PORT}/graphql",
        data=json.dumps({"query": query, "variables": variables or {}}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def launch(name: str) -> str:
    node = ask(_PLACE)["repositoriesOrError"]["nodes"][0]
    place = {"repositoryName": node["name"], "repositoryLocationName": node["location"]["name"], "jobName": name}
    return ask(_LAUNCH, {"p": {"selector": place}})["launchRun"]["run"]["runId"]


def wait(run: str) -> None:
    give_up = time.monotonic() + work.LIMIT
    while time.monotonic() < give_up:
        state = ask(_STATE, {"r": run})["runOrError"]["status"]
        if state == "SUCCESS":
            return
        if state in {"FAILURE", "CANCELED"}:
            raise RuntimeError(state)
        time.sleep(0.1)
    raise TimeoutError(f"not done after {work.LIMIT:g} s")


def go(name: str) -> None:
    wait(launch(name))


def many(times: int) -> None:
    for run in [launch("three") for _ in range(times)]:
        wait(run)


def main() -> None:
    os.makedirs(HOME, exist_ok=True)
    with open(os.path.join(HOME, "dagster.yaml"), "w") as file:
        file.write("telemetry:\n  enabled: false\n")
    report = work.Report()
    process = work.server(
        [sys.executable, "-m", "dagster", "dev", "-f", JOBS, "-h", "127.0.0.1", "-p", str(work.PORT)],
        work.environment(DAGSTER_HOME=HOME),
    )
    try:
        work.answers(f"http://127.0.0.1:{work.PORT}/server_info")
        time.sleep(8)
        report.take("memory", lambda: work.memory(process.pid))
        report.take(
            "chain40 one process",
            lambda: work.figures(work.timed(lambda: go("chain40_one_process"), 1), compute=work.compute(10, 40)),
        )
        report.take("chain40", lambda: work.figures(work.timed(lambda: go("chain40"), 1), compute=work.compute(10, 40)))
        report.take("chain10", lambda: work.figures(work.timed(lambda: go("chain10"), 1), compute=work.compute(33, 10)))
        report.take(
            "parallel10", lambda: work.figures(work.timed(lambda: go("parallel10"), 1), compute=work.compute(33, 10))
        )
        report.take("fan", lambda: work.figures(work.timed(lambda: go("fan"), 1), tasks=1000))
        report.take("runs", lambda: work.figures(work.timed(lambda: many(10), 1), runs=10))
        report.start(lambda: go("one"), 3)
    finally:
        work.stop(process)
    report.end()


if __name__ == "__main__":
    main()
