"""Parses foreign files in a process of its own; started by `pipelines.ingest.child`, with no key and no way to the disk."""
