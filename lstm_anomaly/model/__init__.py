"""The trained model: its parts, judging rows with it, and its file."""
