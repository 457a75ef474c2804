"""Fusion: evidence added in log-odds, correlated evidence counted once, calibrated."""
