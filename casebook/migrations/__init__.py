"""Schema versions of the books, applied by Alembic; they work from an installed package."""
