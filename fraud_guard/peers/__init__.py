"""Peers: what is known of a caller from all the subjects it met, and what that is worth; nobody is accused by it alone."""
