"""`python benchmarks/speed` prints the table of speed; see table.py."""

from table import main

main()
