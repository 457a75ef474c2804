"""The product put together: commands, workers, replay, and the rules as files."""
