# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over all sources, looking again only at what changed.

What passed is remembered in the cache folder under a hash of all that the answer depends on: the file, the files of ours
that it includes, the compile command, clang-tidy and its settings. So a second run takes a second, in every clone.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess

CLANG_TIDY = "clang-tidy-19"
# Where a source's compile command is looked for, first to last; both are clang.
PRESETS = ("linux-asan", "mingw-release")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


class Sources:
    """What files include, from their text: only files of ours, found as the compiler would find them."""

    def __init__(self, top: pathlib.Path):
        self._top = top
        self._texts: dict[pathlib.Path, bytes] = {}

    def text(self, path: pathlib.Path) -> bytes:
        if path not in self._texts:
            self._texts[path] = path.read_bytes()
        return self._texts[path]

    def closure(self, path: pathlib.Path, folders: list[pathlib.Path]) -> list[pathlib.Path]:
        found, todo = {path}, [path]
        while todo:
            file = todo.pop()
            for name in INCLUDE.findall(self.text(file).decode("utf-8", "replace")):
                for folder in [file.parent, *folders]:
                    candidate = (folder / name).resolve()
                    if candidate.is_relative_to(self._top) and candidate.is_file():
                        if candidate not in found:
                            found.add(candidate)
                            todo.append(candidate)
                        break
        return sorted(found)


def _commands(top: pathlib.Path) -> dict[pathlib.Path, tuple[str, str]]:
    """For each source: the preset whose compile command is used, and the command."""
    commands: dict[pathlib.Path, tuple[str, str]] = {}
    for preset in PRESETS:
        database = top / "build" / preset / "compile_commands.json"
        for entry in json.loads(database.read_text(encoding="utf-8")):
            commands.setdefault(pathlib.Path(entry["file"]).resolve(), (preset, entry["command"]))
    return commands


def _settings_of(top: pathlib.Path, file: pathlib.Path) -> bytes:
    """Every .clang-tidy that has a say, from the top folder down."""
    folders = [folder for folder in reversed(file.parents) if folder.is_relative_to(top)]
    return b"".join((folder / ".clang-tidy").read_bytes() for folder in folders if (folder / ".clang-tidy").is_file())


def _key(top: pathlib.Path, sources: Sources, file: pathlib.Path, command: str, version: bytes) -> str:
    words = shlex.split(command)
    folders = [pathlib.Path(word[2:]) for word in words if word.startswith("-I")]
    digest = hashlib.sha256(version + _settings_of(top, file))
    digest.update(command.replace(str(top), "").encode())
    for path in sources.closure(file, folders):
        digest.update(f"\0{path.relative_to(top)}\0".encode() + sources.text(path))
    return digest.hexdigest()[:32]


def _run(top: pathlib.Path, file: pathlib.Path, preset: str) -> list[str]:
    run = subprocess.run(
        [CLANG_TIDY, "--quiet", "-p", str(top / "build" / preset), str(file)], capture_output=True, text=True, check=False
    )
    if run.returncode == 0:
        return []
    lines = [line.replace(f"{top}/", "") for line in run.stdout.splitlines() if ": error: " in line]
    return lines or [f"{file.relative_to(top)}: {run.stderr.strip()[-500:] or run.stdout.strip()[-500:]}"]


def check(top: pathlib.Path, names: list[str]) -> list[str]:
    """Complaints about the named files. Files that no preset compiles are left out: they are examples."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    passed = pathlib.Path(home) / "vigil" / "tidy"
    passed.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([CLANG_TIDY, "--version"], capture_output=True, check=True).stdout
    commands, sources = _commands(top), Sources(top)
    todo = []
    for name in names:
        file = (top / name).resolve()
        if file in commands:
            preset, command = commands[file]
            stamp = passed / _key(top, sources, file, command, version)
            if not stamp.exists():
                todo.append((file, preset, stamp))
    wrong: set[str] = set()
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        runs = [(file, stamp, pool.submit(_run, top, file, preset)) for file, preset, stamp in todo]
        for number, (file, stamp, run) in enumerate(runs, start=1):
            complaints = run.result()
            print(f"clang-tidy {number} of {len(runs)}: {file.relative_to(top)}", flush=True)
            wrong.update(complaints)  # a header's complaint comes with each file that includes it
            if not complaints:
                stamp.touch()
    return sorted(wrong)
