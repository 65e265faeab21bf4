"""The console under load on loopback: half case pages, three in ten the queue, the rest JSON and decisions on paper.

    python -m benchmarks.console --state state --clients 20 --seconds 10

Bodies are checked. The books are a copy, so that nothing is decided in earnest.
"""

from __future__ import annotations

import random
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path

import click
import httpx
import uvicorn

from benchmarks.record import record
from console.app import create_app

MIX = (("case", 50), ("queue", 30), ("json", 10), ("note", 10))


class Load:
    """Clients that ask one after the other until the time is up; what each kind of answer took, in seconds."""

    def __init__(self, base: str, cookie: str, csrf: str, cases: list[str], until: float) -> None:
        self.base, self.cookie, self.csrf, self.cases, self.until = base, cookie, csrf, cases, until
        self.took: dict[str, list[float]] = {kind: [] for kind, _ in MIX}
        self.faults: list[str] = []

    def run(self, seed: int) -> None:
        """One client."""
        turn = random.Random(seed)
        kinds, weights = zip(*MIX, strict=True)
        with httpx.Client(base_url=self.base, cookies={"tongren": self.cookie}, timeout=60) as client:
            while time.monotonic() < self.until:
                kind = turn.choices(kinds, weights)[0]
                case = turn.choice(self.cases)
                began = time.monotonic()
                fault = self.ask(client, kind, case)
                self.took[kind].append(time.monotonic() - began)
                if fault:
                    self.faults.append(fault)

    def ask(self, client: httpx.Client, kind: str, case: str) -> str:
        """One request; what is wrong with the answer, empty when nothing is."""
        if kind == "note":
            form = {"csrf": self.csrf, "action": "note", "reason": "load", "case_id": case}
            answer = client.post("/cases/bulk", data=form)
            return "" if answer.status_code == 303 else f"note {answer.status_code}"
        path = {"case": f"/cases/{case}", "queue": "/queue", "json": f"/cases/{case}.json"}[kind]
        answer = client.get(path)
        right = answer.status_code == 200 and (case in answer.text or (kind == "queue" and "</table>" in answer.text))
        return "" if right else f"{kind} {answer.status_code}"


@click.command()
@click.option("--state", type=click.Path(path_type=Path, exists=True), default=Path("state"))
@click.option("--clients", type=int, default=20)
@click.option("--seconds", type=int, default=10)
def main(state: Path, clients: int, seconds: int) -> None:
    """Measure, print and record."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "books.db"
        shutil.copy(state / "books.db", copy)
        app = create_app(state, str(copy))
        held = app.state.desk
        cases = [c["case_id"] for c in held.live.cases()]
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False))
        threading.Thread(target=server.run, daemon=True).start()
        while not server.started:
            time.sleep(0.02)
        cookie = held.sessions.begin("load", frozenset({"analyst"}))
        csrf = held.sessions.find(cookie).csrf
        base = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        cpu = time.process_time()
        load = Load(base, cookie, csrf, cases, time.monotonic() + seconds)
        threads = [threading.Thread(target=load.run, args=(n,)) for n in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        cpu = time.process_time() - cpu
        server.should_exit = True
        held.books.close()
    count = sum(map(len, load.took.values()))
    lines = ["| request | count | median ms | p99 ms |", "|---|---|---|---|"]
    for kind, took in load.took.items():
        if len(took) > 1:
            ordered = sorted(took)
            p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
            lines.append(f"| {kind} | {len(took)} | {statistics.median(took) * 1000:.0f} | {p99 * 1000:.0f} |")
    lines.append(f"\n{count / seconds:.0f} requests a second from {clients} clients over {len(cases)} open cases; "
                 f"{cpu:.1f} CPU s for server and clients together; {len(load.faults)} faults.")  # fmt: skip
    body = "\n".join(lines)
    click.echo(body)
    record("Console", f"python -m benchmarks.console --clients {clients} --seconds {seconds}", body)


if __name__ == "__main__":
    main()
