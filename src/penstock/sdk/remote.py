"""Outputs of blocks of other pipelines, as objects: references that are read when somebody looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, overload

from penstock.model.messages import AskKind
from penstock.sdk.context import current
from penstock.sdk.requests import ask
from penstock.sdk.variables import newest_outputs, output_at, outputs_of


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
    def load(cls, block: Mapping[str, Any] | RemoteBlock | None = None, **values: Any) -> Self:
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

    def located(self) -> Self:
        """The same block, with the pipeline and partition that the running block takes it from."""
        here = current()
        partition = here.partition_of(self.execution_partition)
        return replace(self, pipeline_uuid=self.pipeline_uuid or here.pipeline, execution_partition=partition)

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


class RemoteOutputs(Sequence[list[Any]]):
    """The outputs of remote blocks, a list for each; those of a block are read when they are first looked at."""

    def __init__(self, blocks: Iterable[Mapping[str, Any]]) -> None:
        self._blocks = [RemoteBlock.load(block) for block in blocks]
        self._read: dict[int, list[Any]] = {}

    def __len__(self) -> int:
        return len(self._blocks)

    @overload
    def __getitem__(self, index: int) -> list[Any]: ...

    @overload
    def __getitem__(self, index: slice) -> list[list[Any]]: ...

    def __getitem__(self, index: int | slice) -> list[Any]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = range(len(self._blocks))[index]
        if at not in self._read:
            self._read[at] = self._blocks[at].get_outputs()
        return self._read[at]

    def __repr__(self) -> str:
        return f"<outputs of {', '.join(block.block_uuid for block in self._blocks)}>"


@dataclass(slots=True)
class GlobalDataProduct:
    """What a whole pipeline makes, registered in global_data_products.yaml.

    `settings` go before those of the registry: outdated_after, outdated_starting_at, settings.
    """

    uuid: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def get(cls, uuid: str, repo_path: str | None = None, project: str | None = None) -> Self:
        """The product of that name, whether it is registered or not."""
        del repo_path, project
        return cls(uuid)

    def renewed(self, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Have it made anew when it is outdated, and wait for that; the run that has made it, as the answer tells it.

        Raises: as `get_outputs`.
        """
        arguments = {"uuid": self.uuid, "settings": dict(self.settings), "variables": dict(variables or {})}
        found: dict[str, Any] = ask(AskKind.DATA_PRODUCT, f"using the global data product {self.uuid}", arguments)
        return found

    def get_outputs(
        self, *_arguments: Any, variables: Mapping[str, Any] | None = None, **_options: Any
    ) -> dict[str, Any]:
        """What it holds, made anew when it is outdated: block -> its newest partitions, the newest first.

        A partition is the output of the block, or the list of them when it has several.

        Raises:
            BlockFailedError: its pipeline did not complete.
            GlobalProductInvalidError: it is not registered, or its entry cannot be read.
            ProductMissingError: a block of it has no output.
        """
        found = {block: [ref for _, ref in parts] for block, parts in self.versions(variables).items()}
        return resolved(found)

    def versions(self, variables: Mapping[str, Any] | None = None) -> dict[str, list[tuple[str, dict[str, str]]]]:
        """Where its outputs lie: block -> when each partition was made, and its version; the newest first.

        Raises: as `get_outputs`.
        """
        answer = self.renewed(variables)
        pipeline = str(answer["pipeline_uuid"])
        return {
            block: newest_outputs(pipeline, block, int(count)) for block, count in (answer.get("outputs") or {}).items()
        }


def resolved(references: Mapping[str, Iterable[Mapping[str, str]]]) -> dict[str, list[Any]]:
    """The values of versions that `GlobalDataProduct.versions` has named: block -> its partitions.

    Raises:
        ProductMissingError: a version has been cleaned in the meantime.
    """
    return {block: [output_at(each) for each in partitions] for block, partitions in references.items()}
