"""Feedback: what officers report, and what is counted and learned from it."""
