import html
from pathlib import Path

from penstock import data_exporter

FILE = "output/report.html"
TITLE = "Orders"
ROWS = 1000


@data_exporter
def html_report(*frames, **kwargs):
    """A page with a table per upstream."""
    path = Path(kwargs["repo_path"]) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = "\n".join(
        f"<h2>{len(frame):,} rows</h2>\n{frame.head(ROWS).to_html(index=False, border=0)}" for frame in frames
    )
    title = html.escape(TITLE)
    head = f'<meta charset="utf-8"><title>{title}</title><style>body {{ font: 14px sans-serif }}</style>'
    path.write_text(f"<!doctype html>\n{head}\n<h1>{title}</h1>\n{tables}\n", encoding="utf-8")
