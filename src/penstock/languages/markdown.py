"""Markdown blocks: the text with its variables filled in. They take no part in a run; the editor shows them."""

from __future__ import annotations

from penstock.config.templates import has_marks, render
from penstock.languages.job import BlockResult, Job
from penstock.languages.templating import block_functions, names


class MarkdownRunner:
    """Renders a markdown block; its one output is the text."""

    def run(self, job: Job) -> BlockResult:
        """The rendered text. Raises TemplateError when a variable is unknown, or what a function raises."""
        order = job.order.block
        file, text = order.file or order.uuid, job.source
        if has_marks(text):
            variables = names(job)
            text = render(text, variables, functions=block_functions(variables, file), file=file)
        return BlockResult(outputs=[text], files=frozenset({order.file} if order.file else ()))


RUNNER = MarkdownRunner()
