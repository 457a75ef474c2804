"""The log without a server: a durable, partitioned log in one SQLite file, and Faust's way to it."""
