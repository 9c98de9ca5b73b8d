"""What a command does between its options and its output."""
