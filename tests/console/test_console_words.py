"""A Chinese page is in Chinese: what it says, what it refuses, what is wrong with a form."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.roles import ROLES
from tests.console import world
from tests.console.conftest import SignIn, csrf, shown
from tests.console.places import pages

CONSOLE = Path(__file__).parents[2] / "console"
FOR_THE_TERMINAL = ("serve.py", "oidc.py")
"""What is said at the start of the command, in the command's language."""
FAULTS = ("HTTPException", "NotFound", "NotAllowed", "UsageError", "_plainly", "_error_page")
NAMES = {
    "JSON", "CSV", "PDF", "English", "IP", "PSI", "Clopper", "Pearson", "https", "tongren", "run", "vault", "train", "kid", "null", "true",
}  # fmt: skip
"""Words that Chinese readers use as they are, commands, and values."""


@pytest.fixture(scope="module")
def template_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world whose feeds and people say everything in Chinese."""
    return world.published(tmp_path_factory.mktemp("words"), "中文")


def refusals() -> Iterator[tuple[str, str]]:
    """Every refusal of the console with its place; what it quotes is `x1`."""
    for path in sorted(CONSOLE.rglob("*.py")):
        if path.name in FOR_THE_TERMINAL:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in FAULTS:
                for said in node.args:
                    if isinstance(said, ast.Constant) and isinstance(said.value, str) and " " in said.value:
                        yield said.value, path.name
                    if isinstance(said, ast.JoinedStr):
                        yield (
                            "".join(str(v.value) if isinstance(v, ast.Constant) else "1" for v in said.values),
                            path.name,
                        )


def test_every_refusal_of_the_console_has_a_code() -> None:
    assert list(refusals()) == []


def test_a_chinese_page_has_no_english_words(sign_in: SignIn) -> None:
    """Names of tables, detectors, parameters and the like stand in their own marks (`id`), as identifiers do."""
    client, wrong = sign_in(*ROLES), {}
    for place in pages():
        if place.startswith("/audit"):
            continue  # the record is shown as it was written
        page = client.get(place).text.split('<main id="main">', 1)[1]
        page = re.sub(
            r'<(span|td|a|dd|dt|h1|strong)[^>]*class="id[^>]*>.*?</\1>|<option.*?</option>|<pre.*?</pre>',
            " ",
            page,
            flags=re.S,
        )
        words = set(re.findall(r"[A-Za-z]{3,}", html.unescape(shown(page)))) - NAMES
        wrong |= {place: words} if words else {}
    assert wrong == {}


@pytest.mark.parametrize(("method", "path", "form", "status"), [
    ("GET", "/nowhere", {}, 404), ("GET", "/cases/C404", {}, 404), ("GET", "/promoters/x y", {}, 404), ("PUT", "/queue", {}, 405),
    ("POST", "/overrides", {"account_a": "P"}, 422), ("POST", "/proposals", {"reason": "x" * 3_000}, 422),
    ("POST", f"/cases/{world.CASE}/fly", {"seen": "1"}, 404), ("POST", "/decisions/bulk", {"action": "x", "reason": "r"}, 422),
    ("POST", "/views/W404/forget", {}, 404), ("GET", "/pairs?a=P&b=P", {}, 422), ("GET", "/oidc/start", {}, 404),
])  # fmt: skip
def test_a_refusal_is_told_in_chinese(
    sign_in: SignIn, method: str, path: str, form: dict[str, str], status: int
) -> None:
    client = sign_in("analyst", "approver")
    answer = client.request(method, path, data={**csrf(client), **form} if form or method == "POST" else None)
    assert answer.status_code == status
    said = shown(answer.text.split('role="alert">')[1].split("</p>")[0])
    assert re.search("[\u4e00-\u9fff]", said) and not re.search("[a-z]{4,}", said), said


def test_whom_the_roles_do_not_allow_is_told_so_in_chinese(sign_in: SignIn) -> None:
    answer = sign_in("viewer").get("/users")
    assert answer.status_code == 403 and "您的角色不允许此操作" in answer.text
