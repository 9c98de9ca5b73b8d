"""Output for people at a terminal: tables, bars, curves."""
