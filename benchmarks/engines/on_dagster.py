"""Dagster: `dagster dev` (web server, daemon, code server, SQLite), runs launched over GraphQL."""

from __future__ import annotations

import json
import os
import sys
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


def state(run: str) -> str:
    return ask(_STATE, {"r": run})["runOrError"]["status"]


ENGINE = work.Engine(launch, state, "SUCCESS", frozenset({"FAILURE", "CANCELED"}))


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
        work.settle(8)
        report.take("memory", lambda: work.memory(process.pid))
        report.take(
            "chain40 one process",
            lambda: work.figures(work.timed(lambda: ENGINE.go("chain40_one_process"), 1), compute=work.compute(10, 40)),
        )
        report.pipelines(ENGINE, tasks=1000, runs=10)
        report.start(lambda: ENGINE.go("one"), 3)
    finally:
        work.stop(process)
    report.end()


if __name__ == "__main__":
    main()
