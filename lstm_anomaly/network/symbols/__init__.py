"""Models of sequences of symbols: what comes next, given what came before."""
