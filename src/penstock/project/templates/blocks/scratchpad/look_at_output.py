# An output of a block that has run, as the next block would get it.
from penstock.sdk.variables import get_variable

PIPELINE = "daily_orders"
BLOCK = "load_orders"

frame = get_variable(PIPELINE, BLOCK)
print(frame.describe().to_string())
