"""Features: how a tag changes a subject's record, and the vector that rules and models read."""
