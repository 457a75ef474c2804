"""Servers for tests and for people without Docker: started from wheels and jars, on free ports, with nothing installed."""
