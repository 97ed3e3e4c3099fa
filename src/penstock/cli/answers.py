"""Answers what user code asks of the control side: secrets, variables, how runs went, and runs of other pipelines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from penstock.cli.nested import Nested
from penstock.config.secrets import SecretProvider, default_provider, variable_of
from penstock.engine.handle import Asking
from penstock.model.errors import (
    BlockNotFoundError,
    MessageInvalidError,
    PenstockError,
    PipelineNotFoundError,
    SecretMissingError,
    UnsupportedError,
)
from penstock.model.expand import base_of
from penstock.model.messages import Answer, Ask, AskKind
from penstock.observe.history import latest_run
from penstock.project import Project
from penstock.project.edit import delete_pipeline_variable, set_pipeline_variable
from penstock.project.layout import PIPELINES
from penstock.schedule.asking import KINDS
from penstock.schedule.ends import ODD
from penstock.schedule.reasons import listed

Reply = Callable[[Answer], None]


@contextmanager
def _refusing(ask: Ask, reply: Reply) -> Iterator[None]:
    """Say why a request cannot be carried out: code may ask for anything, and no other run is to suffer for it."""
    try:
        yield
    except PenstockError as error:
        reply(Answer(ask.id, error=error.message, hint=error.hint, code=error.code))
    except (*ODD, RecursionError, OSError) as error:
        refusal = MessageInvalidError(
            f"answering a request ({ask.kind}): {type(error).__name__}: {str(error)[:200]}",
            hint="Ask by the functions of penstock.sdk, with values of the types that they name.",
        )
        reply(Answer(ask.id, error=refusal.message, hint=refusal.hint, code=refusal.code))


@dataclass(slots=True)
class Answers:
    """Answers requests. What is asked of runs goes to `on_runs`, and from code of no run to `on_runs_of_nobody`.

    `nested` carries it out where nobody else does.
    """

    project: Project
    nested: Nested
    secrets: SecretProvider = field(default_factory=default_provider)
    on_runs: Callable[[Asking], None] | None = None
    on_runs_of_nobody: Callable[[str, Ask, Reply], None] | None = None

    def __call__(self, asking: Asking) -> None:
        """Answer now, or when what is asked for is there."""
        ask, reply = asking.ask, asking.reply
        with _refusing(ask, reply):
            if ask.kind in KINDS:
                (self.on_runs or self.nested.ask)(asking)
            else:
                reply(Answer(ask.id, value=self._value(asking.handle.plan.pipeline.uuid, ask)))

    def answer(self, pipeline: str, ask: Ask, reply: Reply) -> None:
        """As the call, for code of that pipeline that belongs to no run."""
        with _refusing(ask, reply):
            if ask.kind not in KINDS:
                reply(Answer(ask.id, value=self._value(pipeline, ask)))
            elif self.on_runs_of_nobody is not None:
                self.on_runs_of_nobody(pipeline, ask, reply)
            else:
                raise UnsupportedError("asking for a run: there is no scheduler", hint="Start one: `penstock start`.")

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
                hint=f"Set the environment variable {variable_of(name)}.",
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
        pipeline, block = str(arguments["pipeline_uuid"]), str(arguments.get("block_uuid") or "")
        moment = datetime.fromisoformat(str(arguments["execution_date"])).timestamp()
        earliest = moment - 3600 * float(arguments.get("hours") or 24)
        found = latest_run(self.project.logs_root(), pipeline, earliest, moment)
        if found is None or (block and block not in found.blocks):
            self._refuse_waiting_in_vain(pipeline, block)
        return None if found is None else {"run": found.run, "state": found.state, "blocks": found.blocks}

    def _refuse_waiting_in_vain(self, pipeline: str, block: str) -> None:
        """Refuse to let a sensor wait for a pipeline, or for a block of one, that is not in the project.

        Raises:
            PipelineNotFoundError, BlockNotFoundError: it is not there; the hint says what is.
        """
        if not (self.project.root / PIPELINES).is_dir():
            return  # the project's folder is away; nobody knows what is in it
        doing = f"checking the status of pipeline {pipeline[:100]}"
        try:
            known = [each.uuid for each in self.project.pipeline(pipeline).blocks]
        except PipelineNotFoundError as error:
            raise PipelineNotFoundError(
                f"{doing}: project {self.project.name} has none of that name", hint=error.hint
            ) from error
        except PenstockError:
            return  # it is there, and cannot be read just now
        if block and base_of(block) not in known:
            raise BlockNotFoundError(f"{doing}: it has no block {block[:100]}", hint=f"It has {listed(known, 8)}.")
