import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt

from penstock.sdk.decorators import render

COLUMN = "price"


@render
def picture(frame, *args, **kwargs):
    """Anything that matplotlib draws, as a picture."""
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    frame[COLUMN].plot.hist(bins=30, ax=axes)
    axes.set_xlabel(COLUMN)
    return figure
