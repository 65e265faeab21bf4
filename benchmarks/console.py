"""The console under load on loopback: half case pages, three in ten the queue, one in ten JSON, one in ten decisions.

    python -m benchmarks.console --cases 20000 --audit-rows 1000000

The server runs as `tongren console` does, one process per core; the clients are another process with plain sockets. Bodies
are checked. The mix as fast as it goes and at a steady 150 requests a second, each kind alone, and the steady mix while whole runs
of another state go on, one after the other, at the same machine. Alone on two cores all of it takes under four minutes.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import click

import simulator
from benchmarks.casebook_load import fill
from benchmarks.console_world import publish
from benchmarks.record import record
from casebook import users
from casebook.books import open_books
from console.counter import Counter
from console.reading import Reading
from console.serve import cores, listening
from console.sessions import Sessions
from console.shelf import Shelf

MIX = (("case", 50), ("queue", 30), ("json", 10), ("decide", 10))
STEADY = 150.0
DECIDED = 30.0
BATCH_ACCOUNTS = 20_000
Answers = dict[str, list[float]]


@dataclass(frozen=True)
class Load:
    """What is asked for: `rate` requests a second of all together, 0 for as many as there can be; `busy` during runs."""

    name: str
    rate: float
    mix: Sequence[tuple[str, int]]
    busy: bool = False


LOADS = (
    Load("mix, as fast as it goes", 0.0, MIX),
    Load(f"mix, {STEADY:.0f} a second", STEADY, MIX),
    Load("cases alone", 0.0, (("case", 1),)),
    Load("queue alone", 0.0, (("queue", 1),)),
    Load("JSON alone", 0.0, (("json", 1),)),
    Load(f"decisions alone, {DECIDED:.0f} a second", DECIDED, (("decide", 1),)),
    Load(f"mix, {STEADY:.0f} a second, during runs", STEADY, MIX, busy=True),
)


class Client:
    """One person with one connection, asking one thing after the other."""

    def __init__(self, port: int, cookie: str, csrf: str, seed: int, cases: int, proposed: list[str]) -> None:
        self.port, self.csrf, self.cases, self.proposed = port, csrf, cases, proposed
        self.head = f"Host: 127.0.0.1:{port}\r\nCookie: tongren={cookie}; lang={'zh' if seed % 2 else 'en'}\r\n"
        self.turn = random.Random(seed)
        self.took: Answers = {kind: [] for kind, _ in MIX}
        self.faults: list[str] = []

    async def work(self, until: float, pause: float, mix: Sequence[tuple[str, int]]) -> None:
        """Ask until the time is up; `pause` is the time from one question to the next, 0 for none."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)
        kinds, weights = zip(*mix, strict=True)
        following = time.monotonic() + self.turn.random() * pause
        while time.monotonic() < until:
            if pause:
                await asyncio.sleep(max(0.0, following - time.monotonic()))
                following += pause
            kind = self.turn.choices(kinds, weights)[0]
            began = time.monotonic()
            fault = await self.ask(reader, writer, kind)
            self.took[kind].append(time.monotonic() - began)
            if fault:
                self.faults.append(fault)
        writer.close()

    async def ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: str) -> str:
        """One question; what is wrong with the answer, empty when nothing is."""
        case = f"CL{self.turn.randrange(self.cases):014d}"
        if kind == "decide" and not self.proposed:
            kind = "case"
        if kind == "decide":
            decision = self.proposed.pop()
            form = urlencode({"csrf": self.csrf, "reason": "checked"}).encode()
            verb = "approve" if self.turn.random() < 0.5 else "reject"
            writer.write(
                f"POST /decisions/{decision}/{verb} HTTP/1.1\r\n{self.head}Content-Type: application/x-www-form-urlencoded\r\n"
                f"Content-Length: {len(form)}\r\n\r\n".encode()
                + form
            )
            status, body = await _answer(reader)
            return "" if status == 303 else f"decide {status} {body[-200:]!r}"
        path, wanted = {
            "case": (f"/cases/{case}", case.encode()), "json": (f"/cases/{case}.json", f'"case_id":"{case}"'.encode()),
            "queue": (f"/queue?page={self.turn.randrange(1, 40)}", b"</table>"),
        }[kind]  # fmt: skip
        writer.write(f"GET {path} HTTP/1.1\r\n{self.head}\r\n".encode())
        status, body = await _answer(reader)
        return "" if status == 200 and wanted in body and len(body) > 2000 else f"{kind} {status}"


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0]
    return int(head[9:12]), await reader.readexactly(int(length))


def clients(port: int, people: list[tuple[str, str]], cases: int, seconds: float, rate: float,
            mix: Sequence[tuple[str, int]], proposed: list[str], tell: object) -> None:  # fmt: skip
    """A process of clients; `rate` is the requests a second of all together, 0 for as many as there can be."""

    async def all_of() -> tuple[Answers, list[str]]:
        count = len(people)
        made = [Client(port, cookie, csrf, n, cases, proposed[n::count]) for n, (cookie, csrf) in enumerate(people)]
        until = time.monotonic() + seconds
        await asyncio.gather(*(c.work(until, count / rate if rate else 0.0, mix) for c in made))
        took: Answers = {kind: [t for c in made for t in c.took[kind]] for kind, _ in MIX}
        return took, [f for c in made for f in c.faults]

    began = time.monotonic()
    answers = asyncio.run(all_of())
    lasted = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    tell.put((*answers, lasted, used.ru_utime + used.ru_stime))  # type: ignore[attr-defined] # a queue of whichever start method


def cpu_of(pids: Sequence[int]) -> float:
    """CPU seconds that processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def measure(port: int, server: int, people: list[tuple[str, str]], cases: int, seconds: float, rate: float,
            mix: Sequence[tuple[str, int]], proposed: list[str]) -> tuple[dict[str, object], list[str], Answers]:  # fmt: skip
    """One measurement: a row of figures, the faults, and what each answer took."""
    queue: multiprocessing.Queue[tuple[Answers, list[str], float, float]] = multiprocessing.get_context("spawn").Queue()
    before = cpu_of(children(server))
    process = multiprocessing.get_context("spawn").Process(
        target=clients, args=(port, people, cases, seconds, rate, mix, proposed, queue)
    )
    process.start()
    took, faults, lasted, used = queue.get()
    process.join()
    count = sum(map(len, took.values()))
    spent = cpu_of(children(server)) - before
    row: dict[str, object] = {
        "requests a second": round(count / lasted), "server CPU ms a request": round(spent / count * 1000, 2),
        "client CPU ms a request": round(used / count * 1000, 2), "faults": len(faults),
    }  # fmt: skip
    return row, faults, took


RUNS = """
import sys, tempfile
from datetime import date
from pathlib import Path
from pipelines.run import Order, run
from pipelines.state import State
while True:
    with tempfile.TemporaryDirectory() as folder:
        run(Order(Path(sys.argv[1]), State(Path(folder)), date(2025, 12, 20)))
        print("run", flush=True)
"""


@contextmanager
def a_run_going_on(wanted: bool, sources: Path) -> Iterator[None]:
    """Whole runs over a simulated programme in a process of their own, one after the other, until the block ends."""
    if not wanted:
        yield
        return
    if not sources.exists():
        simulator.simulate(sources, BATCH_ACCOUNTS, 300, 6, seed=11)
    batch = subprocess.Popen(
        [sys.executable, "-c", RUNS, str(sources)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield
        if batch.poll() is not None:
            raise click.ClickException(
                "the runs beside the console ended: run the command of `RUNS` by hand to see why"
            )
    finally:
        batch.terminate()
        batch.wait(60)


def quantiles(took: list[float]) -> str:
    """Median and 99th percentile in ms."""
    ordered = sorted(took)
    return f"{statistics.median(ordered) * 1000:.0f} / {ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000:.0f}"


@contextmanager
def serving(state: Path) -> Iterator[tuple[int, int]]:
    """A console over a state, as `tongren console` starts it: its port, and the process that holds its processes."""
    with listening("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    start = "import sys, pathlib, console.serve as s; s.serve(pathlib.Path(sys.argv[1]), port=int(sys.argv[2]))"
    server = subprocess.Popen([sys.executable, "-c", start, str(state), str(port)])
    try:
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(60)


def made(state: Path, cases: int, audit_rows: int) -> None:
    """The state that is measured; one that is there already stays."""
    if not (state / "current").exists():
        state.mkdir(parents=True, exist_ok=True)
        fill(state / "books.db", cases, audit_rows)
        publish(state, cases)
    Shelf(Reading(state)).fill()


@click.command()
@click.option("--cases", type=int, default=20_000)
@click.option("--audit-rows", type=int, default=1_000_000)
@click.option("--people", type=int, default=20)
@click.option("--seconds", type=float, default=5.0)
@click.option("--rounds", type=int, default=3)
@click.option(
    "--keep", type=click.Path(path_type=Path), help="A folder for the made state, used again when it is there."
)
@click.option("--only", default="", help="Only the loads whose name has this in it; nothing is recorded then.")
def main(cases: int, audit_rows: int, people: int, seconds: float, rounds: int, keep: Path | None, only: str) -> None:
    """Measure, print and record."""
    with tempfile.TemporaryDirectory() as scratch:
        state = keep or Path(scratch) / "state"
        made(state, cases, audit_rows)
        with serving(state) as (port, server):
            body = _all_figures(
                port,
                server,
                signed_in(state, port, people),
                cases,
                seconds,
                rounds,
                proposals(state),
                state.parent / "sources",
                [load for load in LOADS if only in load.name],
            )
    click.echo(body)
    if not only:
        record("Console", f"python -m benchmarks.console --seconds {seconds:g} --rounds {rounds}", body)


def signed_in(state: Path, port: int, count: int) -> list[tuple[str, str]]:
    """Sessions, once the server is up: it begins with none."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            status, _ = asyncio.run(_once(port))
        except (OSError, asyncio.IncompleteReadError):
            time.sleep(0.2)
            continue
        if status == 200:
            break
    sessions = Sessions(counter=Counter(state / "console" / "sessions.db"))
    books = open_books(state / "books.db")
    for n in range(count):
        if users.find(books, f"load {n}") is None:
            users.add(books, f"load {n}", ["analyst", "approver"], users.SETUP)
    books.close()
    tokens = [sessions.begin(f"load {n}", frozenset({"analyst", "approver"})) for n in range(count)]
    return [(token, found.csrf) for token in tokens if (found := sessions.find(token)) is not None]


async def _once(port: int) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    answer = await _answer(reader)
    writer.close()
    return answer


def proposals(state: Path) -> list[str]:
    """The decisions that wait; on a kept state earlier measurements decided some."""
    books = open_books(state / "books.db")
    try:
        with books.reading() as book:
            return [
                r["decision_id"] for r in book.rows("select decision_id from decision_state where status = 'proposed'")
            ]
    finally:
        books.close()


def _all_figures(port: int, server: int, people: list[tuple[str, str]], cases: int, seconds: float, rounds: int,
                 proposed: list[str], sources: Path, loads: Sequence[Load]) -> str:  # fmt: skip
    lines = [f"{len(people)} people, {cases:,} open cases, {cores()} server processes, clients on the same machine. "
             "Median of rounds; latency is median / 99th percentile in ms over all rounds.", "",
             "| load | requests a second | server CPU ms a request | client CPU ms a request | case | queue | JSON | decision | faults |",
             "|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    deciding = sum(any(kind == "decide" for kind, _ in load.mix) for load in loads)
    share = len(proposed) // max(1, deciding * rounds)
    for load in loads:
        rows: list[dict[str, object]] = []
        took: Answers = {kind: [] for kind, _ in MIX}
        faults: list[str] = []
        with a_run_going_on(load.busy, sources):
            for _ in range(rounds):
                decides = any(kind == "decide" for kind, _ in load.mix)
                mine, proposed = (proposed[:share], proposed[share:]) if decides else ([], proposed)
                row, wrong, times = measure(port, server, people, cases, seconds, load.rate, load.mix, mine)
                rows.append(row)
                faults += wrong
                for kind, found in times.items():
                    took[kind] += found
        middle = [statistics.median(float(str(r[k])) for r in rows) for k in list(rows[0])[:3]]
        cells = [quantiles(took[kind]) if took[kind] else "" for kind, _ in MIX]
        lines.append(
            f"| {load.name} | {middle[0]:.0f} | {middle[1]:.2f} | {middle[2]:.2f} | {' | '.join(cells)} | {len(faults)} |"
        )
        print(lines[-1], *faults[:3], sep="\n", file=sys.stderr, flush=True)
    return "\n".join(lines)


if __name__ == "__main__":
    main()
