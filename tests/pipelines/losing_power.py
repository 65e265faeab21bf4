"""What a disk holds after the power went: a run's system calls, played on a model of it that keeps only what was forced to it.

A file keeps the bytes of its last fsync, a folder the names of its own. Beyond that the machine may have written anything: the model
makes the three states at the ends, so that whatever a run rests on without having forced it to the disk is missing in one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

WATCH = ("-xx", "-s", "10000000")  # all bytes, as hexadecimal numbers
WAYS = ("nothing more", "all names", "all bytes")
_CALL = re.compile(r"^(\w+)\((.*)\) += (\d+)", re.MULTILINE)
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_HANDLE = re.compile(r"\d+<((?:\\x[0-9a-f]{2})+)>")


@dataclass
class File:
    """Bytes as programs see them, and as the disk has them. `link` says that they are the target of a link."""

    data: bytes = b""
    kept: bytes = b""
    link: bool = False


@dataclass
class Folder:
    """Names as programs see them, and as the disk has them."""

    names: dict[str, File | Folder] = field(default_factory=dict)
    kept: dict[str, File | Folder] = field(default_factory=dict)


def on_disk(path: Path, *, kept: bool = True) -> Folder:
    """A folder as it lies there, all of it forced to the disk, or, unless `kept`, nothing of it."""
    made = Folder()
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            made.names[entry.name] = on_disk(entry, kept=kept)
        else:
            data = str(entry.readlink()).encode() if entry.is_symlink() else entry.read_bytes()
            made.names[entry.name] = File(data, data if kept else b"", entry.is_symlink())
    made.kept = dict(made.names) if kept else {}
    return made


class Disk:
    """A state folder at `at`, changed call by call."""

    def __init__(self, at: Path, holds: Folder) -> None:
        self.at, self.root = str(at), holds

    def play(self, trace: str) -> Iterator[str]:
        """Play the calls of a trace that succeeded; each is given once it has had its effect."""
        for call, rest, _ in _CALL.findall(trace):
            texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(rest)]
            handle = _HANDLE.match(rest)
            path = bytes.fromhex(handle[1].replace("\\x", "")).decode() if handle else texts[0].decode()
            if call == "openat":
                path = texts[0].decode()
            elif call == "symlink":
                path = texts[1].decode()
            if path.startswith(self.at) and not path.endswith(" (deleted)") and not path.endswith("-shm"):
                self._change(call, path, texts, rest)
                yield call

    def _change(self, call: str, path: str, texts: list[bytes], rest: str) -> None:
        folder, name = self._place(path)
        if call == "openat":
            if "O_CREAT" in rest:
                folder.names.setdefault(name, File())
            if "O_TRUNC" in rest:
                self._file(path).data = b""
        elif call == "write":
            self._file(path).data += texts[0]
        elif call == "pwrite64":
            file, at = self._file(path), int(rest.rsplit(",", 1)[1])
            file.data = file.data[:at].ljust(at, b"\0") + texts[0] + file.data[at + len(texts[0]) :]
        elif call == "ftruncate":
            size = int(rest.rsplit(",", 1)[1])
            self._file(path).data = self._file(path).data[:size].ljust(size, b"\0")
        elif call in ("fsync", "fdatasync"):
            self._force(path)
        elif call == "mkdir":
            folder.names[name] = Folder()
        elif call in ("unlink", "rmdir"):
            del folder.names[name]
        elif call == "rename":
            other, new = self._place(texts[1].decode())
            other.names[new] = folder.names.pop(name)
        elif call == "symlink":
            folder.names[name] = File(texts[0], texts[0], link=True)
        else:
            raise AssertionError(f"the model knows no {call}")

    def _force(self, path: str) -> None:
        folder, name = self._place(path)
        node = folder.names[name] if name else folder
        if isinstance(node, Folder):
            node.kept = dict(node.names)
        else:
            node.kept = node.data

    def _file(self, path: str) -> File:
        folder, name = self._place(path)
        node = folder.names.setdefault(name, File())  # one that was open before the trace began
        assert isinstance(node, File)
        return node

    def _place(self, path: str) -> tuple[Folder, str]:
        *way, name = path.removeprefix(self.at).strip("/").split("/")
        folder = self.root
        for step in way:
            node = folder.names[step]
            assert isinstance(node, Folder)
            folder = node
        return folder, name

    def after(self, way: str) -> dict[str, tuple[bool, bytes]]:
        """What is there after the power went, by relative path: whether it is a link, and its bytes. Private run folders, which
        the next run removes unread, are left out."""
        return dict(_walk(self.root, "", names=way == "all names", data=way == "all bytes"))


def _walk(folder: Folder, at: str, *, names: bool, data: bool) -> Iterator[tuple[str, tuple[bool, bytes]]]:
    for name, node in sorted((folder.names if names else folder.kept).items()):
        if isinstance(node, File):
            yield at + name, (node.link, node.data if data else node.kept)
        elif not f"{at}{name}".startswith("runs/."):
            yield from _walk(node, f"{at}{name}/", names=names, data=data)


def put(found: dict[str, tuple[bool, bytes]], to: Path) -> None:
    """Write what is left to a folder."""
    for name, (link, data) in found.items():
        path = to / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if link:
            path.symlink_to(data.decode())
        else:
            path.write_bytes(data)
            path.chmod(0o600)
