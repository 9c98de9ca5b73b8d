"""The commands: each parses, calls, renders; the only part that uses click."""
