"""A labelled city: people, ordinary life with hard look-alikes, and scams as semi-Markov scripts."""

from datasets.city.simulation import START_MS, Summary, simulate

__all__ = ["START_MS", "Summary", "simulate"]
