"""Synthetic data: the bench mix, the scripted demo city and the hand-written golden days."""
