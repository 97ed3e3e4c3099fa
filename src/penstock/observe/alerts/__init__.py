"""Alerts: what happened to a run becomes at most one message per incident, for each channel that the project names.

The way of an alert: `outbox` writes it in the transaction of the fact it tells, `sender` takes it from there, `texts`
words it, and one of the channels (`chat`, `paging`, `webhook`, `mail`) gives it the form that the other side wants.
"""
