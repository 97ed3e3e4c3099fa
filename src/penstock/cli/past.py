"""What a run that is named by its id was given, to run something as that run did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.cli.store import opened_state
from penstock.engine.plan import RunOptions
from penstock.engine.restoring import options_given
from penstock.model.errors import RunNotFoundError, SettingInvalidError
from penstock.model.product import UNPARTITIONED
from penstock.observe.history import find_run

if TYPE_CHECKING:
    from penstock.project import Project
    from penstock.state.rows import RunRow


def options_of_run(project: Project, pipeline: str, run: str) -> RunOptions:
    """The options under which a run sees what that one saw: its variables, date, event, partition and environment.

    Its record tells them. One of a scheduler that has not begun, or whose logs were removed, has none: the state
    database knows it.

    Args:
        project: where both runs are.
        pipeline: what is to run now.
        run: the name of the other run.

    Raises:
        RunNotFoundError: the project has no run of that name.
        SettingInvalidError: it is one of another pipeline.
        StateUnavailableError: the database would have to tell, and cannot be reached.
    """
    found = find_run(project.logs_root(), run)
    if found is not None:
        _same_pipeline(pipeline, found.pipeline, run)
    if found is not None and found.given:
        return options_given(found.given, found.variables, found.partition)
    if (row := _stored(project, run)) is not None:
        from penstock.schedule.drive import options_of

        _same_pipeline(pipeline, row.pipeline, run)
        return options_of(row)
    if found is None:
        raise RunNotFoundError(
            f"reading the run {run[:100]}: this project has no run of that name",
            hint="See `penstock runs`; the id is shown in brackets when a run ends, too.",
        )
    # An earlier version has recorded it, and no store knows more.
    return RunOptions(variables=found.variables, partition=found.partition or UNPARTITIONED)


def _same_pipeline(pipeline: str, other: str, run: str) -> None:
    """Refuse a run of another pipeline: its variables, partition and dates would be taken for those of this one."""
    if other != pipeline:
        raise SettingInvalidError(
            f"running {pipeline} as the run {run[:100]}: that is a run of the pipeline {other}",
            hint=f"Run {other} with that --pipeline-run-id, or name a run that `penstock runs {pipeline}` lists.",
        )


def _stored(project: Project, run: str) -> RunRow | None:
    """The run as the state database has it, which is not made for that."""
    with opened_state(project) as state:
        if state is None:
            return None
        with state.read() as connection:
            return state.runs.get(connection, run)
