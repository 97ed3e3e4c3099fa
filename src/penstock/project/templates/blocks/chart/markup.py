import html

from penstock.sdk.decorators import render


@render(render_type="html")
def markup(frame, *args, **kwargs):
    """Markup of one's own: a page with a big number."""
    label = html.escape(", ".join(map(str, frame.columns)))
    return f"<div style='font: 48px sans-serif'>{len(frame):,} rows</div><p>{label}</p>"
