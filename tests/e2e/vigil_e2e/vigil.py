# SPDX-License-Identifier: Apache-2.0
"""An installed Vigil, as an administrator at its command line sees it, and the programs that die under it."""

import dataclasses
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable

from vigil_e2e.machine import Machine

PROGRAMS = ("vigil.exe", "vigil-service.exe", "vigil-dumper.exe")

# How long a thing that must happen may take. Generous: it only matters when a test fails.
PATIENCE_S = 60.0
POLL_S = 0.1

ENDED = ("done", "failed", "skipped")
# What the log says when captures would work.
STARTED = "vigil-service runs"


@dataclasses.dataclass
class Result:
    """What one run of a program gave."""

    code: int
    out: str
    err: str

    def json(self) -> object:
        try:
            return json.loads(self.out)
        except json.JSONDecodeError as error:
            raise AssertionError(f"exit code {self.code}, and no JSON: {error}\n{self.out}{self.err}") from None


class Timeout(AssertionError):
    """What was waited for did not come."""


def wait_until(what: str, condition: Callable[[], object], seconds: float = PATIENCE_S) -> object:
    """Asks `condition` until it gives something true, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Timeout(f"waited {seconds:.0f} s for {what}")
        time.sleep(POLL_S)


class Crasher:
    """A running crasher.exe. It waits for nothing, or for release() when it was started so."""

    def __init__(self, process: subprocess.Popen, name: str, output: pathlib.Path):
        self._process = process
        self._output = output
        self.name = name
        self.pid = int(str(wait_until(f"{name} to say its pid", self._said_pid)))

    def _said_pid(self) -> str:
        lines = self.output().split("\n")
        first = lines[0].split()
        if len(lines) > 1 and len(first) == 2 and first[0] == "pid":
            return first[1]
        if self._process.poll() is not None and not self.output():
            raise AssertionError(f"{self.name} ended with {self._process.returncode} and said nothing")
        return ""

    def output(self) -> str:
        return self._output.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")

    def release(self) -> None:
        """Closes its standard input: for which it waits with --wait-stdin, or when it lingers."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def wait(self, seconds: float = PATIENCE_S) -> int:
        """Its exit code; under Wine only the low eight bits of it."""
        return self._process.wait(timeout=seconds)

    def is_running(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        self.release()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(timeout=PATIENCE_S)


class Vigil:
    def __init__(self, machine: Machine, programs: pathlib.Path, crasher: pathlib.Path, scratch: pathlib.Path):
        """Nothing is installed yet. `programs` holds the executables, `scratch` takes output files."""
        self.machine = machine
        self.folder = machine.program_files() / "Vigil"
        self.data = machine.program_data() / "Vigil"
        self._programs = programs
        self._crasher = crasher
        self._scratch = scratch
        self._apps = machine.apps()
        self._crashers: list[Crasher] = []

    # --- installing and the service ---

    def copy_programs(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in PROGRAMS:
            shutil.copy(self._programs / name, self.folder / name)

    def install(self, settings: str = "", rules: dict[str, str] | None = None) -> None:
        """Programs, settings and rules in place, and the service installed and running."""
        self.copy_programs()
        if settings:
            self.write_settings(settings)
        for name, text in (rules or {}).items():
            self.write_rule(name, text)
        self.must("service", "install")
        self.wait_for_log(STARTED)

    def write_settings(self, yaml: str) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        (self.data / "vigil.yaml").write_text(yaml, encoding="utf-8")

    def write_rule(self, name: str, yaml: str) -> pathlib.Path:
        """Puts rules.d/<name> in place at once, as an editor that saves safely does."""
        folder = self.data / "rules.d"
        folder.mkdir(parents=True, exist_ok=True)
        new = folder / f"{name}.new"
        new.write_text(yaml, encoding="utf-8", newline="\n")
        return new.replace(folder / name)

    def kill_service(self) -> None:
        """Ends the service as a power cut would, as far as one process goes."""
        if self.machine.kill("vigil-service.exe") == 0:
            raise AssertionError("there is no vigil-service.exe to kill")

    def uninstall(self) -> None:
        """Ends what still runs and takes the service away; nothing to do is fine."""
        for crasher in self._crashers:
            crasher.end()
        if (self.folder / "vigil.exe").exists():
            self.run("service", "stop")
            self.run("service", "uninstall")

    # --- the command line ---

    def run(self, *arguments: str, program: str = "vigil.exe", seconds: float = PATIENCE_S) -> Result:
        """Runs a program of ours. Its output goes through files: a child that outlives it would keep a pipe open."""
        command = self.machine.command(self.machine.to_windows(self.folder / program), *arguments)
        with tempfile.TemporaryFile(dir=self._scratch) as out, tempfile.TemporaryFile(dir=self._scratch) as err:
            run = subprocess.run(
                command,
                env=self.machine.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                timeout=seconds,
                check=False,
            )
            out.seek(0)
            err.seek(0)
            texts = [file.read().decode("utf-8", "replace").replace("\r\n", "\n") for file in (out, err)]
        return Result(run.returncode, texts[0], texts[1])

    def debug(self, pid: int, *arguments: str) -> list[dict]:
        """What a dumper that is attached to a process says to a service which never answers, until the process has ended."""
        inbox = self._scratch / "debug-inbox"
        inbox.mkdir()
        options = ["--attach", str(pid), "--inbox", self.machine.to_windows(inbox), *arguments]
        command = self.machine.command(self.machine.to_windows(self.folder / "vigil-dumper.exe"), *options)
        with tempfile.TemporaryFile(dir=self._scratch) as out:
            # The end of its standard input would tell it to leave the process alone.
            with subprocess.Popen(command, env=self.machine.environment, stdin=subprocess.PIPE, stdout=out) as dumper:
                dumper.wait(timeout=PATIENCE_S)
            out.seek(0)
            return [json.loads(line) for line in out.read().decode("utf-8").splitlines()]

    def must(self, *arguments: str) -> Result:
        result = self.run(*arguments)
        if result.code != 0:
            raise AssertionError(f"vigil {' '.join(arguments)}: exit code {result.code}\n{result.out}{result.err}")
        return result

    def rows(self) -> list[dict]:
        """`vigil list --json`, oldest first; none before there is a store."""
        result = self.run("list", "--json")
        if result.code != 0:
            return []
        return result.json()

    def rows_of(self, process: str) -> list[dict]:
        return [row for row in self.rows() if row.get("process") == process]

    def dump_of(self, row: dict) -> pathlib.Path | None:
        """Where the row says that its dump lies, as a path of this machine."""
        name = row.get("dump_file", "")
        return self.data / name.rsplit("\\Vigil\\", 1)[-1].replace("\\", "/") if name else None

    def report(self, row: dict) -> dict:
        """The report inside `vigil show ID --json`."""
        return self.must("show", str(row["id"]), "--json").json()["report"]

    # --- waiting ---

    def wait_for_rows(self, what: str, condition: Callable[[list[dict]], object], seconds: float = PATIENCE_S) -> list[dict]:
        """The rows, once `condition` says that they are as wanted."""
        rows: list[dict] = []

        def look() -> bool:
            rows[:] = self.rows()
            return bool(condition(rows))

        try:
            wait_until(what, look, seconds)
        except Timeout as error:
            seen = "\n".join(f"  {row.get('process')} {row['state']} {row.get('reason', '')}" for row in rows)
            raise Timeout(f"{error}; the rows are:\n{seen}") from None
        return rows

    def wait_for_ended(self, process: str, seconds: float = PATIENCE_S) -> dict:
        """The one row of `process`, once nothing is left to be done about it."""

        def has_ended(rows: list[dict]) -> bool:
            return any(row.get("process") == process and row["state"] in ENDED for row in rows)

        rows = self.wait_for_rows(f"{process} to be done", has_ended, seconds)
        mine = [row for row in rows if row.get("process") == process]
        if len(mine) != 1:
            raise AssertionError(f"{len(mine)} rows for one death of {process}")
        return mine[0]

    def log(self) -> str:
        """All that the service has said, older log files first."""
        files = sorted((self.data / "logs").glob("vigil*.log"), key=lambda file: file.stat().st_mtime)
        return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)

    def wait_for_log(self, text: str, after: int = 0, seconds: float = PATIENCE_S) -> None:
        """Until `text` stands in the log, beyond its first `after` characters."""
        try:
            wait_until(f"'{text}' in the log", lambda: text in self.log()[after:], seconds)
        except Timeout as error:
            raise Timeout(f"{error}, which ends with:\n{self.log()[-2000:]}") from None

    # --- programs that die ---

    def place(self, name: str) -> str:
        """Puts crasher.exe where programs that are to die are, as `name`; its path as Windows has it."""
        self._apps.mkdir(parents=True, exist_ok=True)
        program = self._apps / name
        if not program.exists():
            shutil.copy(self._crasher, program)
        return self.machine.to_windows(program)

    def reg(self, *arguments: str) -> str:
        """What Windows' own program for the registry prints; nothing when it fails."""
        run = subprocess.run(self.machine.command("reg", *arguments), env=self.machine.environment, stdin=subprocess.DEVNULL,
                             capture_output=True, timeout=PATIENCE_S, check=False)
        return run.stdout.decode("utf-8", "replace") if run.returncode == 0 else ""

    def dump_folder_of(self, key: str) -> str:
        """Where a LocalDumps key has WER write; nothing where it does not say."""
        lines = self.reg("query", key).splitlines()
        return next((line.split("REG_EXPAND_SZ")[1].strip() for line in lines if "DumpFolder" in line), "")

    def sc(self, *arguments: str) -> None:
        """Windows' own program for services; what it says is not looked at."""
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(self.machine.command("sc", *arguments), env=self.machine.environment, check=False,
                       timeout=PATIENCE_S, **quiet)

    def end_task(self, pid: int) -> None:
        """Ends a process from outside, as the task manager does."""
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(self.machine.command("taskkill", "/f", "/pid", str(pid)), env=self.machine.environment, check=True,
                       timeout=PATIENCE_S, **quiet)

    def start(
        self,
        way: str,
        name: str = "",
        value: int | None = None,
        wait_stdin: bool = False,
        wait_debugger: int = 0,
        stdin: int | None = None,
    ) -> Crasher:
        """Starts crasher.exe as `name` (by default <way>.exe), so that rules and lists see programs of their own."""
        name = name or f"{way}.exe"
        program = self.place(name)
        arguments = [way]
        if value is not None:
            arguments += ["--value", str(value)]
        if wait_debugger:
            arguments += ["--wait-debugger", str(wait_debugger)]
        if wait_stdin:
            arguments += ["--wait-stdin"]
        # A file, not a pipe: whoever is started for the dying program inherits its standard output.
        with tempfile.NamedTemporaryFile(dir=self._scratch, prefix=f"{name}-", suffix=".out", delete=False) as output:
            process = subprocess.Popen(
                self.machine.command(program, *arguments),
                env=self.machine.environment,
                stdin=subprocess.PIPE if stdin is None else stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        crasher = Crasher(process, name, pathlib.Path(output.name))
        self._crashers.append(crasher)
        return crasher

    def forget_ended(self) -> None:
        """For those who start very many."""
        self._crashers = [crasher for crasher in self._crashers if crasher.is_running()]

    def start_attached(self, way: str, name: str = "", value: int | None = None) -> Crasher:
        """Starts it, and returns when the service has a dumper attached to it; release() lets it die."""
        crasher = self.start(way, name, value, wait_stdin=True)
        self.wait_for_log(f"attached to {crasher.name} ({crasher.pid})")
        return crasher

    def drop_in_inbox(self, file: pathlib.Path, name: str) -> None:
        """As WER LocalDumps does: the file grows under its final name."""
        shutil.copy(file, self.data / "inbox" / name)
