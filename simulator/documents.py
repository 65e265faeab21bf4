"""The programme's rule documents and the policy that a simulated operator has in force, as YAML."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from simulator.calendar import END, ZONE, Calendar, instant, month_start
from simulator.orders import Seasons

_BASE = """\
programme: simulated
timezone: {zone}
documents:
  - id: base-1
    level: base
    effective_from: "{start}"
    announced_on: "{announced}"
    payer: vendor-a
    window_days: 30
    start_day_counts: false
    readings:
      recharge_card_user: only
      recharge_card_amount: exclude
      amount_scope: all_in_window
      first_purchase_counts_excluded_products: true
    statement_day: 20
    rejoin_cooloff_days: 90
    minimum_payout: "10.00"
    instalments: [{{share: "1.00", after_months: 0}}]
    working_days:
      weekend: [6, 7]
      holidays: ["2025-10-01", "2025-10-02", "2025-10-03", "2025-10-06", "2025-10-07", "2025-10-08"]
      workdays: ["2025-09-28", "2025-10-11"]
    max_quarantine_share: "0.005"
    withholding:
      regime: per_payment
      exemption: {{up_to: "4000.00", flat: "800.00", above_share: "0.20"}}
      brackets:
        - {{up_to: "20000.00", rate: "0.20", quick: "0.00"}}
        - {{up_to: "50000.00", rate: "0.30", quick: "2000.00"}}
        - {{up_to: null, rate: "0.40", quick: "7000.00"}}
"""
_SECOND = """\
  - id: base-2
    level: base
    effective_from: "{second}"
    announced_on: "{second_announced}"
    payer: vendor-b
"""
_DETAIL = """\
  - id: detail-1
    level: detail
    effective_from: "{start}"
    announced_on: "{announced}"
    rebate:
      tier_by: new_paying_users
      tiers: [{{from: 0, rate: "0.05"}}, {{from: 3, rate: "0.10"}}, {{from: 10, rate: "0.15"}}]
      bounty_per_new_paying_user: "0.00"
      invitee_month_cap: "5000.00"
      promoter_month_cap: null
  - id: double-11
    level: activity
    effective_from: "{sale_from}"
    effective_to: "{sale_to}"
    announced_on: "{sale_announced}"
    products: [ecs]
    rebate: {{tier_by: new_paying_users, tiers: [{{from: 0, rate: "0.20"}}]}}
  - id: flash-sale
    level: activity
    effective_from: "{flash_from}"
    effective_to: "{flash_to}"
    announced_on: "{flash_announced}"
    activity_ids: [flash]
    excluded: true
"""
_POLICY = """\
- effective_from: "{start}"
  rules:
    - clause: "2.2(3)"
      measure: void_relation
      when: {{outcome: [same_person, same_controller], group_status: linked}}
      do: auto
    - {{clause: "2.2(3)", measure: void_relation, when: {{outcome: [possibly]}}, do: propose}}
    - {{clause: "3.5(2)", measure: hold_payout, when: {{flagged: true}}, do: auto, days: 60}}
    - {{clause: "3.5(2)", measure: cancel_rebate, when: {{flagged: true}}, do: propose}}
    - {{clause: "1.2(5)", measure: cancel_programme, when: {{}}, do: propose}}
  two_people: [claw_back, freeze_promoter, freeze_invitee, cancel_programme, cancel_rebate]
"""


def second_base_on(calendar: Calendar) -> date | None:
    """The day from which the second base document is in force, if the period is long enough for one."""
    return month_start(calendar.months // 2, calendar.months) if calendar.months >= 4 else None


def season_days(calendar: Calendar) -> dict[str, date]:
    """First and last days of the flash sale and of the double 11, whatever the length of the period."""
    sale = date(END.year - 1, 11, 1) if calendar.months >= 2 else date(END.year - 1, 12, 1)
    flash = month_start(min(1, calendar.months - 1), calendar.months) + timedelta(days=17)
    return {
        "sale_from": sale, "sale_to": sale + timedelta(days=14), "sale_announced": sale - timedelta(days=10),
        "flash_from": flash, "flash_to": flash + timedelta(days=9), "flash_announced": flash - timedelta(days=5),
    }  # fmt: skip


def seasons(calendar: Calendar) -> Seasons:
    """The same as pairs of instants [from, to)."""
    day, after = season_days(calendar), timedelta(days=1)
    return Seasons(
        flash=(instant(day["flash_from"]), instant(day["flash_to"] + after)),
        double_11=(instant(day["sale_from"]), instant(day["sale_to"] + after)),
    )


def write_documents(out: Path, calendar: Calendar) -> None:
    """Write programme.yaml and policy.yaml into the source folder."""
    start = calendar.first_day
    days = {"zone": ZONE, "start": start, "announced": start - timedelta(days=30), **season_days(calendar)}
    second = second_base_on(calendar)
    middle = ""
    if second is not None:
        middle = _SECOND.format(second=second, second_announced=second - timedelta(days=30))
    programme = _BASE.format(**days) + middle + _DETAIL.format(**days)
    (out / "programme.yaml").write_text(programme, encoding="utf-8")
    (out / "policy.yaml").write_text(_POLICY.format(**days), encoding="utf-8")
