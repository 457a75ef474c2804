"""Replay: a file of tags through the same door and the same `decide`, in event time, deterministic."""
