"""What code of a block asks for when it triggers a pipeline, and what it is told of the run; light to import."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import TYPE_CHECKING, Any

from penstock.model.errors import (
    BlockFailedError,
    GraphInvalidError,
    InternalMistakeError,
    SettingInvalidError,
    headline,
)
from penstock.model.global_product import GlobalProduct
from penstock.model.messages import Answer
from penstock.model.product import UNPARTITIONED
from penstock.model.run_nouns import RunState
from penstock.schedule.blame import blaming
from penstock.state.rows import BlockRunRow, RunRow

if TYPE_CHECKING:
    from penstock.engine.plan import RunPlan

DEEPEST = 50
"""Runs that wait one inside another, at most."""

KILLED = frozenset({"killed", "lost", "memory", "timeout", "interrupted"})
"""Kinds of failures of an attempt whose code was ended and did not end by itself."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The run that a block asks for.

    `waits`: the block goes on when it has ended, and with `demands` fails when it did not complete; `timeout` bounds
    the waiting, in seconds. `trigger` is the name of the trigger that it counts for. `product` is set when the run is
    wanted for what it makes, as that global data product. With `block` it is a run of that block alone; with
    `skip_sensors` sensors count as satisfied.
    """

    pipeline: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    waits: bool = False
    demands: bool = False
    timeout: float | None = None
    trigger: str = ""
    verbose: bool = True
    remote_blocks: tuple[Mapping[str, Any], ...] = ()
    product: GlobalProduct | None = None
    block: str = ""
    skip_sensors: bool = False

    @property
    def blocks(self) -> tuple[str, ...]:
        """The blocks that it is limited to; none for the whole pipeline."""
        return (self.block,) if self.block else ()

    def key(self, block: str, number: int) -> str:
        """Names this wish among all of a run: which block, for which run, and which of its equal wishes it is."""
        said: list[Any] = [
            block,
            self.pipeline,
            dict(self.variables),
            self.trigger,
            [dict(each) for each in self.remote_blocks],
        ]
        if self.block or self.skip_sensors:  # any other wish is named as it was before these could be asked for
            said.append([self.block, self.skip_sensors])
        # As it will be stored: there all keys are text, and can be put in order.
        stored = json.loads(json.dumps([*said, number], default=str))
        return hashlib.sha256(json.dumps(stored, sort_keys=True).encode()).hexdigest()[:32]


def as_stored(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a run as blocks get them from the store, which holds JSON: a date is its text in ISO 8601.

    Without a store they are the same, so that a block does not work in one place and fail in the other.
    """
    found: dict[str, Any] = json.loads(json.dumps(dict(variables), default=_text))
    return found


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | time) else str(value)


@dataclass(frozen=True, slots=True)
class Request:
    """What code has asked for: a run (`wish`), or how the run `about` stands.

    `run`, `block` and `attempt` say who asks, empty for code of no run; `token` is that of the lease under which
    its run is driven. `failed` is as in `engine.handle.Asking`. `over` tells whether nobody waits for the answer,
    `say` writes a line into the block's log. Both are called by whoever calls `step` and the acts that it gives.
    """

    ask: int
    pipeline: str
    reply: Callable[[Answer], None]
    wish: Wish | None = None
    about: str = ""
    run: str = ""
    block: str = ""
    attempt: int = 0
    failed: tuple[float, str] | None = None
    token: int | None = None
    plan: RunPlan | None = None
    priority: int = 0
    over: Callable[[], bool] = lambda: False
    say: Callable[[str], None] = lambda _: None

    def same_block(self, other: Request) -> bool:
        """Whether the same block of the same run asks."""
        return (self.run, self.block) == (other.run, other.block)

    @property
    def after(self) -> float | None:
        """When the attempt before the one that asks has failed; None when none did."""
        return self.failed[0] if self.failed is not None else None

    @property
    def environment(self) -> str:
        """What the block variable `env` says."""
        return self.plan.options.environment if self.plan is not None else "dev"

    def answering(self, answer: Answer) -> Callable[[], None]:
        """A call that answers it; a mistake in there is blamed on the run that asks."""

        def act() -> None:
            with blaming(self.run):
                self.reply(answer)

        return act

    def saying(self, text: str) -> Callable[[], None]:
        """A call that writes a line into the block's log, as `answering`."""

        def act() -> None:
            with blaming(self.run):
                self.say(text)

        return act


def wish_of(arguments: Mapping[str, Any]) -> Wish:
    """The wish that a request of `trigger_pipeline` carries.

    Raises:
        SettingInvalidError: an argument is not what it has to be.
    """
    pipeline = str(arguments.get("pipeline_uuid") or "")
    doing = f"triggering pipeline {pipeline}"
    variables = arguments.get("variables") or {}
    if not isinstance(variables, Mapping):
        raise SettingInvalidError(f"{doing}: variables must be a dict", hint="Pass variables={'name': value}.")
    remote = arguments.get("remote_blocks") or ()
    if not isinstance(remote, list | tuple) or not all(
        isinstance(each, Mapping) and each.get("block_uuid") for each in remote
    ):
        raise SettingInvalidError(
            f"{doing}: remote_blocks must be RemoteBlock objects", hint="Pass [RemoteBlock.load(block_uuid=...)]."
        )
    return Wish(
        pipeline,
        dict(variables),
        waits=bool(arguments.get("check_status")),
        demands=bool(arguments.get("error_on_failure")),
        timeout=_seconds(arguments.get("poll_timeout"), doing),
        trigger=str(arguments.get("schedule_name") or ""),
        verbose=bool(arguments.get("verbose", True)),
        remote_blocks=tuple(dict(each) for each in remote),
        block=str(arguments.get("block_uuid") or ""),
        skip_sensors=bool(arguments.get("skip_sensors")),
    )


def _seconds(value: Any, doing: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= sys.float_info.max:
        raise SettingInvalidError(f"{doing}: poll_timeout is {str(value)[:40]}", hint="Pass seconds, such as 600.")
    return float(value)


def told(row: RunRow, blocks: Iterable[BlockRunRow] = ()) -> dict[str, Any]:
    """What code is told of a run: plain values, times in seconds since the epoch."""
    return {
        "id": row.id,
        "pipeline_uuid": row.pipeline,
        "status": row.state,
        "variables": dict(row.variables),
        "partition": row.partition or UNPARTITIONED,
        "execution_date": row.execution_date,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "completed_at": row.ended_at,
        "error": row.error,
        "parent_run": row.parent_run,
        "block_runs": [
            {
                "block_uuid": block.block,
                "status": block.state,
                "started_at": block.started_at,
                "completed_at": block.ended_at,
                "error": str((block.failure or {}).get("message") or ""),
            }
            for block in sorted(blocks, key=lambda each: each.position)
        ],
    }


def ended_answer(ask: int, wish: Wish, value: Mapping[str, Any]) -> Answer:
    """The answer to who waits for a run that has ended as `value` tells it."""
    if not wish.demands or value["status"] == RunState.COMPLETED.value:
        outputs = dict(wish.product.settings) if wish.product is not None else {}
        return Answer(ask, value={**value, "outputs": outputs})
    why = str(value.get("error") or "")
    ended = {"cancelled": "was cancelled"}.get(str(value["status"]), str(value["status"]))
    why = f": {why}" if why else ""
    return Answer(
        ask,
        error=f"running the triggered pipeline {wish.pipeline}: its run {value['id']} {ended}{why}",
        hint=f"See the run {value['id']} of {wish.pipeline}, then run this block again.",
        code=BlockFailedError.code,
    )


def late_answer(ask: int, wish: Wish, value: Mapping[str, Any]) -> Answer:
    """The answer to who has waited as long as it wanted to."""
    return Answer(
        ask,
        error=f"waiting for the run {value['id']} of pipeline {wish.pipeline}: it has not ended after the poll_timeout "
        f"of {wish.timeout or 0:g} s, it is {value['status']}",
        hint="It goes on. Raise poll_timeout, or ask for its end later.",
        code=BlockFailedError.code,
    )


def gone_answer(ask: int, wish: Wish, run: str) -> Answer:
    """The answer to who waits for a run that somebody has deleted."""
    return Answer(
        ask,
        error=f"waiting for the run {run} of pipeline {wish.pipeline}: it was deleted",
        hint="Run this block again.",
        code=BlockFailedError.code,
    )


def mistake_answer(ask: int, mistake: BaseException) -> Answer:
    """The answer to a request that could not be carried out by a mistake of ours."""
    cause = mistake.__cause__ or mistake
    return Answer(
        ask,
        error=f"internal error while a run was asked for: {headline(type(cause).__name__, str(cause))}",
        hint="Please report it.",
        code=InternalMistakeError.code,
    )


def words_of_answer(run: str, answer: Answer) -> str:
    """The answer to who has waited for a run, as a line of the block's log."""
    value = answer.value if isinstance(answer.value, dict) else {}
    return f"the run {run} has {value['status']}" if value else str(answer.error)


def refuse_circle(target: str, way: Iterable[str]) -> None:
    """Refuse a run that those would wait for which it waits for itself: none of them would ever end.

    Args:
        target: the pipeline that is to run.
        way: the pipelines of the runs that would wait for it, the nearest first.

    Raises:
        GraphInvalidError: it is among them, or they are too many.
    """
    known = [target]
    for pipeline in way:
        known.append(pipeline)
        if pipeline == target:
            circle = " waits for ".join(reversed(known))
            raise GraphInvalidError(
                f"triggering pipeline {target}: the runs would wait for each other ({circle})",
                hint="Trigger it without check_status, or take one of the calls out.",
            )
    if len(known) > DEEPEST:
        raise GraphInvalidError(
            f"triggering pipeline {target}: {len(known) - 1} runs wait one inside another",
            hint="Does a pipeline trigger itself by way of others?",
        )
