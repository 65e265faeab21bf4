"""The verbs of the command line, by noun: each reads its options, calls what does the work, and prints."""
