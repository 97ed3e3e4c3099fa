from penstock import custom
from penstock.sdk.triggers import trigger_pipeline

PIPELINE = "daily_orders"
VARIABLES = {}


@custom
def run_pipeline(*args, **kwargs):
    """Runs another pipeline of this project and waits for its end; fails when it fails."""
    run = trigger_pipeline(PIPELINE, variables=VARIABLES, check_status=True, error_on_failure=True)
    return {"run": run.id, "status": run.status}
