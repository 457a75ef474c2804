"""History at work: what writes it, live and from files, and what is told from it."""
