from penstock import transformer
from penstock.sdk.cleaning.actions import BaseAction, build_transformer_action
from penstock.sdk.cleaning.vocabulary import ActionType, ImputationStrategy

COLUMNS = ["price"]
STRATEGY = "average"


@transformer
def fill_missing(frame, *args, **kwargs):
    """Missing values filled with the average, median or mode of the column, or a random value of it."""
    options = {"strategy": ImputationStrategy(STRATEGY)}
    action = build_transformer_action(frame, ActionType.IMPUTE, COLUMNS, options=options)
    return BaseAction(action).execute(frame)
