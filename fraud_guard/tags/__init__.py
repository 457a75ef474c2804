"""Tags: what comes in. Models, codes and the block that travels in the log."""
