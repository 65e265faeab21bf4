"""How a statement looks: text for a terminal, a page, and sheets. Pure functions of a `statements.Statement`."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_contracts.money import show, yuan
from data_contracts.sheet import cell, csv_text

if TYPE_CHECKING:
    from jinja2 import Environment

    from settlement.statements import Statement

Amounts = Sequence[tuple[str, str, str, int]]
STATUS = {"provisional": "暂估", "issued": "已出账", "held": "暂缓"}
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest instant that a zip file can name: sheets carry no clock
CAUSES = {
    "4.2(4)": "退款、退订或降配 refund, unsubscription or downgrade", "4.2(1)": "后到数据 rows that came late",
}  # fmt: skip


def cause(name: str) -> str:
    """What a cause of an adjustment means: a clause, or the decision that it names."""
    return CAUSES.get(name, f"决定 decision {name}")


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with fen as decimal text (the name loses `_fen`), ppm as a decimal rate, days as ISO text."""
    out: dict[str, Any] = {}
    for name, value in row.items():
        if name.endswith("_fen"):
            out[name.removesuffix("_fen")] = None if value is None else str(yuan(value))
        elif name.endswith("_ppm"):
            out[name.removesuffix("_ppm")] = None if value is None else str(Decimal(value).scaleb(-6))
        else:
            out[name] = value.isoformat() if isinstance(value, date) else value
    return out


def formula(payout: Mapping[str, Any]) -> str | None:
    """How our tax on a payout comes about, in one line; None for a failed payout."""
    if payout["regime"] is None:
        return None
    span = f"of the year, {payout['months']} months" if payout["regime"] == "cumulative" else "of the month"
    base = f"{show(payout['income_fen'])} {span}"
    if payout["deduct_ppm"]:
        base += f" - {rate(payout['deduct_ppm'])}"
    if payout["deduct_fen"]:
        base += f" - {show(payout['deduct_fen'])}"
    before = f"{show(payout['before_fen'])} withheld before"
    told = f"({base}) x {rate(payout['rate_ppm'])} - {show(payout['quick_fen'])} - {before}"
    return f"{told} = {show(payout['expected_tax_fen'])}" + ("" if payout["expected_tax_fen"] else ", never below 0")


def why(line: Mapping[str, Any]) -> str:
    """Why a line does not count, or what a line of its own is."""
    if line["line_kind"] != "order":
        return {"cap": "封顶 cap", "bounty": "新付费用户奖励 bounty"}[line["line_kind"]]
    return "" if line["qualifies"] else f"不计 {line['clause']}"


def rate(ppm: int | None) -> str:
    """`10 %`, or nothing."""
    return "" if ppm is None else f"{Decimal(ppm).scaleb(-4).normalize():f} %"


def signed(name: str, amount: int, sign: int) -> int:
    """An amount as it enters what is payable: what is taken off is negative."""
    return -amount if sign < 0 else amount


def text(s: Statement, amounts: Amounts) -> bytes:
    """Aligned text for a terminal."""
    out = [f"返利对账单 Rebate statement  {s.promoter_id}  {s.month}",
           f"{STATUS[s.status]} {s.status}" + (f", {s.issued_on} 出账 issued" if s.issued_on else ""),
           f"新付费用户 new paying users {s.new_paying_users}, 计返利金额 net amount {show(s.net_fen)} CNY", ""]  # fmt: skip
    for name, zh, en, sign in amounts:
        out.append(f"  {show(signed(name, s.amounts[name], sign)):>16}  {zh} {en}")
    if s.tax_estimate_fen is not None:
        out.append(f"  {show(s.tax_estimate_fen):>16}  预估个税 Tax estimate, for this statement alone")
    for title, rows in sections(s):
        out += ["", title]
        wide = [max(len(str(r[i])) for r in rows) for i in range(len(rows[0]))]
        out += ["  " + "  ".join(str(v).ljust(w) for v, w in zip(r, wide, strict=True)).rstrip() for r in rows]
    return ("\n".join(out) + "\n").encode()


def sections(s: Statement) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """The tables of a statement that have rows: title, then rows of text, the head first."""
    found: list[tuple[str, list[tuple[Any, ...]]]] = []
    if s.lines:
        rows: list[tuple[Any, ...]] = [("invitee", "order", "document", "net", "rate", "rebate", "why")]
        rows += [(r["invitee_id"] or "", r["order_id"] or "", r["document"] or "", show(r["net_fen"]), rate(r["rate_ppm"]),
                  show(r["rebate_fen"]), why(r)) for r in s.lines]  # fmt: skip
        found.append(("明细 Lines, as known now", rows))
    if s.cancelled:
        rows = [("decision", "clause", "amount")]
        rows += [(r["decision_id"], r["clause"], show(r["amount_fen"])) for r in s.cancelled]
        found.append(("本月返利取消 Rebate of the month cancelled", rows))
    for title, posted in (
        ("调整 Adjustments in this statement", s.adjustments), ("此后对本月的调整 Adjusted later", s.later),
        ("暂缓与解除 Put on hold, and released (negative)", s.holds),
    ):  # fmt: skip
        if posted:
            rows = [("statement", "earning month", "amount", "cause")]
            rows += [
                (r["month"], r["earning_month"], show(r["amount_fen"]), f"{r['cause']} {cause(r['cause'])}")
                for r in posted
            ]
            found.append((title, rows))
    if s.parts:
        rows = [("no", "due", "amount", "payer", "status")]
        rows += [(r["instalment"], r["due_on"], show(r["amount_fen"]), r["payer"], r["status"]) for r in s.parts]
        found.append(("分期 Instalments", rows))
    if s.payouts:
        rows = [("payout", "on", "status", "gross", "tax", "how our tax comes about", "check")]
        rows += [(r["payout_id"], r["paid_on"], r["status"], show(r["gross_fen"]), show(r["tax_fen"]), formula(r) or "",
                  r["verdict"]) for r in s.payouts]  # fmt: skip
        found.append(("付款 Payouts", rows))
    return found


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True,
                       undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)  # fmt: skip


def html(s: Statement, amounts: Amounts) -> bytes:
    """A page of its own: no script, nothing fetched."""
    shown = [(zh, en, show(signed(name, s.amounts[name], sign))) for name, zh, en, sign in amounts]
    page = _environment().get_template("statement.html.j2").render(
        s=s, status_zh=STATUS[s.status], amounts=shown, net=show(s.net_fen), sections=sections(s),
        tax=None if s.tax_estimate_fen is None else show(s.tax_estimate_fen),
    )  # fmt: skip
    return (page + "\n").encode()


def _sheet(s: Statement, amounts: Amounts) -> tuple[list[str], list[list[object]]]:
    """One flat table: what a row is, then its columns; money as numbers."""
    head = [
        "part",
        "invitee_id",
        "order_id",
        "earning_month",
        "document",
        "cause",
        "day",
        "status",
        "net",
        "rate",
        "amount",
    ]
    rows: list[list[object]] = []
    for name, _, _, sign in amounts:
        rows.append([name, *[None] * 9, yuan(signed(name, s.amounts[name], sign))])
    if s.tax_estimate_fen is not None:
        rows.append(["tax_estimate", *[None] * 9, yuan(s.tax_estimate_fen)])
    for r in s.lines:
        ppm = None if r["rate_ppm"] is None else Decimal(r["rate_ppm"]).scaleb(-6)
        rows.append([r["line_kind"], r["invitee_id"], r["order_id"], s.month, r["document"], r["clause"], None,
                     "counts" if r["qualifies"] else "does not count", yuan(r["net_fen"]), ppm, yuan(r["rebate_fen"])])  # fmt: skip
    rows += [["cancelled", None, None, s.month, None, f"{r['decision_id']} {r['clause']}", *[None] * 4, yuan(r["amount_fen"])]
             for r in s.cancelled]  # fmt: skip
    for part, posted in (("adjustment", s.adjustments), ("adjusted_later", s.later), ("hold", s.holds)):
        rows += [[part, None, None, r["earning_month"], None, r["cause"], None, r["month"], None, None, yuan(r["amount_fen"])]
                 for r in posted]  # fmt: skip
    rows += [[f"instalment {r['instalment']}", *[None] * 4, r["payer"], r["due_on"].isoformat(), r["status"], None, None,
              yuan(r["amount_fen"])] for r in s.parts]  # fmt: skip
    rows += [["payout", None, r["payout_id"], None, None, formula(r), r["paid_on"].isoformat(), r["status"], None, None,
              yuan(r["gross_fen"])] for r in s.payouts]  # fmt: skip
    return head, rows


def csv(s: Statement, amounts: Amounts) -> bytes:
    """The sheet as CSV."""
    return csv_text(*_sheet(s, amounts)).encode()


def xlsx(s: Statement, amounts: Amounts) -> bytes:
    """The sheet as a workbook: text cells are text, money is numbers, and no clock stands in the file."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = s.month
    head, rows = _sheet(s, amounts)
    table: list[list[Any]] = [[f"{s.promoter_id} {s.month}", s.status], list(head), *rows]
    for y, row in enumerate(table, 1):
        for x, value in enumerate(row, 1):
            if value is not None:
                place: Any = sheet.cell(y, x)
                place.value = cell(value)
                place.data_type = "s" if isinstance(value, str) else place.data_type
                if isinstance(value, Decimal):
                    place.number_format = "0.00####" if x == 10 else "#,##0.00"
    made = io.BytesIO()
    book.save(made)
    return _without_clock(made.getvalue())


def _without_clock(workbook: bytes) -> bytes:
    """The same workbook with one fixed instant in its properties and in the names of its parts."""
    out = io.BytesIO()
    fixed = "1980-01-01T00:00:00Z"
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            data = old.read(name)
            if name == "docProps/core.xml":
                start, rest = data.split(b"<dcterms:created", 1)
                end = rest.split(b"</dcterms:modified>", 1)[1]
                kind = b' xsi:type="dcterms:W3CDTF" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
                data = (
                    start + b"<dcterms:created" + kind + fixed.encode() + b"</dcterms:created><dcterms:modified" + kind
                )
                data += fixed.encode() + b"</dcterms:modified>" + end
            new.writestr(zipfile.ZipInfo(name, EPOCH), data)
    return out.getvalue()
