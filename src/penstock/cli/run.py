"""`penstock run`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from penstock.cli.arguments import BLOCK, PIPELINE, PLACE, RUN
from penstock.cli.exits import Exit
from penstock.cli.interrupts import interrupts
from penstock.cli.opening import warn
from penstock.cli.past import options_of_run
from penstock.cli.progress import Progress, make_progress
from penstock.cli.summary import Summary, notify
from penstock.cli.text import say
from penstock.cli.wire import Workbench, open_workbench
from penstock.config import environment
from penstock.engine.plan import RunOptions
from penstock.model.errors import SettingInvalidError
from penstock.model.run import RunState
from penstock.observe.ingest import telling
from penstock.project.left_out import left_out, remote_executor
from penstock.project.notices import opening_notices

_SIZES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


@click.command()
@click.argument("project", type=PLACE)
@click.argument("pipeline_uuid", type=PIPELINE, required=False)
@click.option(
    "--block-uuid", "blocks", type=BLOCK, multiple=True, help="Run only this block; may be given several times."
)
@click.option("--with-upstream", is_flag=True, help="With --block-uuid: also run what the block depends on.")
@click.option("--stale", is_flag=True, help="Run only what is stale: code, inputs, variables or environment changed.")
@click.option("--runtime-vars", metavar="JSON", help="Variables of this run, a JSON object.")
@click.option("--test/--no-test", default=True, show_default=True, help="Run the blocks' tests.")
@click.option("--skip-sensors", is_flag=True, help="Count sensors as satisfied.")
@click.option("--execution-partition", help="Partition in which outputs are stored.")
@click.option("--pipeline-run-id", type=RUN, help="See what this run saw: its variables, dates, event, partition.")
@click.option("--block-run-id", help="Accepted for compatibility.", hidden=True)
@click.option("--executor-type", help="Where blocks run; this version runs them on this machine.")
@click.option("--callback-url", help="Address that is sent the run's result as JSON (POST).")
@click.option("--template-runtime-configuration", metavar="JSON", help="Accepted for compatibility.", hidden=True)
@click.option("--memory-limit", metavar="SIZE", help="Private memory of each block, such as 2g.")
@click.option("--allow-pickle", is_flag=True, help="Store outputs that only pickle can store.")
@click.option("--jobs", "-j", type=click.IntRange(1), help="Blocks at once; default one per core.")
@click.option("--fail-fast", is_flag=True, help="Start no further block once one has failed.")
@click.option("--verbose", "-v", is_flag=True, help="Show what blocks print and log.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def run(ctx: click.Context, /, project: Path, pipeline_uuid: str | None, **given: Any) -> None:
    """Run PIPELINE_UUID of PROJECT; with one argument, that pipeline of the project in the current folder.

    Exit codes: 0 all blocks done, 1 a block failed, 2 wrong usage or files, 3 the machine refused, 130 interrupted
    by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP.
    """
    if pipeline_uuid is None:
        project, pipeline_uuid = Path(), str(project)
    check_executor(given["executor_type"])
    with open_workbench(project, width=given["jobs"]) as bench:
        for notice in opening_notices(bench.project):
            warn(notice)
        named = given["pipeline_run_id"]
        options = run_options(given, past=options_of_run(bench.project, pipeline_uuid, named) if named else None)
        plan = bench.plan(pipeline_uuid, options)
        for notice in left_out(plan.pipeline, plan.graph):
            warn(notice)
        data_root = bench.project.data_dir()
        bench.watch_runs(lambda begun: [telling(data_root, begun.pipeline.uuid)])
        summary = Summary()
        progress = None if given["as_json"] else make_progress(verbose=given["verbose"])
        handle = bench.start(plan, [summary, *([progress] if progress else [])])
        try:
            signalled = _wait(bench, progress, handle)
        finally:
            if progress is not None:
                progress.close()
        bench.learn()
        for warning in bench.warnings:
            warn(warning)
    if given["as_json"]:
        say(json.dumps(summary.document(), ensure_ascii=False, default=str))
    if given["callback_url"]:
        notify(given["callback_url"], summary.document())
    ctx.exit(_exit(handle.state, signalled))


def _exit(state: RunState, signalled: int) -> Exit:
    if state is RunState.CANCELLED:
        return Exit(128 + signalled) if signalled else Exit.INTERRUPTED
    return Exit.SUCCESS if state is RunState.COMPLETED else Exit.FAILED


def _wait(bench: Workbench, progress: Progress | None, handle: Any) -> int:
    """Wait for the run and for the pipelines that it triggered; gives the signal that has ended them, 0 for none.

    Ctrl-C, SIGTERM and SIGHUP cancel all, a second one ends at once.
    """
    cancelled = False
    with interrupts(bench.supervisor) as found:
        while rest := [one for one in (handle, *bench.answers.nested.started) if not one.ended]:
            if found.asked and not cancelled:
                cancelled = True
                if progress is not None:
                    progress.write("interrupting ...")
                for started in rest:
                    bench.loop.cancel(started)
            elif cancelled and handle.ended:
                break
            else:
                bench.loop.poll()
    return found.asked


def run_options(given: dict[str, Any], *, past: RunOptions | None = None) -> RunOptions:
    """The options of a run from those of the command line, over what another run was given.

    Raises:
        SettingInvalidError: JSON or a size that cannot be read.
    """
    past = past or RunOptions()
    variables = {**past.variables, **json_object(given["runtime_vars"], "--runtime-vars")}
    json_object(given["template_runtime_configuration"], "--template-runtime-configuration")
    environment.read("PENSTOCK_BLOCK_MEMORY")  # a value that is none would fail each block
    return RunOptions(
        variables=variables,
        blocks=tuple(given["blocks"]),
        with_upstream=given["with_upstream"],
        stale_only=given["stale"],
        run_tests=given["test"],
        skip_sensors=given["skip_sensors"],
        partition=given["execution_partition"] or past.partition,
        environment=past.environment,
        occasion=past.occasion,
        remote_blocks=past.remote_blocks,
        memory_limit=size(given["memory_limit"]),
        allow_pickle=given["allow_pickle"],
        keep_going=not given["fail_fast"],
        deferred=True,
    )


def json_object(text: str | None, option: str) -> dict[str, Any]:
    """The JSON object that an option holds; empty when it is not given."""
    if not text:
        return {}
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise SettingInvalidError(
            f"reading {option}: a text in it holds half of a character, which UTF-8 does not have",
            hint=r"In JSON, \ud83d is followed by its second half, such as \ude00.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise SettingInvalidError(
            f"reading {option}: it is not JSON ({error})", hint=f"""Such as {option} '{{"day": "2013-01-01"}}'."""
        ) from error
    if not isinstance(value, dict):
        raise SettingInvalidError(
            f"reading {option}: it is {json.dumps(value)[:60]}, not an object",
            hint=f"""Such as {option} '{{"day": "2013-01-01"}}'.""",
        )
    return value


def size(text: str | None) -> int | None:
    """Bytes from text such as 512m or 2g; None when it is not given."""
    if not text:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", text.strip().lower())
    if match is None:
        raise SettingInvalidError(f"reading the memory limit {text!r}: it is not a size", hint="Such as 512m or 2g.")
    found = float(match[1]) * _SIZES[match[2]]
    if found > environment.MOST_MEMORY:
        raise SettingInvalidError(
            f"reading the memory limit {text[:40]!r}: it is more than 1024t", hint="Such as 512m or 2g."
        )
    return int(found)


def check_executor(name: str | None) -> None:
    """Refuse an executor that this version does not have."""
    if remote_executor(name):
        raise SettingInvalidError(
            f"running with executor {name}: this version runs blocks on this machine only",
            hint="Leave out --executor-type, or use local_python or local_python_force.",
        )
