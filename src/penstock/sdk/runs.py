"""A run of a pipeline as block code sees it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Self

from penstock.model.messages import AskKind
from penstock.sdk.absent import Absent
from penstock.sdk.remote import RemoteBlock
from penstock.sdk.requests import ask


class PipelineRunStatus(StrEnum):
    """The states of a run."""

    INITIAL = "initial"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BlockRunStatus(StrEnum):
    """The states of a block in a run."""

    INITIAL = "initial"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UPSTREAM_FAILED = "upstream_failed"
    CONDITION_FAILED = "condition_failed"


@dataclass(slots=True)
class BlockRun:
    """A block in a run. Moments are in UTC, None for what has not happened."""

    query: ClassVar[Absent] = Absent("BlockRun.query", "Use the block_runs of a run.")
    BlockRunStatus: ClassVar[type[BlockRunStatus]] = BlockRunStatus

    block_uuid: str
    status: str
    pipeline_run_id: str = ""
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    error: str = ""


@dataclass(slots=True)
class PipelineRun:
    """A run of a pipeline as it was when it was told; `refresh` tells it anew. Moments are in UTC."""

    query: ClassVar[Absent] = Absent("PipelineRun.query", "Use check_status and trigger_pipeline.")
    PipelineRunStatus: ClassVar[type[PipelineRunStatus]] = PipelineRunStatus

    id: str
    pipeline_uuid: str
    status: str
    variables: dict[str, Any] = field(default_factory=dict)
    execution_partition: str | None = None
    execution_date: dt.datetime | None = None
    created_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    error: str = ""
    block_runs: list[BlockRun] = field(default_factory=list)

    @classmethod
    def told(cls, answer: Mapping[str, Any]) -> Self:
        """The run that the control side tells of."""
        run = str(answer["id"])
        blocks = [
            BlockRun(
                str(each["block_uuid"]),
                str(each["status"]),
                run,
                _moment(each.get("started_at")),
                _moment(each.get("completed_at")),
                str(each.get("error") or ""),
            )
            for each in answer.get("block_runs") or ()
        ]
        return cls(
            run,
            str(answer["pipeline_uuid"]),
            str(answer["status"]),
            dict(answer.get("variables") or {}),
            answer.get("partition") or None,
            _moment(answer.get("execution_date")),
            _moment(answer.get("created_at")),
            _moment(answer.get("started_at")),
            _moment(answer.get("completed_at")),
            str(answer.get("error") or ""),
            blocks,
        )

    def refresh(self) -> Self:
        """Ask how the run stands now; the same object.

        Raises:
            RunNotFoundError: it was deleted.
        """
        now = self.told(ask(AskKind.RUN, f"reading the run {self.id}", {"run": self.id}))
        for name in ("status", "started_at", "completed_at", "error", "block_runs", "execution_date"):
            setattr(self, name, getattr(now, name))
        return self

    def remote_blocks(self) -> list[RemoteBlock]:
        """The blocks of the run, to read their outputs from."""
        return [RemoteBlock(each.block_uuid, self.execution_partition, self.pipeline_uuid) for each in self.block_runs]


def _moment(seconds: float | None) -> dt.datetime | None:
    return None if seconds is None else dt.datetime.fromtimestamp(float(seconds), dt.UTC)
