"""Dispatch: which station gets the order, by when it must act, and what silence does."""
