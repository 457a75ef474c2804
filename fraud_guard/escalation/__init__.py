"""Escalation: from evidence to alerts and levels."""
