"""Writing the fifteen feeds, and the truth beside them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.calendar import DAY, HISTORY_DAYS, ZONE, ZONE_OFFSET, instant
from simulator.cheats import CODE, SCHEMES
from simulator.dirt import spoil
from simulator.documents import season_days, second_base_on
from simulator.life import ACCOUNT_TYPES, AFFILIATIONS, CHANNELS, FIELDS, STAFF_KINDS, VERIFICATIONS
from simulator.orders import ACTIVITIES, FLASH, ORDER_KINDS
from simulator.payouts import held_from, payable, requests
from simulator.press import Press, Sheet
from simulator.products import INDEX, PRODUCTS
from simulator.refunds import CAUSES, REFUND_KINDS
from simulator.sightings import KINDS, SOURCES
from simulator.summary import Summary
from simulator.traces import NEVER, WAYS

if TYPE_CHECKING:
    from simulator.programme import Story

FEEDS = (
    "accounts", "account_changes", "identifiers", "promoters", "referrals", "affiliations", "staff", "products",
    "orders", "refunds", "coupons", "payouts", "payout_requests", "contact_attempts", "reports",
)  # fmt: skip
TRUTHS = ("accounts", "promoters", "orders", "bursts")
BURSTING = ("ring", "collusion", "slow_refund")


def write_feeds(out: Path, story: Story) -> Summary:
    """Write all feeds and the truth of a story into a folder."""
    truth = out / "truth"
    truth.mkdir(exist_ok=True)
    rows = {}
    with TemporaryDirectory() as scratch, Press(_parameters(story), Path(scratch)) as press:
        _admit(press, story)
        for feed in FEEDS:
            path = out / f"{feed}.parquet"
            rows[feed] = (
                _identifiers(press, path, story) if feed == "identifiers" else press.print(path, f"feed_{feed}")
            )
        counts = {table: press.print(truth / f"{table}.parquet", f"truth_{table}") for table in TRUTHS}
        if story.world.dirt > 0:
            spoil(press, out)
    (truth / "events.json").write_text(_events(story), encoding="utf-8")
    cheats = story.people.cheats
    days = tuple(story.calendar.statement_days())
    return Summary(out, rows, days, len(cheats.promoter), cheats.accounts, counts["bursts"])


def _identifiers(press: Press, path: Path, story: Story) -> int:
    count = 0
    with Sheet(path) as sheet:
        for kind in KINDS:
            press.admit("sighting", story.sightings.columns(kind))
            count += sum(sheet.write(rows) for rows in press.rows(f"value_{kind}"))
            press.forget("sighting")
    return count


def _parameters(story: Story) -> dict[str, Any]:
    second = second_base_on(story.calendar)
    sale = story.seasons.double_11
    return {
        "salt": (story.world.seed * 7_919 + 104_729) % 1_000_003, "zone": ZONE, "end": story.calendar.end,
        "origin": story.calendar.origin - DAY, "midway": int(story.calendar.starts[(story.world.months + 1) // 2]),
        "second_from": instant(second) if second else int(NEVER), "sale_from": sale[0], "sale_to": sale[1],
        "types": list(ACCOUNT_TYPES), "verifications": list(VERIFICATIONS), "fields": list(FIELDS),
        "affiliations": list(AFFILIATIONS), "staff_kinds": list(STAFF_KINDS), "channels": list(CHANNELS),
        "product_codes": [p.code for p in PRODUCTS], "activities": list(ACTIVITIES), "order_kinds": list(ORDER_KINDS),
        "refund_kinds": list(REFUND_KINDS), "sources": list(SOURCES), "schemes": list(SCHEMES), "ways": list(WAYS),
        "causes": list(CAUSES), "bursting": [CODE[s] for s in BURSTING], "ecs": INDEX["ecs"], "card": INDEX["card"],
        "training": INDEX["training"], "support": INDEX["support"], "flash": FLASH,
        "dirt_ppm": round(story.world.dirt * 1_000_000),
    }  # fmt: skip


def _admit(press: Press, story: Story) -> None:
    people, programme, life, orders, refunds = story.people, story.programme, story.life, story.orders, story.refunds
    promoters = people.blocks.promoters
    affiliated = np.zeros(len(people.person), dtype=np.bool_)
    affiliated[life.affiliations["account"]] = True
    press.admit("sim_account", {
        "account": np.arange(len(people.person)), "registered": programme.registered, "promoter": programme.promoter,
        "clicked": programme.clicked, "account_type": life.account_type, "verified_as": life.verified_as,
        "person": people.person, "controller": people.controller, "scheme": people.scheme, "careful": people.careful,
        "way": story.way, "found_at": story.found, "affiliated": affiliated,
        "window_end": ((programme.registered + ZONE_OFFSET) // DAY + 31) * DAY - ZONE_OFFSET,
    })  # fmt: skip
    press.admit("sim_promoter", {
        "promoter": np.arange(promoters), "scheme": people.scheme[:promoters], "careful": people.careful[:promoters],
        "fit": life.fit, "changed_at": life.changed_at,
    })  # fmt: skip
    press.admit("sim_member", {
        "promoter": programme.member, "joined": programme.member_joined, "left_at": programme.member_left,
        "declared": life.declared,
    })  # fmt: skip
    tables = {
        "change": life.changes, "affiliation": life.affiliations, "staff": life.staff, "contact": life.contacts,
        "report": life.reports, "coupon": story.coupons,
    }  # fmt: skip
    for name, table in tables.items():
        press.admit(f"sim_{name}", table)
    press.admit("sim_product", {
        "code": [p.code for p in PRODUCTS], "category": [p.category for p in PRODUCTS],
        "promotable": [p.promotable for p in PRODUCTS], "recharge_card": [p.recharge_card for p in PRODUCTS],
    })  # fmt: skip
    press.admit("sim_order", {
        "position": np.arange(len(orders.account)), "account": orders.account, "paid": orders.paid,
        "product": orders.product, "kind": orders.kind, "activity": orders.activity, "listed": orders.listed, "coupon": orders.coupon,
        "voucher": orders.voucher, "plan": orders.plan, "month": story.calendar.month_of(orders.paid),
    })  # fmt: skip
    press.admit("sim_refund", {
        "position": np.arange(len(refunds.order)), "order": refunds.order, "happened": refunds.at, "kind": refunds.kind,
        "amount": refunds.amount, "cause": refunds.cause,
    })  # fmt: skip
    _admit_payments(press, story)


def _admit_payments(press: Press, story: Story) -> None:
    calendar, promoters = story.calendar, story.people.blocks.promoters
    months = np.arange(calendar.months)
    press.admit("sim_cutoff", {"month": months, "cutoff": np.array([calendar.cutoff(int(m)) for m in months])})
    held = held_from(promoters, story.programme, story.orders, story.refunds, calendar)
    rng = np.random.default_rng([story.world.seed, 99])
    press.admit("sim_ask", requests(story.people, held, calendar, rng))
    press.make("sim_line")
    earned = press.column("sim_entitlement", "total").reshape(promoters, calendar.months)
    press.admit("sim_payable", {
        "promoter": np.repeat(np.arange(promoters), calendar.months), "issue": np.tile(months, promoters),
        "payable": payable(earned).ravel(),
    })  # fmt: skip
    press.make("sim_request")


def _events(story: Story) -> str:
    world, calendar = story.world, story.calendar
    origin = calendar.first_day - timedelta(days=HISTORY_DAYS)
    outage = (origin + timedelta(days=story.outage_day)).isoformat() if story.outage_day >= 0 else None
    facts = {
        "seed": world.seed, "accounts": world.accounts, "promoters": world.promoters, "months": world.months,
        "period": {"from": calendar.first_day.isoformat(), "to": calendar.statement_days()[-1].isoformat()},
        "as_of_days": [day.isoformat() for day in calendar.statement_days()],
        "outage": {"day": outage, "share_of_recent_orders": world.outage_share} if outage else None,
        "seasons": {name: day.isoformat() for name, day in season_days(calendar).items()},
    }  # fmt: skip
    return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
