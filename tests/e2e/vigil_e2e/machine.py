# SPDX-License-Identifier: Apache-2.0
"""The Windows that tests run in: a private Wine prefix on Linux, the machine itself on Windows."""

import os
import pathlib
import subprocess
import sys

from vigil_e2e.wine import WinePrefix


class RealWindows:
    """The same questions as WinePrefix answers, for the machine itself. Tests leave it as they found it."""

    def __init__(self) -> None:
        self.environment = dict(os.environ)

    def __enter__(self) -> "RealWindows":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        pass

    def command(self, *arguments: str) -> list[str]:
        return list(arguments)

    def to_windows(self, path: pathlib.Path) -> str:
        return str(path.absolute())

    def program_data(self) -> pathlib.Path:
        return pathlib.Path(os.environ["ProgramData"])

    def program_files(self) -> pathlib.Path:
        return pathlib.Path(os.environ["ProgramFiles"])

    def apps(self) -> pathlib.Path:
        return pathlib.Path(os.environ["SystemDrive"] + "\\vigil-test-apps")

    def kill(self, program: str) -> int:
        """Ends all processes that run `program` at once; says how many there were, or 1 for some."""
        run = subprocess.run(["taskkill", "/F", "/IM", program], capture_output=True, check=False)
        return 1 if run.returncode == 0 else 0


Machine = WinePrefix | RealWindows


def is_wine() -> bool:
    return sys.platform != "win32"


def open_machine(scratch: pathlib.Path) -> Machine:
    """A machine to test on. `scratch` is where a private one may put its files."""
    return WinePrefix(scratch) if is_wine() else RealWindows()
