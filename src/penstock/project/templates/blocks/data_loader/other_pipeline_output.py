from penstock import data_loader
from penstock.sdk.variables import get_variable

PIPELINE = "daily_orders"
BLOCK = "load_orders"


@data_loader
def other_pipeline_output(*args, **kwargs):
    """What a block of another pipeline of this project stored last."""
    return get_variable(PIPELINE, BLOCK, "output_0")
