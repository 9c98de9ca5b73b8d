"""The frame of the command line: finding commands, options they share, what is said and where."""
