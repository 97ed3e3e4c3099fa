import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt

from penstock.sdk.decorators import render


@render
def correlations(frame, *args, **kwargs):
    """How much columns of numbers rise and fall together, as a picture."""
    table = frame.select_dtypes("number").corr()
    names = list(table.columns)
    figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
    drawn = axes.imshow(table, vmin=-1, vmax=1, cmap="RdBu")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    figure.colorbar(drawn)
    return figure
