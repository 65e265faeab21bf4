"""What a good delivery becomes."""

from __future__ import annotations

from typing import Any


def test_a_good_delivery_is_kept_whole_and_publishable(deliver: Any, feeds: Any, ingest: Any) -> None:
    done = ingest(deliver(feeds))
    assert done.summary.quarantined == dict.fromkeys(feeds, 0)
    assert done.summary.kept == {t: len(r) for t, r in feeds.items()}
    facts = done.wh.publish()
    assert facts["orders"].rows == 3 and facts["coupons"].rows == 0
    assert done.rows("select cash_fen, list_fen, voucher_fen from orders where order_id = 'O1'") == [
        (10000, 12000, 1000)
    ]
