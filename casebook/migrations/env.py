"""Alembic's entry: runs the versions on the connection that `casebook.books` hands over, inside its transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=False)
context.run_migrations()
