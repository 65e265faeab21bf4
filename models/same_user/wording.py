"""Explanations in words, English and Chinese. Takes the plain form of an explanation, gives lines of text."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")  # days are natural days there
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "same_person": "the same person", "same_controller": "one hand, different papers", "possibly": "possibly the same",
        "related": "related, not the same", "unrelated": "nothing ties them",
        "id_doc": "identity document", "phone": "phone", "payment": "payment account", "email": "e-mail",
        "device": "device", "ip": "IP address", "address": "delivery address",
        "one_user": "{a} and {b} are one user: {outcome}.",
        "one_user_through": "{a} and {b} are one user, but only through other accounts (below).",
        "not_one_user": "{a} and {b} are not one user: {outcome}.",
        "context": "Related is context, as for a household, colleagues or classmates: nothing is decided on it.",
        "possibly_one_user": "{a} and {b} are possibly one user: a person decides.",
        "group": "Both are in group {group} ({status}).",
        "sum": "{outcome}, {bits:+.2f} bits; from {same:+.2f} on, with enough kinds of evidence, two accounts are the same.",
        "truth": " Where the truth is known (simulated programmes), {share} of pairs with so many bits had one hand behind them.",
        "legend": "Bits count doublings of the odds that one hand is behind both accounts: +1 doubles them, -1 halves them, at 0 they"
        " are even, as the model reckons them: what so many bits meant where the truth is known stands beside the sum. First"
        " column: what the line adds; second: the sum so far.",
        "prior": "before any evidence: two accounts picked at random",
        "prior_referral": "before any evidence: one referred the other, and people invite their friends",
        "for": "For:", "against": "Against:",
        "piece": "the same {kind} {mask}{level}, {holders}, seen {first} to {last}",
        "alone": "held by nobody unrelated to them", "holders": "held by {shared_by:,} unrelated people, these two among them",
        "two": "held by these two accounts alone", "accounts": "held by {shared_by:,} accounts, these two among them",
        "capped": "; {full:+.2f} by itself, but device, line and door of one household count as one",
        "differ": "each has an {kind} of its own", "differ_phone": "each has a {kind} of its own",
        "household": "household",
        "against_household": "so does a household look: one door beside one device or line, or one device that went round at one"
        " line without a day on which both were there",
        "silent": "Shared, but worth nothing: {kind} {mask}, held by {shared_by:,} unrelated people ({reason} since {since}).",
        "must_link": "An analyst joined the two: the bits are their word's, whatever the evidence.",
        "cannot_link": "An analyst parted the two: they are never one group.",
        "short": "What is missing: {bits:.2f} bits.",
        "uncorroborated": "What is missing: a second kind of evidence that few hold. An identity document alone is enough; anything"
        " else needs two kinds, one of them phone, payment account or device.",
        "path": "How others connect them, step by step:",
        "fall": "This would fall if {a} and {b} did not share their {kinds}", "fall_also": ", and {a} and {b} not their {kinds}",
        "unlink": "If you know better: tongren unlink {a} {b} (it wins over all of this), or tongren shared add for a thing that"
        " many use.",
        "link": "If you know better: tongren link {a} {b}.", "word": "an analyst's word",
        "end": "If you know better: tongren unlink {a} {b} --end.",
        "hub": "shared by too many", "register": "registered as shared", "placeholder": "placeholder",
        "linked": "linked: policy may act on it",
        "needs_review": "needs review: policy waits for a person", "list": ", ", "and": ", ", "stop": ".",
        "group_head": "Group {group}: {size} accounts, {status}. {links} of their pairs are the same by themselves.",
        "cohesion": "To part it, links of {cohesion:.2f} bits or more would have to fall.",
        "tree": "What holds it together, strongest first (bits: doublings of the odds that one hand is behind both):",
        "tree_line": "{kinds} ({outcome})", "weakest": "The weakest of these: {a} and {b}. Why: tongren explain {a} {b}",
        "documents": "Identity documents:", "no_document": "none: {accounts}",
        "phone.recycled": " (used long apart: numbers are given out again)",
        "phone.near_cheap": " (of a virtual or machine operator: cheap to get)",
        "payment.far": " (used long apart)", "email.far": " (used long apart)",
        "device.passed_on": " (used long apart: it may have been sold or passed on)",
        "ip.near": " (within days of each other)", "ip.same_day": " (on the same day)",
        "address.building": " (the same building)", "address.door": " (the same door)",
    },
    "zh": {
        "same_person": "同一人", "same_controller": "同一控制人，证件不同", "possibly": "可能为同一用户",
        "related": "有关联，但不是同一用户", "unrelated": "没有关联",
        "id_doc": "身份证件", "phone": "手机号", "payment": "支付账户", "email": "邮箱", "device": "设备",
        "ip": "IP 地址", "address": "收货地址",
        "one_user": "{a} 与 {b} 是同一用户：{outcome}。",
        "one_user_through": "{a} 与 {b} 是同一用户，但只是经由其他账号相连（见下）。",
        "not_one_user": "{a} 与 {b} 不是同一用户：{outcome}。",
        "context": "有关联仅供参考，同住的家人、同事、同学亦会如此，不作为处理依据。",
        "possibly_one_user": "{a} 与 {b} 可能是同一用户：须由人工判断。",
        "group": "两者同属组 {group}（{status}）。",
        "sum": "{outcome}，{bits:+.2f} 比特；达到 {same:+.2f} 比特且证据种类足够，才认定为同一用户。",
        "truth": "在已知真相的模拟数据中，比特数相当的账号对有 {share} 出自同一控制人。",
        "legend": "比特：两个账号出自同一控制人的胜算翻了几番。+1 为翻一番，-1 为减半，0 为各占一半；"
        "此为模型的估计，在真相已知之处如此多的比特意味着什么，写在合计之后。第一列为该行所加，第二列为累计。",
        "prior": "尚无证据时：任取两个账号",
        "prior_referral": "尚无证据时：一方推荐了另一方，而人们本来就会邀请朋友",
        "for": "支持：", "against": "反对：",
        "piece": "{kind}相同：{mask}{level}，{holders}，{first} 至 {last}",
        "alone": "没有其他无关的人使用", "holders": "连同两者共 {shared_by:,} 个互不相关的人使用",
        "two": "仅这两个账号使用", "accounts": "连同两者共 {shared_by:,} 个账号使用",
        "capped": "；单独计为 {full:+.2f}，但同一住户的设备、网络、住址合为一项证据",
        "differ": "双方各有自己的{kind}", "differ_phone": "双方各有自己的{kind}",
        "household": "同住",
        "against_household": "同住的家人也会如此：同一住址且同一设备或网络；或同一网络下轮流使用同一设备，从未在同一天同时出现",
        "silent": "共用但不计分：{kind} {mask}，{shared_by:,} 个互不相关的人使用（{reason}，自 {since} 起）。",
        "must_link": "分析员已认定两者为同一用户：比特数以此认定为准，与证据无关。",
        "cannot_link": "分析员已认定两者不是同一用户，不会归入同一组。",
        "short": "尚缺：{bits:.2f} 比特。",
        "uncorroborated": "尚缺：另一类少有人共用的证据。身份证件一项即足够；其余须有两类，其中一类为手机号、支付账户或设备。",
        "path": "两者如何经由其他账号相连：",
        "fall": "若 {a} 与 {b} 没有共用以下各类标识：{kinds}",
        "fall_also": "；且 {a} 与 {b} 没有共用：{kinds}",
        "unlink": "若您另有依据：tongren unlink {a} {b}（优先于以上一切），或用 tongren shared add 登记多人共用之物。",
        "link": "若您另有依据：tongren link {a} {b}。", "word": "分析员的认定",
        "end": "若您另有依据：tongren unlink {a} {b} --end。",
        "hub": "共用者过多", "register": "已登记为公共设施", "placeholder": "占位值",
        "linked": "已关联：可按策略处理", "needs_review": "待复核：须先经人工", "list": "、", "and": "，", "stop": "，此结论即不成立。",
        "group_head": "组 {group}：{size} 个账号，{status}。其中 {links} 对账号自身即可认定为同一用户。",
        "cohesion": "要将其拆开，须去掉合计至少 {cohesion:.2f} 比特的关联。",
        "tree": "维系该组的关联，由强到弱（比特：两者出自同一控制人的胜算翻了几番）：",
        "tree_line": "{kinds}（{outcome}）", "weakest": "其中最弱的一环：{a} 与 {b}。依据见 tongren explain {a} {b}",
        "documents": "身份证件：", "no_document": "无：{accounts}",
        "phone.recycled": "（使用时间相隔很久：号码会重新放出）", "phone.near_cheap": "（虚拟运营商或物联网号码：容易取得）",
        "payment.far": "（使用时间相隔很久）", "email.far": "（使用时间相隔很久）",
        "device.passed_on": "（使用时间相隔很久：可能已转卖或转送）",
        "ip.near": "（相隔数日之内）", "ip.same_day": "（同一天）",
        "address.building": "（同一栋楼）", "address.door": "（同一户）",
    },
}  # fmt: skip


def pair_text(said: dict[str, Any], lang: str) -> str:
    """The explanation of a pair: the verdict, why, what speaks against it, and what would change it."""
    w = WORDS[lang]
    pair, names = said["pair"], {"a": said["pair"]["account_a"], "b": said["pair"]["account_b"]}
    lines = [w[_verdict(said)].format(**names, outcome=w[pair["outcome"]])]
    if pair["outcome"] == "related" and not said["one_user"]:
        lines.append(w["context"])
    if said["group_id"]:
        lines.append(w["group"].format(group=said["group_id"], status=w[said["group_status"]]))
    lines += [w["legend"], "", *waterfall(pair, said["same_bits"], w)]
    lines += [w["silent"].format(**{**s, "kind": w[s["kind"]], "reason": w[s["reason"]]}) for s in said["silent"]]
    if said["path"]:
        lines += ["", w["path"]]
        for step in said["path"]:
            lines += [f"  {step['account_a']} - {step['account_b']}"]
            lines += ["  " + line for line in waterfall(step, said["same_bits"], w)]
    lines += ["", *_change(said, w)]
    return "\n".join(lines).rstrip()


def _verdict(said: dict[str, Any]) -> str:
    if said["one_user"]:
        return "one_user" if said["pair"]["outcome"] in ("same_person", "same_controller") else "one_user_through"
    return "possibly_one_user" if said["pair"]["outcome"] == "possibly" else "not_one_user"


def _change(said: dict[str, Any], w: dict[str, str]) -> list[str]:
    """What would turn the verdict: evidence, and an analyst's word."""
    pair = said["pair"]
    a, b = pair["account_a"], pair["account_b"]
    if not said["one_user"]:
        return [w["end" if pair["override"] == "cannot_link" else "link"].format(a=a, b=b)]
    falls = [f for f in said["counterfactual"] if f["kinds"]]
    told = "".join(
        w["fall_also" if place else "fall"].format(
            a=f["account_a"], b=f["account_b"], kinds=w["list"].join(w[k] for k in f["kinds"])
        )
        for place, f in enumerate(falls)
    )
    return [*([told + w["stop"]] if told else []), w["unlink"].format(a=a, b=b)]


def waterfall(pair: dict[str, Any], same_bits: float, w: dict[str, str]) -> list[str]:
    """Prior, pieces for and against, each with its bits and the running total; then the sum and what it lacks."""
    running = pair["prior_bits"]
    lines = [_line(running, running, w["prior_referral" if pair["referral"] else "prior"])]
    if pair["pieces"]:
        lines.append(w["for"])
    for p in pair["pieces"]:
        running += p["bits"]
        lines.append(_line(p["bits"], running, _piece(p, w)))
    if pair["against"]:
        lines.append(w["against"])
    for entry in pair["against"]:
        kind = entry["kind"]
        running += entry["bits"]
        named = "against_household" if kind == "household" else "differ_phone" if kind == "phone" else "differ"
        lines.append(_line(entry["bits"], running, w[named].format(kind=w[kind])))
    lines.append("= " + w["sum"].format(outcome=w[pair["outcome"]], bits=pair["bits"], same=same_bits))
    if (
        pair["pieces"] and pair["override"] != "must_link"
    ):  # what was learnt from pairs that share something says nothing of others
        lines[-1] += w["truth"].format(share=_share(pair["probability"]))
    if pair["override"]:
        lines.append(w[pair["override"]])
    elif pair["bits"] < same_bits:
        lines.append(w["short"].format(bits=same_bits - pair["bits"]))
    elif not pair["corroborated"]:
        lines.append(w["uncorroborated"])
    return lines


def _piece(p: dict[str, Any], w: dict[str, str]) -> str:
    first, last = (datetime.fromisoformat(p[at]).astimezone(ZONE).date() for at in ("first_seen", "last_seen"))
    text = w["piece"].format(
        kind=w[p["kind"]], mask=p["mask"], level=w.get(f"{p['kind']}.{p['level']}", ""), first=first, last=last,
        holders=w[_holders(p)].format(shared_by=p["shared_by"]),
    )  # fmt: skip
    return text + (w["capped"].format(full=p["full_bits"]) if p["full_bits"] - p["bits"] > 0.005 else "")


def _holders(p: dict[str, Any]) -> str:
    if p["strong"] and not p["joint"]:  # papers, numbers and cards are counted in accounts, the rest in people
        return "two" if p["shared_by"] == 2 else "accounts"
    return "alone" if p["shared_by"] < 2 else "holders"


def _share(probability: float) -> str:
    if probability < 0.001:
        return "<0.1%"
    return f"{probability:.2%}" if probability > 0.99 else f"{probability:.1%}"


def _line(bits: float, running: float, text: str) -> str:
    return f"  {bits:+8.2f}  {running:+8.2f}  {text}"


def group_text(said: dict[str, Any], lang: str) -> str:
    """The explanation of a group: its size, what holds it together, its weakest link, whose papers it has."""
    w = WORDS[lang]
    head = {"group": said["group_id"], "size": len(said["accounts"]), "links": said["links"]}
    lines = [
        w["group_head"].format(**head, status=w[said["status"]]), w["cohesion"].format(cohesion=said["cohesion"]), "", w["tree"]
    ]  # fmt: skip
    for x in said["tree"]:
        kinds = w["list"].join(w[k] for k in x["kinds"]) or w["word"]
        lines.append(
            f"  {x['bits']:+8.2f}  {x['account_a']} - {x['account_b']}  "
            + w["tree_line"].format(kinds=kinds, outcome=w[x["outcome"]])
        )
    if said["weakest"]:
        lines.append(w["weakest"].format(a=said["weakest"]["account_a"], b=said["weakest"]["account_b"]))
    if said["documents"]:
        held = {a for d in said["documents"] for a in d["accounts"]}
        none = [a for a in said["accounts"] if a not in held]
        lines += ["", w["documents"]]
        lines += [f"  {d['mask']}: {w['list'].join(d['accounts'])}" for d in said["documents"]]
        lines += ["  " + w["no_document"].format(accounts=w["list"].join(none))] if none else []
    return "\n".join(lines)
