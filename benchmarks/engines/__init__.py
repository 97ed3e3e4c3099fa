"""The same work in Penstock, Mage, Prefect, Dagster and Airflow: each engine's program runs in an environment of its own.

`deed.py` is what a task does, `work.py` what the programs share; both need the standard library alone. A program `on_<engine>.py` starts the engine's
server with durable state, asks for runs the way its users do, and prints one JSON object: shape -> figures.
"""
