# SPDX-License-Identifier: Apache-2.0
"""llvm-symbolizer, asked for one address after another of an image that has its database beside it."""
import functools
import shutil
import subprocess

PROGRAM = "llvm-symbolizer-19"
UNDECORATOR = "c++filt"


@functools.lru_cache(maxsize=None)
def undecorated(name):
    """Some decorations of GCC's llvm leaves as they are."""
    if not name.startswith("_Z") or not shutil.which(UNDECORATOR):
        return name
    return subprocess.run([UNDECORATOR, name], capture_output=True, text=True, check=False).stdout.strip() or name


class Symbolizer:
    def __init__(self, image):
        self._process = None
        if image.exists() and shutil.which(PROGRAM):
            self._process = subprocess.Popen([PROGRAM, f"--obj={image}", "--relative-address", "--inlining"], text=True,
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def places(self, offset):
        """Function, file and line, the innermost inlined call first; empty ones it does not know."""
        try:
            self._process.stdin.write(f"{offset:#x}\n")
            self._process.stdin.flush()
        except (AttributeError, BrokenPipeError):  # there is none, or it has died
            return []
        lines = []
        while line := self._process.stdout.readline().rstrip("\n"):
            lines.append(line.replace("??", ""))
        found = []
        for function, where in zip(lines[::2], lines[1::2]):
            file, line, _ = where.rsplit(":", 2)
            found.append((undecorated(function), file, int(line)))
        return found

    def end(self):
        if self._process:
            self._process.communicate()
