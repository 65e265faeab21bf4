"""The auditor: the same agreement once more in plain Python, one promoter and one order at a time. No SQL, no frames.
It shares nothing with `settlement/` but the words of the design. It reads the rows that `Play` feeds to the real stage and
keeps books of its own; `run` brings them up to a day and leaves the statements, causes, balances and payables to compare.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]
SHANGHAI = ZoneInfo("Asia/Shanghai")
RANK = {"base": 0, "detail": 1, "activity": 2}
NOWHERE = object()


def day_of(instant: datetime) -> date:
    return instant.astimezone(SHANGHAI).date()


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def month_of(day: date) -> str:
    return day.isoformat()[:7]


def first_of(month: str) -> date:
    return date.fromisoformat(month + "-01")


def after(month: str, count: int = 1) -> str:
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + count, 12)
    return f"{year:04d}-{number + 1:02d}"


def last_of(month: str) -> date:
    return first_of(after(month)) - timedelta(days=1)


def in_time(order: Row) -> tuple[datetime, str]:
    return order["paid_at"], order["order_id"]


def half_up(exact: Decimal) -> int:
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def fen(amount: str) -> int:
    return int(Decimal(amount) * 100)


@dataclass(frozen=True)
class Line:
    """One order, judged."""

    order_id: str
    invitee_id: str
    month: str
    net: int
    qualifies: bool
    clause: str | None
    document: str | None
    rate: Decimal | None = None
    rebate: int = 0


@dataclass(frozen=True)
class Earned:
    """One promoter's month, judged."""

    users: int
    net: int
    rebate: int
    lines: tuple[Line, ...]


@dataclass
class Part:
    """What became of the payable of a statement, from its front: (status, fen) in the order in which it happened."""

    payable: int
    instalments: list[int]
    gone: list[list[Any]] = field(default_factory=list)

    @property
    def rest(self) -> int:
        return int(self.payable - sum(f for _, f in self.gone))


class Rules:
    """The rule documents of a programme."""

    def __init__(self, documents: Sequence[Row]) -> None:
        self.documents = documents
        ends = [d.get("effective_to") for d in documents if d["level"] == "base"]
        self.end = date.max if None in ends else date.fromisoformat(max(map(str, ends)))

    def find(self, path: str, day: date, order: Row | None = None) -> tuple[Any, str | None]:
        """The value of a leaf on a day (for an order: scoped documents too) and the document that sets it. After the
        programme's end nothing is earned, and the last day's values hold where no later document sets others."""
        if day > self.end and path.startswith(("rebate", "excluded")):
            return None, None
        best: tuple[tuple[int, str, int], Any, str] | None = None
        for place, document in enumerate(self.documents):
            if not document["effective_from"] <= day.isoformat() <= document.get("effective_to", "9999"):
                continue
            if not self._governs(document, order):
                continue
            value: Any = document
            for key in path.split("."):
                value = value.get(key, NOWHERE) if isinstance(value, Mapping) else NOWHERE
            key = (RANK[document["level"]], document["effective_from"], place)
            if value is not NOWHERE and (best is None or key > best[0]):
                best = (key, value, document["id"])
        if best is None:
            return self.find(path, self.end, order) if day > self.end else (None, None)
        return best[1], best[2]

    @staticmethod
    def _governs(document: Row, order: Row | None) -> bool:
        products, activities = document.get("products"), document.get("activity_ids")
        if order is None:
            return not products and not activities
        fits = not products or order["product_code"] in products
        return fits and (not activities or order.get("activity_id") in activities)

    def value(self, path: str, day: date, default: Any = None) -> Any:
        found = self.find(path, day)[0]
        return default if found is None else found


@dataclass
class World:
    """What is known: orders, refunds (fen by order) and decisions in force, and the groups to judge by."""

    orders: Mapping[str, Row]
    refunded: Mapping[str, int]
    decisions: Sequence[Row]


class Auditor:
    """Recomputes a programme run by run."""

    def __init__(self, documents: Sequence[Row]) -> None:
        self.rules = Rules(documents)
        self.issued: dict[str, Mapping[str, str]] = {}
        self.statements: dict[tuple[str, str], dict[str, Any]] = {}
        self.posted: dict[tuple[str, str], int] = {}
        self.causes: dict[tuple[str, str, str, str], int] = {}
        self.owed: Counter[str] = Counter()
        self.parts: dict[tuple[str, str], Part] = {}
        self.held: dict[tuple[str, str], int] = {}
        self.counted: dict[str, tuple[Row, list[Any], int]] = {}
        self.returned: Counter[str] = Counter()
        self.then: World | None = None

    def run(
        self, as_of: date, feeds: Mapping[str, list[Row]], decisions: Iterable[Row], groups: Mapping[str, str]
    ) -> None:
        """Bring the books up to the end of a day."""
        self.feeds, self.groups, self.cutoff = feeds, dict(groups), start_of(as_of + timedelta(days=1))
        orders = {o["order_id"]: o for o in feeds.get("orders", []) if o["paid_at"] < self.cutoff}
        refunded: dict[str, int] = {}
        for r in feeds.get("refunds", []):
            if r["refunded_at"] < self.cutoff and r["order_id"] in orders:
                refunded[r["order_id"]] = refunded.get(r["order_id"], 0) + r["cash_fen"]
        self.now = World(orders, refunded, [d for d in decisions if self._on(d)])
        due = [m for m in self._months(as_of) if m not in self.issued and self._issue_day(m) <= as_of]
        self._take_back()
        adjustments = self._restate() if due else {}
        for month in due:
            self._issue(month, as_of, adjustments if month == due[0] else {})
            self._pay()
        if due:
            self.then = self.now

    def _on(self, d: Row) -> bool:
        ends = d.get("effective_to")
        begun = d["status"] in ("approved", "applied") and d["effective_from"] <= self.cutoff
        return begun and (ends is None or ends > self.cutoff)

    def _months(self, as_of: date) -> Iterator[str]:
        month = min(d["effective_from"] for d in self.rules.documents if d["level"] == "base")[:7]
        while month <= month_of(as_of):
            yield month
            month = after(month)

    def _issue_day(self, month: str) -> date:
        days = [first_of(after(month)) + timedelta(days=n) for n in range(last_of(after(month)).day)]
        return next((d for d in days if d.day >= int(self.rules.value("statement_day", d, 20))), days[-1])

    def promoters(self) -> Mapping[str, datetime]:
        """Who has joined by now, and when first."""
        known = [p for p in self.feeds.get("promoters", []) if p["joined_at"] < self.cutoff]
        return {p["promoter_id"]: p["joined_at"] for p in sorted(known, key=lambda p: p["joined_at"], reverse=True)}

    def same_user(self, account: str, groups: Mapping[str, str]) -> set[str]:
        return {account} | {a for a, g in groups.items() if g == groups.get(account)}

    def relation(
        self, invitee: str, promoter: str, world: World, groups: Mapping[str, str]
    ) -> tuple[str | None, datetime, datetime, str | None]:
        """Reason why not established, start, end, and the clause of an end before the window's."""
        registered = next(a["registered_at"] for a in self.feeds["accounts"] if a["account_id"] == invitee)
        day = day_of(registered)
        length = int(self.rules.value("window_days", day, 30))
        length += 0 if self.rules.value("start_day_counts", day, False) else 1
        ends, cut = start_of(day + timedelta(days=length)), None
        standing = [
            s for s in self.feeds.get("standing", []) if s["promoter_id"] == promoter and s["from_at"] <= registered
            and (s.get("to_at") is None or registered < s["to_at"])
        ]  # fmt: skip
        lost = [(s["to_at"], "2.3(3)") for s in standing if s.get("to_at") and s["to_at"] < self.cutoff]
        lost += [(d["effective_from"], "2.3(2)") for d in world.decisions
                 if d["measure"] == "cancel_programme" and d["promoter_id"] == promoter]  # fmt: skip
        if lost and min(lost)[0] < ends:
            ends, cut = min(lost)
        return self._refusal(invitee, promoter, registered, world, groups, standing, lost), registered, ends, cut

    def _refusal(self, invitee: str, promoter: str, registered: datetime, world: World, groups: Mapping[str, str],
                 standing: list[Row], lost: list[tuple[datetime, str]]) -> str | None:  # fmt: skip
        voids = [d for d in world.decisions if d["measure"] == "void_relation" and self._touches(d, invitee, promoter)]
        if voids:
            return str(min(voids, key=lambda d: (d["clause"] != "2.2(3)", d["decision_id"]))["clause"])
        if any(a["account_id"] == invitee and a["valid_from"] <= registered and (a.get("valid_to") is None or registered < a["valid_to"])
               for a in self.feeds.get("affiliations", [])):  # fmt: skip
            return "2.2(1)"
        user = self.same_user(invitee, groups)
        if any(o["account_id"] in user and o["cash_fen"] and o["paid_at"] < registered for o in world.orders.values()):
            return "2.2(2)"
        if not standing or any(at <= registered for at, _ in lost):
            return "2.2(4)"
        return None

    def _touches(self, d: Row, invitee: str, promoter: str) -> bool:
        if d["subject_kind"] == "group":
            return self.groups.get(invitee) == d["subject_id"] and d.get("promoter_id") in (None, promoter)
        if d["subject_kind"] == "ring":
            return invitee in d["members"]
        return bool(d["subject_id"] == (promoter if d["subject_kind"] == "promoter" else invitee))

    def lines_of(
        self, invitee: str, promoter: str, world: World, groups: Mapping[str, str]
    ) -> tuple[list[Line], str | None]:
        """The invitee's orders, judged but not priced, and the month in which it is a new paying user."""
        refused, starts, ends, cut = self.relation(invitee, promoter, world, groups)
        own = sorted((o for o in world.orders.values() if o["account_id"] == invitee), key=in_time)
        clauses = {o["order_id"]: self._why_not(o, refused, starts, ends, cut, world) for o in own}
        net = {o["order_id"]: max(o["cash_fen"] - world.refunded.get(o["order_id"], 0), 0) for o in own}
        bought = [o for o in own if refused is None and starts <= o["paid_at"] < ends and o["cash_fen"] > 0]
        good = [o for o in bought if clauses[o["order_id"]] is None]
        user = self.same_user(invitee, groups)
        paid = [o for o in world.orders.values() if o["account_id"] in user and o["cash_fen"] > 0]
        first = min(paid, key=in_time, default=None)
        cards = [o for o in bought if self._terms(o)["card"]]
        why = None
        if (good and not any(net[o["order_id"]] for o in good)) or (bought and len(cards) == len(bought)):
            why = "4.3(2)"
        elif bought and all(self._excluded(o)[0] for o in bought):
            why = "4.3(3)"
        elif first is None or first not in bought:
            why = "4.3(1)"
        lines = []
        for o in own:
            clause = clauses[o["order_id"]] or why
            scope = self.rules.value("readings.amount_scope", day_of(o["paid_at"]))
            if clause is None and o is not good[0] and scope == "first_order":
                clause = "4.2(2)"
            excluded, by = self._excluded(o)
            document = by if excluded else self.rules.find("rebate.tiers", day_of(o["paid_at"]), o)[1]
            month, left = month_of(day_of(o["paid_at"])), net[o["order_id"]]
            lines.append(Line(o["order_id"], invitee, month, left, clause is None, clause, document))
        counts = first in bought and good and why is None
        return lines, month_of(day_of(first["paid_at"])) if counts and first else None

    def _excluded(self, o: Row) -> tuple[bool, str | None]:
        value, by = self.rules.find("excluded", day_of(o["paid_at"]), o)
        return bool(value), by

    def _terms(self, o: Row) -> dict[str, bool]:
        products = self.feeds.get("products", [])
        fits = [p for p in products if p["product_code"] == o["product_code"] and p["valid_from"] <= o["paid_at"]]
        row = fits[0] if fits else None
        return {"promotable": row["promotable"] if row else not products, "card": bool(row and row["recharge_card"])}

    def _why_not(
        self, o: Row, refused: str | None, starts: datetime, ends: datetime, cut: str | None, world: World
    ) -> str | None:
        if refused:
            return refused
        if o["paid_at"] >= ends:
            return cut or "4.2(1)"
        if o["paid_at"] < starts:
            return "4.2(1)"
        if o["cash_fen"] == 0:
            return "4.2(2)"
        voids = [d for d in world.decisions if d["measure"] in ("void_order", "reverse_transaction")
                 and (d["subject_id"] == o["order_id"] or o["account_id"] in d.get("members", ()))]  # fmt: skip
        if voids:
            return str(min(voids, key=lambda d: d["decision_id"])["clause"])
        terms = self._terms(o)
        if terms["card"] and self.rules.value("readings.recharge_card_amount", day_of(o["paid_at"])) != "count":
            return "4.3(2)"
        if self._excluded(o)[0]:
            return "4.2(3)"
        if not terms["promotable"] or self.rules.find("rebate.tiers", day_of(o["paid_at"]), o)[0] is None:
            return "4.2(1)"
        return None

    def earned(self, promoter: str, month: str, world: World) -> Earned:
        """What a promoter earns in a month, by the groups of the month's issue or today's."""
        groups = self.issued.get(month, self.groups)
        invitees = [r["invitee_id"] for r in self.feeds.get("referrals", []) if r["promoter_id"] == promoter]
        judged = [self.lines_of(i, promoter, world, groups) for i in sorted(invitees) if self._known(i)]
        lines = [line for found, _ in judged for line in found if line.month == month]
        users = sum(counted == month for _, counted in judged)
        net = sum(line.net for line in lines if line.qualifies)
        priced = [self._price(line, users, net, world) for line in lines]
        day = min(last_of(month), self.rules.end)
        total = 0
        cap = self.rules.value("rebate.invitee_month_cap", day)
        for invitee in sorted({line.invitee_id for line in priced}):
            mine = sum(line.rebate for line in priced if line.invitee_id == invitee)
            total += mine if cap is None else min(mine, fen(cap))
        total += users * fen(self.rules.value("rebate.bounty_per_new_paying_user", day, "0"))
        cap = self.rules.value("rebate.promoter_month_cap", day)
        total = total if cap is None else min(total, fen(cap))
        cancels = [d for d in world.decisions if d["measure"] == "cancel_rebate" and d["promoter_id"] == promoter]
        if any(d["month"] == month for d in cancels):
            total = 0
        return Earned(users, net, total, tuple(priced))

    def _known(self, invitee: str) -> bool:
        return any(a["account_id"] == invitee and a["registered_at"] < self.cutoff for a in self.feeds["accounts"])

    def _price(self, line: Line, users: int, net: int, world: World) -> Line:
        if not line.qualifies:
            return line
        order = world.orders[line.order_id]
        day = day_of(order["paid_at"])
        tiers = self.rules.find("rebate.tiers", day, order)[0]
        by_net = self.rules.find("rebate.tier_by", day, order)[0] == "net_amount"
        measure = Decimal(net) / 100 if by_net else Decimal(users)
        reached = [t for t in tiers if Decimal(str(t["from"])) <= measure]
        rate = Decimal(max(reached, key=lambda t: Decimal(str(t["from"])))["rate"]) if reached else Decimal(0)
        return replace(line, rate=rate, rebate=half_up(line.net * rate))

    def _restate(self) -> dict[tuple[str, str, str], int]:
        """By promoter, earning month and cause: what issued months differ by from what was posted."""
        found: dict[tuple[str, str, str], int] = {}
        then = self.then or World({}, {}, [])
        old = {d["decision_id"]: d for d in then.decisions}
        new = {d["decision_id"]: d for d in self.now.decisions}
        # Decisions that name a promoter are let in for that promoter alone, but they touch no other's money either.
        # What the rows of then come to today is due to other late rows (an affiliation, a product, a change of account).
        steps: list[tuple[str, World]] = [
            ("4.2(1)", then), ("4.2(4)", World(then.orders, self._refunds_of(then.orders), then.decisions)),
            ("4.2(1)", World(self.now.orders, self.now.refunded, then.decisions)),
        ]  # fmt: skip
        decided = dict(old)
        for decision_id in sorted(new.keys() - old.keys()):
            decided[decision_id] = new[decision_id]
            steps.append((decision_id, World(self.now.orders, self.now.refunded, list(decided.values()))))
        for decision_id in sorted(old.keys() - new.keys()):
            del decided[decision_id]
            steps.append((decision_id, World(self.now.orders, self.now.refunded, list(decided.values()))))
        for promoter in sorted(self.promoters()):
            for month in sorted(self.issued):
                if self.earned(promoter, month, self.now).rebate == self.posted.get((promoter, month), 0):
                    continue
                level = self.posted.get((promoter, month), 0)
                for cause, world in steps:
                    rebate = self.earned(promoter, month, world).rebate
                    found[promoter, month, cause] = found.get((promoter, month, cause), 0) + rebate - level
                    level = rebate
        return {key: amount for key, amount in found.items() if amount}

    def _refunds_of(self, orders: Mapping[str, Row]) -> Mapping[str, int]:
        return {o: amount for o, amount in self.now.refunded.items() if o in orders}

    def covered(self, promoter: str, month: str) -> bool:
        """Does a hold cover a statement now?"""
        return any(
            (d["measure"] == "hold_payout" or (d["measure"] == "suspend_functions" and "payout" in (d.get("functions") or "payout")))
            and d["promoter_id"] == promoter and d.get("month") in (None, month)
            for d in self.now.decisions
        )  # fmt: skip

    def _issue(self, month: str, as_of: date, adjustments: Mapping[tuple[str, str, str], int]) -> None:
        ends = start_of(first_of(after(month)))
        for promoter, joined in sorted(self.promoters().items()):
            if joined < ends:
                mine = {key: amount for key, amount in adjustments.items() if key[0] == promoter}
                self._state(promoter, month, as_of, mine)
        self.issued[month] = dict(self.groups)

    def _state(self, promoter: str, month: str, as_of: date, adjustments: Mapping[tuple[str, str, str], int]) -> None:
        earned = self.earned(promoter, month, self.now)
        before = [m for p, m in self.statements if p == promoter]
        carried = self.statements[promoter, max(before)]["carried_out"] if before else 0
        carried += self.returned.pop(promoter, 0)
        free = [m for p, m in sorted(self.held) if p == promoter and not self.covered(promoter, m)]
        released = sum(self.held.pop((promoter, m)) for m in free)
        total = earned.rebate + sum(adjustments.values()) + carried + released
        s = {"status": "issued", "new_paying_users": earned.users, "net": earned.net, "rebate": earned.rebate,
             "adjustments": sum(adjustments.values()), "carried_in": carried, "released": released,
             "clawback_added": max(-total, 0), "offset": 0, "held": 0, "carried_out": 0, "payable": 0}  # fmt: skip
        if total < 0:
            self.owed[promoter] += self._cancel(promoter, -total)
        else:
            s["offset"] = min(total, self.owed[promoter])
            self.owed[promoter] -= s["offset"]
            left = total - s["offset"]
            if self.covered(promoter, month):
                s["status"], s["held"] = "held", left
                if left:
                    self.held[promoter, month] = left
            elif left < fen(self.rules.value("minimum_payout", as_of, "0")):
                s["carried_out"] = left
            else:
                s["payable"] = left
        if s["payable"]:
            self.parts[promoter, month] = Part(s["payable"], self._split(s["payable"], as_of))
        self.statements[promoter, month] = s
        self.posted[promoter, month] = earned.rebate
        for (_, earning, cause), amount in adjustments.items():
            self.posted[promoter, earning] = self.posted.get((promoter, earning), 0) + amount
            self.causes[promoter, month, earning, cause] = amount

    def _split(self, payable: int, as_of: date) -> list[int]:
        plan = self.rules.value("instalments", as_of, [{"share": "1.00"}])
        shares: list[int] = []
        for part in plan[:-1]:
            shares.append(min(half_up(payable * Decimal(part["share"])), payable - sum(shares)))
        return [*shares, payable - sum(shares)]

    def _cancel(self, promoter: str, amount: int) -> int:
        """Cancel unpaid instalments, oldest statement first; what no instalment takes stays open."""
        for key in sorted(k for k in self.parts if k[0] == promoter):
            taken = min(self.parts[key].rest, amount)
            if taken:
                self.parts[key].gone.append(["cancelled", taken])
                amount -= taken
        return amount

    def _pay(self) -> None:
        """Count payouts of issued statements; a payment above what was payable adds its excess to the balance."""
        known = [p for p in self.feeds.get("payouts", []) if p["paid_at"] < self.cutoff]
        for p in sorted(known, key=lambda p: (p["paid_at"], p["payout_id"])):
            key = (p["promoter_id"], p["month"])
            if key not in self.statements or p["payout_id"] in self.counted or p["status"] != "paid":
                continue
            part = self.parts.get(key)
            filled = ["paid", min(p["gross_fen"], part.rest) if part else 0]
            if part and filled[1]:
                part.gone.append(filled)
            excess = p["gross_fen"] - filled[1]
            self.counted[p["payout_id"]] = dict(p), filled, excess
            self.owed[key[0]] += excess

    def _take_back(self) -> None:
        """Undo the counted payouts of statements of which one failed since or was of another amount, and count anew. What was
        offset for an excess comes back; what is payable again goes against what is owed."""
        now = {p["payout_id"]: p for p in self.feeds.get("payouts", [])}
        wrong = {(b["promoter_id"], b["month"]) for i, (b, _, _) in self.counted.items() if now[i] != b}
        for payout_id, (before, filled, excess) in sorted(self.counted.items()):
            key = (promoter, _) = before["promoter_id"], before["month"]
            if key in wrong:
                del self.counted[payout_id]
                if key in self.parts:
                    self.parts[key].gone = [g for g in self.parts[key].gone if g is not filled]
                taken = min(excess, self.owed[promoter])
                self.owed[promoter] -= taken
                self.returned[promoter] += excess - taken
        self._pay()
        for promoter in {p for p, _ in wrong}:
            self.owed[promoter] = self._cancel(promoter, self.owed[promoter])

    def payables(self) -> dict[tuple[str, str, int, str], int]:
        """Fen by promoter, month, instalment and status; what is unpaid is 'held' or 'open'."""
        found: dict[tuple[str, str, int, str], int] = {}
        for (promoter, month), part in self.parts.items():
            spans = [*part.gone, ("held" if self.covered(promoter, month) else "open", part.rest)]
            number, room = 0, part.instalments[0]
            for status, amount in spans:
                while amount:
                    while room == 0:
                        number, room = number + 1, part.instalments[number + 1]
                    taken = min(amount, room)
                    key = (promoter, month, number + 1, status)
                    found[key] = found.get(key, 0) + taken
                    amount, room = amount - taken, room - taken
        return found
