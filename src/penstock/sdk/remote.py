"""Outputs of blocks of other pipelines, as objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from penstock.model.errors import UnsupportedError
from penstock.sdk.context import current
from penstock.sdk.variables import outputs_of


@dataclass(slots=True)
class RemoteBlock:
    """A block of a pipeline of this project, to read its outputs from.

    `execution_partition` names the partition; the running block's own when it is None.
    """

    block_uuid: str
    execution_partition: str | None = None
    pipeline_uuid: str | None = None
    repo_path: str | None = None

    @classmethod
    def load(cls, block: Mapping[str, Any] | Self | None = None, **values: Any) -> Self:
        """The block that keyword arguments or a dict of them describe."""
        if isinstance(block, cls):
            return block
        given: dict[str, Any] = {**(dict(block) if isinstance(block, Mapping) else {}), **values}
        return cls(
            str(given["block_uuid"]),
            given.get("execution_partition"),
            given.get("pipeline_uuid"),
            given.get("repo_path"),
        )

    def to_dict(self, **_options: Any) -> dict[str, Any]:
        """The block as a dict that `load` reads."""
        return {
            "block_uuid": self.block_uuid,
            "execution_partition": self.execution_partition,
            "pipeline_uuid": self.pipeline_uuid,
            "repo_path": self.repo_path,
        }

    def get_outputs(self, **_options: Any) -> list[Any]:
        """All outputs of the block's latest version.

        Raises:
            ProductMissingError: the block has not been run.
        """
        return outputs_of(self.pipeline_uuid or current().pipeline, self.block_uuid, self.execution_partition)


@dataclass(slots=True)
class GlobalDataProduct:
    """A registered output of a pipeline. Reading one is not supported yet."""

    uuid: str

    @classmethod
    def get(cls, uuid: str, repo_path: str | None = None, project: str | None = None) -> Self:
        """The product of that name, whether it is registered or not."""
        del repo_path, project
        return cls(uuid)

    def get_outputs(self, *_arguments: Any, **_options: Any) -> dict[str, Any]:
        """Refused.

        Raises:
            UnsupportedError: always.
        """
        raise UnsupportedError(
            f"reading the global data product {self.uuid}: global data products are not supported yet",
            hint="Use get_variable(pipeline, block, 'output_0').",
        )
