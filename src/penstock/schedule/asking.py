"""From the request of a worker to what `children` and the command line carry out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.engine.handle import Asking
from penstock.model import events
from penstock.model.block import RUNNABLE_TYPES, BlockType
from penstock.model.errors import PenstockError, SettingInvalidError
from penstock.model.messages import Answer, Ask, AskKind
from penstock.model.pipeline import Pipeline
from penstock.project import Project
from penstock.project.global_products import global_product
from penstock.schedule.wishes import Request, Wish, as_stored, wish_of

if TYPE_CHECKING:
    from penstock.state.rows import RunRow

KINDS = frozenset({AskKind.TRIGGER_PIPELINE, AskKind.RUN, AskKind.DATA_PRODUCT})
"""What is asked of runs."""


def wish_for(ask: Ask, project: Project) -> Wish | None:
    """The run that is asked for; None when it is only asked how one stands.

    Raises:
        SettingInvalidError: an argument is not what it has to be.
        GlobalProductInvalidError: there is no such data product, or its entry cannot be read.
    """
    if ask.kind is AskKind.RUN:
        return None
    if ask.kind is AskKind.TRIGGER_PIPELINE:
        wish = wish_of(ask.arguments)
        return replace(wish, variables=as_stored(wish.variables))
    name = str(ask.arguments.get("uuid") or "")
    settings, variables = ask.arguments.get("settings") or {}, ask.arguments.get("variables") or {}
    if not isinstance(settings, Mapping) or not isinstance(variables, Mapping):
        raise SettingInvalidError(
            f"using the global data product {name}: settings and variables must be dicts",
            hint="Pass variables={'name': value}.",
        )
    product = global_product(project, name, settings)
    if not product.settings:
        product = replace(product, settings=_last(project.pipeline(product.pipeline)))
    return Wish(product.pipeline, as_stored(variables), waits=True, demands=True, product=product)


def _last(pipeline: Pipeline) -> dict[str, int]:
    """The blocks of a pipeline that make a product and on which none depends, each with its newest partition."""
    parents = {parent for block in pipeline.blocks for parent in block.upstream}
    silent = {BlockType.SENSOR, BlockType.SCRATCHPAD}
    made = [block for block in pipeline.blocks if block.type in RUNNABLE_TYPES - silent]
    return {block.uuid: 1 for block in made if block.uuid not in parents}


def request_of(
    asking: Asking, project: Callable[[], Project], clock: Callable[[], float], row: RunRow | None = None
) -> Request | None:
    """The request of a block; None when it cannot be one, and has been answered so.

    Args:
        asking: what the block asks.
        project: gives the project as it is now.
        clock: seconds since the epoch.
        row: the run of the block, when it is driven under a lease.
    """
    ask, plan = asking.ask, asking.handle.plan
    try:
        wish = wish_for(ask, project())
    except PenstockError as error:
        asking.reply(Answer(ask.id, error=error.message, hint=error.hint, code=error.code))
        return None

    def say(text: str) -> None:
        if not asking.over:
            asking.handle.sink(events.BlockLogged(plan.run, asking.block, "INFO", text, clock()))

    return Request(
        ask.id,
        plan.pipeline.uuid,
        asking.reply,
        wish,
        about=str(ask.arguments.get("run") or ""),
        run=plan.run,
        block=asking.block,
        attempt=asking.attempt,
        failed=asking.failed,
        token=row.lease_token if row is not None else None,
        plan=plan,
        priority=row.priority if row is not None else 0,
        over=lambda: asking.over,
        say=say,
    )
