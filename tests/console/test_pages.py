"""Every page in its three forms and in both languages, the queue, and what pages are made of."""

from __future__ import annotations

import ast
import csv
import hashlib
import io
import re
from pathlib import Path

import duckdb
import pytest
import yaml
from fastapi import FastAPI

from casebook import cases, users
from casebook.measures import MEASURES, SUBJECT_KINDS
from console.live import Standing
from console.pages import cell
from console.roles import ROLES
from console.routes.machine_room import HUBS
from console.tables import say, texts, visible
from tests.console import world
from tests.console.conftest import SignIn, csrf
from tests.console.places import pages

CONSOLE = Path(__file__).parents[2] / "console"
KINDS = (
    "|money|promoter|account|case|decision|group|id|instant|int|bits|share|rate|subject|yes|list|reason|moved"
    "|day|prose|figure|who|detector|(?:tag|word):[a-z_]+"
)
EVERYTHING = ("analyst", "approver", "compliance", "finance", "system_admin", "auditor")


@pytest.mark.parametrize("path", [p.replace(".json", "") for p in pages(".json")])
def test_a_page_has_three_forms_at_one_address(sign_in: SignIn, path: str) -> None:
    client = sign_in(*EVERYTHING)
    bare, _, query = path.partition("?")
    query = f"?{query}" if query else ""
    for lang in ("zh", "en"):
        page = client.get(f"{bare}{query or '?'}&lang={lang}")
        assert page.status_code == 200, page.text[:600]
        unknown = re.findall(
            r">\s*(?:col|nav|case|queue|status|state|move|subject|event|metric)\.[a-z_]+\s*<", page.text
        )
        assert unknown == []
    data = client.get(f"{bare}.json{query}")
    assert data.status_code == 200
    rows = data.json()["rows"]
    table = list(csv.reader(io.StringIO(client.get(f"{bare}.csv{query}").text)))
    assert len(table) == (len(rows) + 1 if rows else 0)


def test_a_viewer_sees_no_forms_that_change(sign_in: SignIn) -> None:
    page = sign_in("viewer").get(f"/cases/{world.CASE}").text
    assert re.findall(r'method="post" action="(/(?!sign-out)[^"]*)"', page) in ([], ["/decisions/bulk"])
    assert 'name="csrf"' not in page.replace("/sign-out", "", 1).split("</header>")[1]


def test_the_rulebook_names_the_rule_of_each_clause_with_its_version(sign_in: SignIn) -> None:
    rules = {r["clause"]: r["rules"] for r in sign_in("viewer").get("/rules.json").json()["rows"]}
    assert {"name": "c2_2_3_same_user", "version": "1"} in rules["2.2(3)"]
    assert {r["name"] for r in rules["3.5(2)"]} >= {"refund_burst"}


def test_the_queue_filters_and_searches(sign_in: SignIn) -> None:
    client = sign_in("viewer")

    def found(query: str) -> list[str]:
        return [r["case_id"] for r in client.get(f"/queue.json?{query}").json()["rows"]]

    assert found("") == [world.CASE, world.RING, world.BLIND]
    assert found("search=P") == [world.CASE]
    assert found("clause=3.4(1)") == [world.CASE, world.RING]
    assert found("view=sample") == [world.BLIND]
    assert found("view=mine") == [] and found("page=99999999999") == [world.CASE, world.RING, world.BLIND]


def test_a_decided_case_leaves_the_queue_at_once_and_is_found_where_it_is_asked_for(sign_in: SignIn) -> None:
    client = sign_in("analyst")

    def found(query: str) -> list[str]:
        return [r["case_id"] for r in client.get(f"/queue.json?{query}").json()["rows"]]

    for action in ("take", "decide"):
        seen = client.get(f"/cases/{world.CASE}.json").json()["case"]["version"]
        form = {**csrf(client), "reason": "all is said", "seen": seen}
        assert client.post(f"/cases/{world.CASE}/{action}", data=form).status_code == 303
    told = client.get("/queue.json").json()
    assert [r["case_id"] for r in told["rows"]] == [world.RING, world.BLIND]
    assert (told["open"], told["at_stake"]) == (2, "5.00")
    assert found("view=mine") == []
    assert found("view=decided") == found("state=decided") == found("search=P") == [world.CASE]
    assert client.get(f"/cases/{world.CASE}.json").json()["place"] is None
    assert client.get(f"/cases/{world.RING}.json").json()["place"] == 0


@pytest.mark.parametrize(("lang", "words"), [("zh", ("待处理", "处理中")), ("en", ("open", "in review"))])
def test_the_history_tells_states_in_the_readers_words(sign_in: SignIn, lang: str, words: tuple[str, str]) -> None:
    client = sign_in("analyst", lang=lang)
    seen = client.get(f"/cases/{world.CASE}.json").json()["case"]["version"]
    assert client.post(f"/cases/{world.CASE}/take", data={**csrf(client), "seen": seen}).status_code == 303
    page = client.get(f"/cases/{world.CASE}").text
    assert "<td>{}</td><td>{}</td>".format(*words) in page


def test_what_could_not_be_read_of_the_books_is_read_at_the_next_look(
    app: FastAPI, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, live = sign_in("analyst"), app.state.desk.live
    version = client.get(f"/cases/{world.CASE}.json").json()["case"]["version"]
    cases.act(app.state.desk.books, world.CASE, "take", "an", "mine", seen=version)
    with monkeypatch.context() as broken:
        broken.setattr(Standing, "follow", _fails)
        with pytest.raises(OSError, match="disk"):
            live.case(world.CASE)
    assert live.case(world.CASE)["state"] == "in_review"


def _fails(self: Standing, book: object) -> bool:
    raise OSError("disk")


@pytest.mark.parametrize("action", ["wait", "decide", "close"])
def test_only_taking_a_case_needs_no_reason(sign_in: SignIn, action: str) -> None:
    client = sign_in("analyst")

    def act(move: str) -> int:
        seen = client.get(f"/cases/{world.CASE}.json").json()["case"]["version"]
        return client.post(f"/cases/{world.CASE}/{move}", data={**csrf(client), "seen": seen}).status_code

    assert (act("take"), act(action)) == (303, 422)
    assert client.get(f"/cases/{world.CASE}.json").json()["case"]["state"] == "in_review"


def test_every_word_that_a_page_uses_is_there_in_both_languages() -> None:
    known = texts()
    assert [k for k, v in known.items() if not (v.get("zh") and v.get("en"))] == []
    used: set[str] = set()
    families: set[str] = set()
    for path in (CONSOLE / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r"\bt\('([a-z_0-9.]+)'\)", text))
        used |= {f"col.{k}" for k in re.findall(rf"\('([a-z_]+)', '(?:{KINDS})'\)", text)}
        families |= set(re.findall(r"\bt\('([a-z_]+)\.' ~", text)) | set(re.findall(r"'(?:word|tag):([a-z_]+)'", text))
    wanted = {
        "measure": MEASURES, "subject": SUBJECT_KINDS, "role": ROLES, "state": cases.STATES, "move": cases.MOVES,
        "status": ("proposed", "approved", "applied", "rejected", "overturned", "provisional", "issued", "held"),
    }  # fmt: skip
    used |= {f"{family}.{name}" for family, names in wanted.items() for name in names if name not in cases.OF_APPEALS}
    assert sorted(u for u in used if u not in known) == []
    assert sorted(f for f in families if not any(k.startswith(f"{f}.") for k in known)) == []


def test_no_word_is_left_over() -> None:
    source = "\n".join(p.read_text(encoding="utf-8") for p in CONSOLE.rglob("*") if p.suffix in (".html", ".py", ".js"))
    dynamic = (
        set(re.findall(r"\bt\('([a-z_]+)\.' ~", source))
        | set(re.findall(r"'(?:word|tag):([a-z_]+)'", source))
        | {"session", "detector"}
    )
    assert [
        k for k in texts() if f"'{k}'" not in source and f'"{k}"' not in source and k.split(".")[0] not in dynamic
    ] == []


def test_vendored_files_are_the_recorded_ones() -> None:
    vendor = CONSOLE / "static" / "vendor"
    listed = dict(reversed(line.split()) for line in (vendor / "SHA256SUMS").read_text().splitlines())
    assert set(listed) == {p.name for p in vendor.glob("*.js")}
    assert {n: hashlib.sha256((vendor / n).read_bytes()).hexdigest() for n in listed} == listed
    assert all((vendor / f"{n.split('.')[0]}.LICENSE").exists() for n in listed)


def test_nothing_inline_and_nothing_from_elsewhere() -> None:
    for path in (CONSOLE / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|style=|<script(?![^>]*src=)|\son[a-z]+=|javascript:|https?://|\|\s*safe", text), (
            path.name
        )


def test_cells_that_a_spreadsheet_would_run_are_disarmed() -> None:
    for first in "=+-@\t\r\0＝＋－＠":
        assert cell(f"{first}1") == f"'{first}1" and cell(f" \u3000{first}1").startswith("'")
    assert cell("plain") == "plain" and cell(-12.3) == -12.3


@pytest.mark.parametrize("reason", [
    "RB01", "RB01, RB03, not flagged", "RB01, RB02 (paid already: for two people)", "what was paid is demanded back with it: RB01",
    "left the programme (paid already: for two people)", "decision D1 is void: its finding is gone",
])  # fmt: skip
def test_a_reason_of_the_run_is_told_in_the_readers_language(reason: str) -> None:
    chinese, english = say("zh", reason), say("en", reason)
    assert re.search("[\u4e00-\u9fff]", chinese) and not re.search(r"[a-z]{4}|RB0", chinese)
    assert not re.search("[\u4e00-\u9fff]|RB0", english)


def test_what_people_wrote_stays() -> None:
    assert say("zh", "see RB01 in the papers") == "see RB01 in the papers" and say("en", "证据充分") == "证据充分"


def test_hidden_characters_are_written_out() -> None:
    assert visible("a\u202eb\u200bc") == "a[U+202E]b[U+200B]c" and visible(None) == "" and visible(3) == 3


def test_roles_are_the_books_roles() -> None:
    assert set(ROLES) == set(users.ROLES)


def test_handlers_of_pages_say_what_they_show() -> None:
    for path in (CONSOLE / "routes").glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path.name}:{node.name}"


def test_texts_are_one_flat_file() -> None:
    raw = (CONSOLE / "texts.yaml").read_text(encoding="utf-8")
    keys = re.findall(r'^"?([a-z0-9_.()]+)"?:', raw, re.M)
    assert len(keys) == len(set(keys)) == len(yaml.safe_load(raw))


def test_a_kind_of_shared_infrastructure_is_shown_however_common_others_are() -> None:
    with duckdb.connect() as con:
        con.execute(
            "create table identifier_value as select if(n < 300, 'ip', 'device') as kind, n::varchar as token, '*' as mask,"
            " 1000 - n as accounts, 1000 - n as entities, true as suppressed, null as suppressed_since, null as reason"
            " from range(301) as r (n)"
        )
        assert [r[0] for r in con.execute(HUBS, {"kind": "device"}).fetchall()] == ["device"]
        assert len(con.execute(HUBS, {"kind": ""}).fetchall()) == 200
