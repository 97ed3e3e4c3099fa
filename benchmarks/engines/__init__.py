"""The same work in Penstock, Mage, Prefect, Dagster and Airflow: each engine's program runs in an environment of its own.

`work.py` is what all of them import; it needs the standard library alone. A program `on_<engine>.py` starts the engine's
server with durable state, asks for runs the way its users do, and prints one JSON object: shape -> figures.
"""
