"""How a schema version is written once and runs on SQLite and PostgreSQL: types, STRICT tables, append-only triggers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from alembic import op

SQLITE_GUARD = """
create trigger "{table}_no_{verb}" before {verb} on "{table}"
begin select raise(abort, 'the books only grow: {table} takes no {verb}'); end
"""
# REPLACE deletes without a delete trigger on a connection that left recursive_triggers off; this guard needs no pragma.
SQLITE_REPLACE = """
create trigger "{table}_no_replace" before insert on "{table}" when exists (select 1 from "{table}" where {same})
begin select raise(abort, 'the books only grow: {table} has that key'); end
"""
POSTGRES_GUARD_FUNCTION = """
create function books_only_grow() returns trigger language plpgsql as
$$ begin raise exception 'the books only grow: % takes no %', tg_table_name, lower(tg_op); end $$
"""
POSTGRES_GUARD = """
create trigger "{table}_only_grows" before update or delete on "{table}" for each row execute function books_only_grow()
"""
POSTGRES_TRUNCATE = """
create trigger "{table}_no_truncate" before truncate on "{table}" for each statement execute function books_only_grow()
"""


def on_sqlite() -> bool:
    """Whether the version runs on SQLite (else PostgreSQL)."""
    return op.get_bind().dialect.name == "sqlite"


def run(sql: str) -> None:
    """Execute one statement as it stands."""
    op.get_bind().exec_driver_sql(sql.replace("%", "%%") if not on_sqlite() else sql)


def create(tables: Mapping[str, tuple[str, str]]) -> None:
    """Create append-only tables: name to (column lines in SQL with types text and bigint, key columns).

    Every table but `audit` also gets `seq`: the audit entry that wrote the row.
    """
    for table, (columns, key) in tables.items():
        link = "" if table == "audit" else "seq bigint not null references audit (seq),\n    "
        body = f'create table "{table}" (\n    {link}{columns.strip()},\n    primary key ({key})\n)'
        run(re.sub(r"\bbigint\b", "integer", body) + " strict" if on_sqlite() else body)
        guard(table, key)


def guard(table: str, key: str) -> None:
    """Make a table append-only by triggers."""
    if on_sqlite():
        run(SQLITE_GUARD.format(table=table, verb="update"))
        run(SQLITE_GUARD.format(table=table, verb="delete"))
        same = " and ".join(f'"{k.strip()}" = new."{k.strip()}"' for k in key.split(","))
        run(SQLITE_REPLACE.format(table=table, same=same))
    else:
        run(POSTGRES_GUARD.format(table=table))
        run(POSTGRES_TRUNCATE.format(table=table))
