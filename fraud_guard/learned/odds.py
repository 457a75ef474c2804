"""Log-odds of probabilities, and what a model's log-odds weigh apart from its own prior."""

from __future__ import annotations

from math import log


def logit(probability: float) -> float:
    """Natural log-odds of a probability between 0 and 1. A model's log-odds less those of its prior are a weight of evidence."""
    return log(probability / (1 - probability))
