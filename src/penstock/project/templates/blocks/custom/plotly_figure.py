import plotly.express as px

from penstock import custom


@custom
def plotly_figure(frame, *args, **kwargs):
    """An interactive figure as the block's output."""
    totals = frame.groupby("country", as_index=False)["quantity"].sum()
    return px.bar(totals, x="country", y="quantity")
