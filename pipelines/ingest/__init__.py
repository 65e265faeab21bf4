"""Ingestion: source folders become checked feed tables; what is bad goes to quarantine, raw identifiers to tokens."""

from pipelines.ingest.build import IngestSummary, build
from pipelines.ingest.delivery import check_manifest
from pipelines.ingest.sources import check_unchanged, fingerprint, query_folders, stamps, unread

__all__ = [
    "IngestSummary", "build", "check_manifest", "check_unchanged", "fingerprint", "query_folders", "stamps", "unread",
]  # fmt: skip
