from penstock import transformer
from penstock.sdk.cleaning.actions import BaseAction, build_transformer_action
from penstock.sdk.cleaning.vocabulary import ActionType

COLUMNS = ["email"]


@transformer
def mark_wrong_values(frame, *args, **kwargs):
    """Values that do not look like the rest of their column (e-mail, phone, postcode, date) become "invalid"."""
    action = build_transformer_action(frame, ActionType.FIX_SYNTAX_ERRORS, COLUMNS)
    return BaseAction(action).execute(frame)
