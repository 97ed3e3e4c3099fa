"""Answers what user code asks of the control side, for runs of the command line.

There is no server behind it: a pipeline that a block triggers runs in the same process, and the command ends when all
of them have ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from penstock.config.secrets import SecretProvider, default_provider
from penstock.engine.loop import RunHandle, Sink
from penstock.engine.plan import RunOptions, RunPlan
from penstock.model.errors import (
    BlockFailedError,
    GraphInvalidError,
    PenstockError,
    SecretMissingError,
    SettingInvalidError,
)
from penstock.model.messages import Answer, Ask, AskKind
from penstock.model.run import RunState
from penstock.observe.history import latest_run
from penstock.project import Project
from penstock.project.edit import delete_pipeline_variable, set_pipeline_variable

Reply = Callable[[Answer], None]
DEEPEST = 50
"""Runs that wait one inside another, at most."""


@dataclass(frozen=True, slots=True)
class _Link:
    """The run whose block waits for another one, and its pipeline."""

    run: str
    pipeline: str


class Starter(Protocol):
    """What decides and begins runs: the workbench."""

    def plan(self, pipeline: str, options: RunOptions) -> RunPlan:
        """Decide a run of that pipeline."""

    def start(self, plan: RunPlan, sinks: Iterable[Sink]) -> RunHandle:
        """Begin it."""


@dataclass(slots=True)
class Answers:
    """Answers requests; `bench` is set once the workbench stands."""

    project: Project
    bench: Starter | None = None
    secrets: SecretProvider = field(default_factory=default_provider)
    started: list[RunHandle] = field(default_factory=list)
    _waiting: dict[str, tuple[int, Reply, bool]] = field(default_factory=dict)
    _links: dict[str, _Link] = field(default_factory=dict)

    def __call__(self, handle: RunHandle, ask: Ask, reply: Reply) -> None:
        """Answer now, or when the triggered pipeline has ended."""
        self.answer(handle.plan.pipeline.uuid, ask, reply, handle.plan.run)

    def answer(self, pipeline: str, ask: Ask, reply: Reply, run: str = "") -> None:
        """As the call, for code of that pipeline, be it of a run or not."""
        try:
            if ask.kind is AskKind.TRIGGER_PIPELINE:
                self._trigger(ask, reply, _Link(run, pipeline))
            else:
                reply(Answer(ask.id, value=self._value(pipeline, ask)))
        except PenstockError as error:
            reply(Answer(ask.id, error=error.message, hint=error.hint, code=error.code))

    def ended(self, handle: RunHandle) -> None:
        """Answer the block that waited for that run."""
        self._links.pop(handle.plan.run, None)
        waiting = self._waiting.pop(handle.plan.run, None)
        if waiting is None:
            return
        ask, reply, error_on_failure = waiting
        if error_on_failure and handle.state is not RunState.COMPLETED:
            pipeline = handle.plan.pipeline.uuid
            message = f"running the triggered pipeline {pipeline}: it {handle.state.value}"
            reply(Answer(ask, error=message, code=BlockFailedError.code))
        else:
            reply(Answer(ask, value=_run_value(handle)))

    def _value(self, own: str, ask: Ask) -> Any:
        arguments = ask.arguments
        match ask.kind:
            case AskKind.SECRET:
                return self._secret(str(arguments["name"]))
            case AskKind.RUN_STATUS:
                return self._status(arguments)
            case AskKind.GET_VARIABLE:
                pipeline = str(arguments.get("pipeline_uuid") or own)
                values = dict(self.project.pipeline(pipeline).variables)
                key = arguments.get("key")
                return values if key is None else values.get(str(key))
            case _:
                return self._set_variable(own, arguments)

    def _secret(self, name: str) -> str:
        value = self.secrets.get(name)
        if value is None:
            raise SecretMissingError(
                f"reading the secret {name}: no provider has it",
                hint=f"Set the environment variable PENSTOCK_SECRET_{name.upper()}.",
            )
        return value

    def _set_variable(self, own: str, arguments: dict[str, Any]) -> None:
        pipeline = str(arguments.get("pipeline_uuid") or own)
        if arguments.get("delete"):
            delete_pipeline_variable(self.project, pipeline, str(arguments["key"]))
        else:
            set_pipeline_variable(self.project, pipeline, str(arguments["key"]), arguments.get("value"))

    def _status(self, arguments: dict[str, Any]) -> dict[str, Any] | None:
        """The latest run of a pipeline that began in the hours before a moment, with its blocks' states."""
        moment = datetime.fromisoformat(str(arguments["execution_date"]))
        earliest = moment - timedelta(hours=float(arguments.get("hours") or 24))
        found = latest_run(
            self.project.logs_root(), str(arguments["pipeline_uuid"]), earliest.timestamp(), moment.timestamp()
        )
        return None if found is None else {"run": found.run, "state": found.state, "blocks": found.blocks}

    def _refuse_circle(self, target: str, link: _Link) -> None:
        """Refuse a run that those would wait for which it waits for itself: none of them would ever end."""
        way = [target]
        step: _Link | None = link
        while step is not None:
            way.append(step.pipeline)
            if step.pipeline == target:
                circle = " waits for ".join(reversed(way))
                raise GraphInvalidError(
                    f"triggering pipeline {target}: the runs would wait for each other ({circle})",
                    hint="Trigger it without check_status, or take one of the calls out.",
                )
            step = self._links.get(step.run)
        if len(way) > DEEPEST:
            raise GraphInvalidError(
                f"triggering pipeline {target}: {len(way) - 1} runs wait one inside another",
                hint="Does a pipeline trigger itself by way of others?",
            )

    def _trigger(self, ask: Ask, reply: Reply, link: _Link) -> None:
        assert self.bench is not None
        arguments = ask.arguments
        variables = arguments.get("variables") or {}
        if not isinstance(variables, dict):
            raise SettingInvalidError(
                f"triggering pipeline {arguments.get('pipeline_uuid')}: variables must be a dict",
                hint="Pass variables={'name': value}.",
            )
        plan = self.bench.plan(str(arguments["pipeline_uuid"]), RunOptions(variables=variables, origin="block"))
        wait = bool(arguments.get("check_status"))
        if wait:
            self._refuse_circle(plan.pipeline.uuid, link)
            # Whoever made a run and does not wait for it ends before it, and is no part of a circle.
            self._links[plan.run] = link
            self._waiting[plan.run] = (ask.id, reply, bool(arguments.get("error_on_failure")))
        handle = self.bench.start(plan, [])
        # A server lives long: what has ended is not kept.
        self.started = [*(other for other in self.started if not other.ended), handle]
        if not wait:
            reply(Answer(ask.id, value=_run_value(handle)))


def _run_value(handle: RunHandle) -> dict[str, Any]:
    return {"id": handle.plan.run, "pipeline_uuid": handle.plan.pipeline.uuid, "status": handle.state.value}
