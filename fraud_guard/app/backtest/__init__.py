"""Backtest: rules over history, through the same `decide` as the live workers."""
