import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt

from penstock import custom


@custom
def matplotlib_figure(frame, *args, **kwargs):
    """A figure as the block's output."""
    figure, axes = plt.subplots()
    frame["price"].plot.hist(bins=30, ax=axes)
    axes.set_xlabel("price")
    return figure
