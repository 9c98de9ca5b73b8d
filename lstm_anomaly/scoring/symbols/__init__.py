"""How surprising symbols are: what came, how long it lasted, and where a sequence ended."""
