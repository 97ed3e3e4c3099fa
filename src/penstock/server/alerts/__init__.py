"""Alerts in the studio: what was told and how that went, whom to tell, a test message."""
