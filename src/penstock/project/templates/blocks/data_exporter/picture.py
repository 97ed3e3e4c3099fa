from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt

from penstock import data_exporter

FILE = "output/orders.png"
X, Y = "country", "quantity"


@data_exporter
def picture(frame, *args, **kwargs):
    """A bar chart as a PNG file; the figure is the block's output too."""
    path = Path(kwargs["repo_path"]) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=(8, 4))
    frame.groupby(X)[Y].sum().plot.bar(ax=axes)
    axes.set_ylabel(Y)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    return figure
