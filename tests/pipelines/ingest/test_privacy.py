"""No raw identifier, nor its plain hash, is left anywhere but in the vault; and the key is nowhere at all."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_contracts.errors import InputRefused
from data_contracts.raw_vault import Vault
from data_contracts.vault import Key
from tests.counts import SOAK, SoakCount
from tests.pipelines import canary
from tests.pipelines.canary import everything_below
from tests.pipelines.ingest.conftest import KEY

READER_APART = True

MANY = 1430 if SOAK else 200  # per kind, of seven kinds


def canaries() -> dict[str, list[str]]:
    """Values that stand nowhere else: phones, cards, devices, mail boxes, addresses, IPs, documents; some of them bad."""
    return {
        "phone": [f"139{n:04d}{7919 * n % 10000:04d}" for n in range(MANY)] + ["1390000000011", "+86 139-7777-12345"],
        "payment": [f"canarypay_{n:05d}x{n * 7:06d}" for n in range(MANY)],
        "device": [f"c0ffee00-{n:04d}-4000-8000-{n * 31:012d}" for n in range(MANY)],
        "email": [f"canary.{n:05d}.zq@163.com" for n in range(MANY)] + ["canary.without.at.sign"],
        "address": [f"湖北省武汉市洪山区金丝雀路{n}号书香名邸17栋1单元{n + 1000}室" for n in range(MANY)],
        "ip": [f"110.{n % 250}.217.{n // 250 + 3}" for n in range(MANY)] + ["110.999.217.3"],
        "id_doc": [f"11010119{60 + n % 30}0{1 + n % 9}1{n % 10}{n:03d}9" for n in range(MANY)],
    }


def planted(feeds: Any) -> list[dict[str, Any]]:
    """A sighting of each canary, every tenth with another fault in its row."""
    base = feeds["identifiers"][0]
    rows = [base | {"kind": kind, "value": value} for kind, values in canaries().items() for value in values]
    for i, row in enumerate(rows):
        row |= {"source": "nowhere"} if i % 10 == 0 else {"account_id": "nobody"} if i % 10 == 1 else {}
    return rows


def leaked(blob: bytes) -> list[str]:
    """The canaries that a heap of bytes shows in any shape."""
    return canary.leaked(blob, (v for values in canaries().values() for v in values))


def test_canaries_are_in_no_table_quarantine_or_log(
    feeds: Any,
    deliver: Any,
    ingest: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    soak_count: SoakCount,
) -> None:
    soak_count("canaries", sum(map(len, canaries().values())))
    caplog.set_level(logging.DEBUG)
    feeds["identifiers"] = planted(feeds)
    key = Key(hashlib.sha256(b"no run of bytes that a page might hold").digest())
    done = ingest(deliver(feeds), key=key)
    assert done.summary.quarantined["identifiers"] > MANY
    done.wh.publish()
    seen = capfd.readouterr()
    blob = everything_below(done.wh.folder) + caplog.text.encode() + seen.out.encode() + seen.err.encode()
    assert leaked(blob) == []
    assert key.secret not in blob and key.secret.hex().encode() not in blob
    assert leaked(everything_below(tmp_path / "sources"))  # the search does find what is there


def test_canaries_are_in_no_message_of_a_refusal(feeds: Any, deliver: Any, ingest: Any, tmp_path: Path) -> None:
    feeds["identifiers"] = planted(feeds)
    folder = deliver(feeds)
    with pytest.raises(InputRefused) as caught:
        ingest(folder, share="0.001")
    assert (
        leaked(str(caught.value).encode() + repr(caught.value.facts).encode() + everything_below(tmp_path / "work0"))
        == []
    )
    (folder / "identifiers.csv").unlink()
    query = (
        "select account_id, kind, cast(value as int) as value, observed_at, source from read_parquet('raw/i.parquet')"
    )
    (folder / "raw").mkdir()
    pq.write_table(pa.Table.from_pylist(planted(feeds)), folder / "raw" / "i.parquet")
    (folder / "identifiers.sql").write_text(query)
    with pytest.raises(InputRefused) as caught:
        ingest(folder)
    assert caught.value.code == "sql.failed" and leaked(str(caught.value).encode()) == []


def test_the_vault_holds_them_sealed_and_gives_one_back_to_a_named_person(
    feeds: Any, deliver: Any, ingest: Any, tmp_path: Path
) -> None:
    from datetime import UTC, datetime

    feeds["identifiers"] = planted(feeds)
    vault = Vault(tmp_path / "vault.db", KEY)
    done = ingest(deliver(feeds), vault=vault)
    token = done.rows("select token from identifiers where kind = 'device' order by token limit 1")[0][0]
    value = vault.reveal(token, who="li", reason="case 7", at=datetime(2026, 1, 5, tzinfo=UTC))
    assert value in canaries()["device"]
    vault.close()
    assert leaked((tmp_path / "vault.db").read_bytes()) == []


def test_another_key_gives_other_tokens_and_the_same_everything_else(feeds: Any, deliver: Any, ingest: Any) -> None:
    folder = deliver(feeds)
    facts = (
        "select account_id, kind, mask, class, links, observed_at, source, dense_rank() over (order by mask) "
        "from identifiers order by all"
    )
    first, second = ingest(folder), ingest(folder, key=Key(bytes(range(99, 131))))
    assert first.rows(facts) == second.rows(facts)
    assert not set(first.rows("select token from identifiers")) & set(second.rows("select token from identifiers"))


@pytest.mark.parametrize("column", ["kind", "observed_at", "source"])
def test_an_identifier_in_the_wrong_column_is_hidden_too(column: str, feeds: Any, deliver: Any, ingest: Any) -> None:
    """A producer that mixes up two columns puts the raw value where a list or an instant belongs."""
    row = feeds["identifiers"][0]
    feeds["identifiers"].append(row | {"value": row[column], column: "13912345678"})
    feeds["staff"] = [
        {"staff_id": f"S{i}", "kind": kind, "id_doc": None, "phone": None, "valid_from": "2025-01-01T00:00:00+08:00",
         "valid_to": None} for i, kind in enumerate(("employee", "13912345678"))
    ]  # fmt: skip
    done = ingest(deliver(feeds))
    (bad,) = done.quarantine("identifiers")
    assert f'"{column}":"13****"' in bad["row"] and '"account_id":"A1"' in bad["row"]
    assert '"kind":"13****"' in done.quarantine("staff")[0]["row"]
    done.wh.publish()
    assert canary.leaked(everything_below(done.wh.folder), ["13912345678"]) == []


RAW = {"phone": "13912345678", "spaced": "+86 139 1234 5678", "mail": "wang.wei@163.com", "card": "6222021234567890128",
       "id_doc": "11010519491231002X", "ip": "110.5.217.3"}  # fmt: skip


@pytest.mark.parametrize("value", RAW.values(), ids=RAW)
def test_an_identifier_in_any_other_column_is_in_no_quarantine_table_or_refusal(
    value: str, feeds: Any, deliver: Any, ingest: Any
) -> None:
    """Where an account's id belongs, in a money feed of a promoter that nobody knows, in prose, and in place of an instant."""
    about = {"clause": "2.2(3)", "reported_at": "2026-01-05T10:00:00+08:00", "evidence_uri": None}
    feeds["reports"] = [
        about | {"report_id": "X1", "subject_id": "P1", "summary": f"他用{value} 注册", "reported_at": "soon"},
        about | {"report_id": "X2", "subject_id": value, "summary": "x"},
    ]  # fmt: skip
    paid = {"month": "2025-12", "gross_amount": "1.00", "tax_amount": "0", "net_amount": "1.00", "status": "paid"}
    feeds["payouts"] = [paid | {"payout_id": "W1", "promoter_id": value, "paid_at": "2026-01-05T10:00:00+08:00"}]
    for feed, changes in (
        ("identifiers", {"account_id": value}),
        ("identifiers", {"account_id": value, "value": "12", "kind": "ip"}),
        ("identifiers", {"account_id": value, "source": "nowhere"}),
        ("orders", {"order_id": "O8", "account_id": value}),
        ("orders", {"order_id": "O9", "paid_at": value}),
        ("referrals", {"invitee_id": value}),
        ("referrals", {"invitee_id": "A9", "promoter_id": value}),
    ):
        feeds[feed].append(feeds[feed][0] | changes)
    done = ingest(deliver(feeds))
    assert {feed: len(done.quarantine(feed)) for feed in ("identifiers", "orders", "referrals", "payouts")} == {
        "identifiers": 3, "orders": 2, "referrals": 2, "payouts": 1,
    }  # fmt: skip
    assert '"account_id":"' in done.quarantine("orders")[0]["row"] and "****" in done.quarantine("orders")[0]["row"]
    assert (
        done.rows("select feed, promoter_id from quarantined_money") == [("orders", "P1")] * 2
    )  # of the payout nobody is known
    done.wh.publish()
    left = everything_below(done.wh.folder)
    assert [v for v in (value, value.replace("+86 ", "")) if v.encode() in left] == []


def test_account_ids_that_are_a_persons_own_are_told_of(
    feeds: Any, deliver: Any, ingest: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "tongren")
    ingest(deliver(feeds))
    assert "id.personal" not in caplog.text
    feeds["accounts"] += [feeds["accounts"][0] | {"account_id": value} for value in RAW.values()]
    ingest(deliver(feeds))
    assert f"code=id.personal table=accounts rows={len(RAW)}:" in caplog.text
    assert [v for v in RAW.values() if v in caplog.text] == []
