"""Markdown blocks: the text with its variables filled in. They take no part in a run; the editor shows them."""

from __future__ import annotations

from penstock.config.templates import render
from penstock.languages.job import BlockResult, Job


class MarkdownRunner:
    """Renders a markdown block; its one output is the text."""

    def run(self, job: Job) -> BlockResult:
        """The rendered text. Raises TemplateError when a variable is unknown."""
        order = job.order.block
        text = render(
            job.source,
            job.variables,
            functions={"variables": job.variables.get},
            file=order.file or order.uuid,
        )
        return BlockResult(outputs=[text], files=frozenset({order.file} if order.file else ()))


RUNNER = MarkdownRunner()
