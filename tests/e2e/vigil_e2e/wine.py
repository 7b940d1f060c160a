# SPDX-License-Identifier: Apache-2.0
"""A private Windows to test in: a Wine prefix of its own for each user, cloned from a cached template.

The template is made once for each Wine and each recipe below and lies beside the other caches of ./dev. A clone is made
of hard links and takes milliseconds: so a file of a clone is replaced, never written in place.
"""

import ctypes
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

# Wine calls that hang are ended after this many seconds.
CALL_TIMEOUT = 120
BOOT_TIMEOUT = 300

# Windows 10; windows without a display; and no winedbg for crashing programs, which would print to their stderr.
TEMPLATE_REGISTRY = r"""REGEDIT4

[HKEY_CURRENT_USER\Software\Wine\Drivers]
"Graphics"="null"
"Audio"=""

[HKEY_CURRENT_USER\Software\Wine]
"Version"="win10"

[HKEY_LOCAL_MACHINE\Software\Microsoft\Windows NT\CurrentVersion\AeDebug]
"Auto"="1"
"Debugger"=""
"""


def cache_folder() -> pathlib.Path:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(home) / "vigil"


# From <linux/personality.h>.
ADDR_NO_RANDOMIZE = 0x0040000


def _stop_moving_addresses() -> None:
    """No random addresses for this process's children. Wine maps a page at 0x7ffe0000 into every process; now and then, about
    once in 4,000, something random lies there first, and the process dies as it starts ("Internal error"). Where it may not be
    switched off, that stays so rare."""
    ctypes.CDLL(None).personality(ctypes.c_ulong(ADDR_NO_RANDOMIZE))


def _environment(prefix: pathlib.Path) -> dict[str, str]:
    environment = dict(os.environ)
    environment.pop("DISPLAY", None)
    environment.update(
        WINEPREFIX=str(prefix),
        WINEARCH="win64",
        WINEDEBUG="-all",
        WINEDLLOVERRIDES="mscoree,mshtml=",
        LC_ALL="C.UTF-8",
    )
    return environment


def _quietly(prefix: pathlib.Path, *command: str, timeout: int = BOOT_TIMEOUT) -> None:
    """Runs a command of Wine's own. Never with a pipe: services.exe would inherit it and keep it open."""
    subprocess.run(
        command,
        env=_environment(prefix),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=timeout,
        check=True,
    )


def _stop_server(prefix: pathlib.Path) -> None:
    """Ends every process of the prefix. wineserver -k fails when nothing runs, which is as good."""
    environment = _environment(prefix)
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["wineserver", "-k"], check=False, timeout=CALL_TIMEOUT, **quiet)
    subprocess.run(["wineserver", "-w"], check=False, timeout=CALL_TIMEOUT, **quiet)


def _template_key() -> str:
    version = subprocess.run(["wine", "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return hashlib.sha256(version.stdout + TEMPLATE_REGISTRY.encode()).hexdigest()[:16]


def template() -> pathlib.Path:
    """The template prefix, made now when there is none."""
    folder = cache_folder() / f"wine-{_template_key()}"
    if folder.exists():
        return folder
    _stop_moving_addresses()
    cache_folder().mkdir(parents=True, exist_ok=True)
    new = pathlib.Path(tempfile.mkdtemp(prefix="wine-new-", dir=cache_folder()))
    try:
        _quietly(new, "wineboot", "-i")
        registry = new / "drive_c" / "template.reg"
        registry.write_text(TEMPLATE_REGISTRY, encoding="ascii")
        _quietly(new, "wine", "regedit", "/S", r"C:\template.reg")
        registry.unlink()
        _stop_server(new)
        try:
            new.rename(folder)
        except OSError:  # Somebody else was faster; theirs is as good.
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return folder


def _clone(source: pathlib.Path, target: pathlib.Path) -> None:
    """Hard links where source and target are on one volume; a copy otherwise. The registry is always a copy."""
    linked = subprocess.run(["cp", "-al", str(source), str(target)], stderr=subprocess.DEVNULL, check=False)
    if linked.returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)], check=True)
    for name in [".update-timestamp", *(file.name for file in source.glob("*.reg"))]:
        (target / name).unlink()
        shutil.copy2(source / name, target / name)


class WinePrefix:
    """A running Windows of one's own. Use it in a with statement: its end kills all that runs in it."""

    def __init__(self, parent: pathlib.Path):
        """Clones the template into a new folder under `parent`, and boots it."""
        _stop_moving_addresses()
        parent.mkdir(parents=True, exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="wine-", dir=parent))
        self.folder.rmdir()
        _clone(template(), self.folder)
        self.drive_c = self.folder / "drive_c"
        self.environment = _environment(self.folder)
        # Without a persistent server Wine kills the services two seconds after the last ordinary process.
        _quietly(self.folder, "wineserver", "-p")
        _quietly(self.folder, "wine", "cmd", "/c", "exit")

    def __enter__(self) -> "WinePrefix":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        _stop_server(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *arguments: str) -> list[str]:
        """The command line that starts a Windows program from here."""
        return ["wine", *arguments]

    def to_windows(self, path: pathlib.Path) -> str:
        """A path of this machine as programs of the prefix see it."""
        path = path.absolute()
        if path.is_relative_to(self.drive_c):
            return "C:\\" + str(path.relative_to(self.drive_c)).replace("/", "\\")
        return "Z:" + str(path).replace("/", "\\")

    def program_data(self) -> pathlib.Path:
        return self.drive_c / "ProgramData"

    def program_files(self) -> pathlib.Path:
        return self.drive_c / "Program Files"

    def apps(self) -> pathlib.Path:
        """Where programs that are to die are put."""
        return self.drive_c / "apps"

    def unix_pids(self, program: str) -> list[int]:
        """This machine's ids of the processes of this prefix that run `program`, a file name."""
        marker = f"WINEPREFIX={self.folder}".encode()
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                environment = (entry / "environ").read_bytes().split(b"\0")
            except OSError:  # It has just ended, or is somebody else's.
                continue
            names = [word.decode("utf-8", "replace").replace("\\", "/").rsplit("/", 1)[-1] for word in words[:2]]
            if marker in environment and any(name.lower() == program.lower() for name in names):
                found.append(int(entry.name))
        return sorted(found)

    def kill(self, program: str) -> int:
        """Ends all processes that run `program` as kill -9 does; says how many there were."""
        pids = self.unix_pids(program)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return len(pids)
