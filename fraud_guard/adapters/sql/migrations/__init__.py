"""How the databases came to their layout, one revision a file; `engine` runs what is missing at each opening."""
