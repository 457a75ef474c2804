"""fraud_guard: an early-warning stream processor for anti-telecom-fraud centres."""

__version__ = "0.1.0"
