from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import train_test_split

from penstock import transformer

TARGET = "price"
FEATURES = ["quantity", "country", "product"]


@transformer
def train_model(frame, *args, **kwargs):
    """A model that predicts a column of numbers, and its score on rows that it has not seen, as two outputs."""
    import pandas as pd

    rows = frame.dropna(subset=[TARGET])
    inputs = pd.get_dummies(rows[FEATURES])
    train_in, test_in, train_out, test_out = train_test_split(inputs, rows[TARGET], random_state=1)
    model = RandomForestRegressor(n_estimators=20, random_state=1).fit(train_in, train_out)
    score = {"r2": float(model.score(test_in, test_out)), "features": list(inputs.columns), "rows": len(train_in)}
    return [model, score]
