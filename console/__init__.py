"""The analysts' web console."""
