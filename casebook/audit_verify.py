"""Checks the books with Python alone: the audit chain, every row under its entry, checkpoints signed by Ed25519 (`ed25519.py`).
`python audit_verify.py BOOKS [CHECKPOINTS] [PUBLIC_KEY_HEX]` prints each fault; BOOKS is a SQLite file or a postgresql:// URL."""

import contextlib
import hashlib
import itertools
import json
import runpy
import sqlite3
import sys
from pathlib import Path
from typing import Any

SQLITE = ("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name",
          "select type, name, sql from sqlite_master where sql is not null order by type, name")  # fmt: skip
POSTGRES = ("select tablename from pg_tables where schemaname = current_schema() order by tablename",
            "select viewname, definition, '' from pg_views where schemaname = current_schema() union all select tgname,"
            " pg_get_triggerdef(oid), tgenabled::text from pg_trigger where not tgisinternal order by 1, 2")  # fmt: skip
signed = runpy.run_path(str(beside))["signed"] if (beside := Path(__file__).with_name("ed25519.py")).exists() else None
OURS, dumps = ("audit", "alembic_version"), json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def chain(query: Any, hashes: dict[int, str], effects: dict[str, dict[int, Any]]) -> Any:
    """Entries follow one another, each hash covers the one before, columns say what the hashed text says."""
    prev = "0" * 64
    for count, row in enumerate(query("select seq, at, actor, action, object, prev, hash, payload from audit order by seq"), 1):
        seq, payload, said = row[0], row[7], dict[str, Any]()
        yield from [f"entry {count}: missing, entry {seq} follows"] if seq != count else []
        intact = row[5] == prev and row[6] == sha("tongren/audit/v1\n" + prev + payload)
        with contextlib.suppress(ValueError, TypeError):
            said = dict(json.loads(payload)) if intact else said
        same = list(row[:6]) == [said.get(k) for k in ("seq", "ts", "actor", "action", "object", "prev")] and dumps(said) == payload
        if not intact or not same:
            yield f"entry {seq}: the chain is broken" if not intact else f"entry {seq}: its columns differ from what was hashed"
        prev = hashes[seq] = row[6]
        for table, effect in said.get("effects", {}).items():
            effects.setdefault(table, {})[seq] = effect


def rows(query: Any, tables: list[str], effects: dict[str, dict[int, Any]]) -> Any:
    """Every row stands under the entry that wrote it, as that entry hashed it; no entry lacks its rows."""
    for table in tables:
        names = [d[0] for d in query(f'select * from "{table}" limit 0').description]
        due, place = dict(effects.get(table, {})), names.index("seq")
        for seq, group in itertools.groupby(query(f'select * from "{table}" order by seq'), key=lambda r: r[place]):
            effect, written = due.pop(seq, {"columns": [], "rows": 0, "sha256": ""}), list(group)
            kept = [names.index(c) for c in effect["columns"] if c in names]
            more = [n for n in range(len(names)) if n not in kept and n != place]
            text = "".join(sorted(dumps([r[n] for n in kept]) + "\n" for r in written))
            if (len(written), sha(text)) != (effect["rows"], effect["sha256"]) or any(r[n] is not None for r in written for n in more):
                yield f"entry {seq}: the rows of {table} are not those that it wrote"
        yield from (f"entry {seq}: its rows of {table} are gone" for seq in due)
    yield from (f"table {table} is gone" for table in effects.keys() - set(tables))


def anchors(query: Any, shape: str, hashes: dict[int, str], folder: Path | str | None, key: str | None) -> Any:
    """Signed checkpoints tell entries, Merkle root, ledger and schema; the newest, under today's key, vouches for all before."""
    prev, version, peaks = "", next(iter(query("select version_num from alembic_version")))[0], list[tuple[int, str]]()
    schema = sha(dumps([list(r) for r in query(shape)]))
    for path in (paths := sorted(Path(folder).glob("*.json")) if folder else []):
        p, name = json.loads(path.read_text(encoding="utf-8")), path.name
        body, text, signer = p["body"], dumps(p["body"]), (key if path == paths[-1] else None) or p["public_key"]
        for seq in range(sum(size for size, _ in peaks) + 1, body["seq"] + 1):
            node, size = sha("leaf" + hashes.get(seq, "")), 1
            while peaks and peaks[-1][0] == size:
                node, size = sha("node" + peaks.pop()[1] + node), size * 2
            peaks.append((size, node))
        *_, root = itertools.accumulate([node for _, node in reversed(peaks)], lambda right, left: sha("node" + left + right))
        sums = next(iter(query(f"select count(*), coalesce(sum(amount_fen), 0) from posting where seq <= {int(body['seq'])}")))
        faulty = {f"checkpoint {name}: " + (f"not signed by {signer[:16]}" if signed else "unchecked, ed25519.py is not here"):
                  not (signed and signed(signer, text, p["signature"])),
                  f"checkpoint {name}: one before it is missing or changed": body["prev"] != prev or name != f"{body['seq']:012d}.json",
                  f"entry {min(body['seq'], len(hashes) + 1)}: differs from {name} or is gone": hashes.get(body["seq"]) != body["head"],
                  f"checkpoint {name}: its Merkle root is not that of the entries": body.get("merkle", root) != root,
                  f"checkpoint {name}: the ledger has other totals": body["ledger"] != {"postings": int(sums[0]), "fen": int(sums[1])},
                  f"checkpoint {name}: the schema was changed since": version == body["version"] and schema != body["schema"]}  # fmt: skip
        yield from (told for told, wrong in faulty.items() if wrong)
        prev = sha(text)
    yield from [f"no checkpoint in {folder}: a rewritten history would not show"] if folder and hashes and not prev else []


def faults(query: Any, kind: tuple[str, str], folder: Path | str | None = None, key: str | None = None) -> list[str]:
    """All faults of the books behind `query` (any DB-API execute); `kind` is SQLITE or POSTGRES."""
    hashes, effects, tables = dict[int, str](), dict[str, dict[int, Any]](), [t for (t,) in query(kind[0]) if t not in OURS]
    return [*chain(query, hashes, effects), *rows(query, tables, effects), *anchors(query, kind[1], hashes, folder, key)]


if __name__ == "__main__":
    sys.excepthook = lambda _, fault, __: sys.stderr.write(f"not checked: {fault}; BOOKS is a SQLite file or a postgresql:// URL\n")
    kind = POSTGRES if (where := (sys.argv[1:] or sys.exit(__doc__))[0]).startswith("postgres") else SQLITE
    db: Any = __import__("psycopg").connect(where) if kind is POSTGRES else sqlite3.connect(f"file:{where}?mode=ro", uri=True)
    told, last = faults(db.execute, kind, *sys.argv[2:4]), next(iter(db.execute("select max(seq) from audit")))[0]
    *_, held = "", *(f"; signed up to entry {int(p.stem)} of {last}" for f in sys.argv[2:3] for p in sorted(Path(f).glob("*.json")))
    known = ("; without checkpoints a rewritten history would not show", "; compare the checkpoints' key with the one kept elsewhere", "")
    sys.exit(sys.stdout.write("\n".join(told or [f"the books verify{held}{known[len(sys.argv[2:4])]}"]) + "\n") and bool(told))
