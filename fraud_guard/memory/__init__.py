"""Memory: what the scorer remembers about each subject, in RAM, written back by checkpoints."""
