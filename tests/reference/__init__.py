"""The plain reference: what the scorer should do, one tag at a time, in ordinary Python."""
