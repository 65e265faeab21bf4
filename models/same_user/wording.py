"""Explanations in words, English and Chinese. Takes the plain form of an explanation, gives lines of text."""

from __future__ import annotations

from typing import Any

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "same_person": "the same person", "same_controller": "one hand, different papers", "possibly": "possibly the same",
        "related": "related, not the same", "unrelated": "nothing that ties them",
        "id_doc": "identity document", "phone": "phone", "payment": "payment account", "email": "e-mail",
        "device": "device", "ip": "IP address", "address": "delivery address",
        "head": "{a} and {b}: {outcome}. {bits:+.2f} bits, probability {probability:.4f}; the same from {same:+.2f} bits.",
        "prior": "before any evidence", "prior_referral": "before any evidence (one referred the other)",
        "piece": "{kind} {mask}, in the hands of {shared_by:,} unrelated, {first} to {last}",
        "capped": " (of {full:.2f}: one household counts once)",
        "against": "each has its own {kind}",
        "total": "in all", "silent": "Also shared, and worth nothing: {kind} {mask}, held by {shared_by:,} ({reason} since {since}).",
        "household": "household", "against_household": "one door, one device or line and nothing more: so does a household look",
        "must_link": "An analyst joined the two.", "cannot_link": "An analyst parted the two: they are never one group.",
        "path": "They are linked through others; the strongest path:", "group": "Group {group} ({status}).",
        "fall": "What would part them: {a} and {b} not sharing their {kinds}.",
        "fall_also": "  and {a} and {b} not sharing their {kinds}.",
        "hub": "shared by too many", "register": "known shared infrastructure", "placeholder": "placeholder",
        "linked": "linked", "needs_review": "needs review", "list": ", ",
        "group_head": "Group {group}: {size} accounts, {links} links, {status}; a cut of {cohesion:.2f} bits would part it.",
        "tree": "What holds it together, strongest first:", "weakest": "Weakest link: {a} and {b}, {bits:+.2f} bits.",
        "papers": "{account} has the identity document {papers}",
    },
    "zh": {
        "same_person": "同一人", "same_controller": "同一控制人（证件不同）", "possibly": "可能为同一用户",
        "related": "有关联，非同一用户", "unrelated": "没有关联",
        "id_doc": "身份证件", "phone": "手机号", "payment": "支付账户", "email": "邮箱", "device": "设备",
        "ip": "IP 地址", "address": "收货地址",
        "head": "{a} 与 {b}：{outcome}。{bits:+.2f} 比特，概率 {probability:.4f}；达到 {same:+.2f} 比特即认定为同一用户。",
        "prior": "无任何证据时", "prior_referral": "无任何证据时（一方推荐了另一方）",
        "piece": "{kind} {mask}，{shared_by:,} 个互不相关的用户持有，{first} 至 {last}",
        "capped": "（原为 {full:.2f}：同一住户只计一次）",
        "against": "双方都有{kind}，但不相同",
        "total": "合计", "silent": "另有共用但不计分的：{kind} {mask}，{shared_by:,} 个用户持有（{reason}，自 {since} 起）。",
        "household": "同住", "against_household": "同一住址、同一设备或网络，再无其他：同住的家人也会如此",
        "must_link": "分析员已认定两者为同一用户。", "cannot_link": "分析员已认定两者不是同一用户，不会归入同一组。",
        "path": "两者经由其他账号相连，最强的路径：", "group": "组 {group}（{status}）。",
        "fall": "去掉以下证据即可将两者分开：{a} 与 {b} 之间的{kinds}。",
        "fall_also": "并且去掉 {a} 与 {b} 之间的{kinds}。",
        "hub": "共用者过多", "register": "已登记的公共设施", "placeholder": "占位值",
        "linked": "已关联", "needs_review": "待复核", "list": "、",
        "group_head": "组 {group}：{size} 个账号，{links} 条关联，{status}；切断 {cohesion:.2f} 比特即可将其分开。",
        "tree": "维系该组的关联，由强到弱：", "weakest": "最弱的一环：{a} 与 {b}，{bits:+.2f} 比特。",
        "papers": "{account} 的身份证件为 {papers}",
    },
}  # fmt: skip


def pair_text(said: dict[str, Any], lang: str) -> str:
    """The explanation of a pair, one line per piece of evidence."""
    w = WORDS[lang]
    lines = waterfall(said["pair"], said["same_bits"], w)
    lines += [w["silent"].format(**{**s, "kind": w[s["kind"]], "reason": w[s["reason"]]}) for s in said["silent"]]
    if said["group_id"]:
        lines.append(w["group"].format(group=said["group_id"], status=w[said["group_status"]]))
    if said["path"]:
        lines.append(w["path"])
        for step in said["path"]:
            lines += ["  " + line for line in waterfall(step, said["same_bits"], w)]
    for place, (a, b, kinds) in enumerate(said["counterfactual"]):
        if kinds:
            named = w["list"].join(w[k] for k in kinds)
            lines.append(w["fall_also" if place else "fall"].format(a=a, b=b, kinds=named))
    return "\n".join(lines)


def waterfall(pair: dict[str, Any], same_bits: float, w: dict[str, str]) -> list[str]:
    """Head, prior, pieces for and against, each with its bits and the running total."""
    running = pair["prior_bits"]
    head = w["head"].format(
        a=pair["account_a"], b=pair["account_b"], outcome=w[pair["outcome"]], bits=pair["bits"],
        probability=pair["probability"], same=same_bits,
    )  # fmt: skip
    lines = [head, _line(running, running, w["prior_referral" if pair["referral"] else "prior"])]
    for p in pair["pieces"]:
        running += p["bits"]
        text = w["piece"].format(
            kind=w[p["kind"]],
            mask=p["mask"],
            shared_by=p["shared_by"],
            first=p["first_seen"][:10],
            last=p["last_seen"][:10],
        )
        if p["full_bits"] - p["bits"] > 0.005:
            text += w["capped"].format(full=p["full_bits"])
        lines.append(_line(p["bits"], running, text))
    for kind, bits in pair["against"]:
        running += bits
        text = w["against_household"] if kind == "household" else w["against"].format(kind=w[kind])
        lines.append(_line(bits, running, text))
    if pair["override"]:
        lines.append(w[pair["override"]])
    return lines


def _line(bits: float, running: float, text: str) -> str:
    return f"  {bits:+8.2f}  {running:+8.2f}  {text}"


def group_text(said: dict[str, Any], lang: str) -> str:
    """The explanation of a group."""
    w = WORDS[lang]
    lines = [w["group_head"].format(
        group=said["group_id"], size=len(said["accounts"]), links=said["links"], status=w[said["status"]],
        cohesion=said["cohesion"],
    ), w["tree"]]  # fmt: skip
    for a, b, bits, outcome, kinds in said["tree"]:
        lines.append(f"  {bits:+8.2f}  {a} - {b}  {w[outcome]}: {w['list'].join(w[k] for k in kinds)}")
    if said["weakest"]:
        a, b, bits = said["weakest"]
        lines.append(w["weakest"].format(a=a, b=b, bits=bits))
    lines += [
        "  " + w["papers"].format(account=account, papers=w["list"].join(masks))
        for account, masks in said["papers"].items()
    ]
    return "\n".join(lines)
