# SPDX-License-Identifier: Apache-2.0
"""What a dump says of a process, read back by a debugger that knows nothing of Vigil, against the live process."""

import pathlib
import re
import shutil
import subprocess
import unittest

from vigil_e2e.case import VigilTestCase
from vigil_e2e.vigil import PATIENCE_S, Crasher, wait_until

LLDB = shutil.which("lldb-19") or shutil.which("lldb-14") or shutil.which("lldb")
WORKERS = 4
SAMPLE_BYTES = 4096


@unittest.skipUnless(LLDB, "needs lldb")
class OpensInLldb(VigilTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.require_wine("the live process is read through /proc")
        self.vigil.copy_programs()

    def start(self) -> tuple[Crasher, int]:
        """A process with named threads that stands still, and this machine's id of it."""
        program = self.vigil.start("threads", value=WORKERS)
        (unix_pid,) = wait_until("the process to be seen", lambda: self.machine.unix_pids(program.name)[-1:])
        wait_until("its threads", lambda: len(list(pathlib.Path(f"/proc/{unix_pid}/task").iterdir())) > WORKERS)
        return program, unix_pid

    def dump(self, program: Crasher, kind: str, *more: str) -> pathlib.Path:
        dump = self.scratch / f"{kind}.dmp"
        output = self.machine.to_windows(dump)
        run = self.vigil.run(
            "--pid", str(program.pid), "--kind", kind, "--output", output, *more, program="vigil-dumper.exe"
        )
        self.assertEqual(run.code, 0, run.err)
        self.assertEqual(run.out.strip(), output)
        return dump

    def lldb(self, dump: pathlib.Path, *commands: str) -> str:
        arguments = [LLDB, "-b", "-o", f"target create -c {dump}"]
        for command in commands:
            arguments += ["-o", command]
        run = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        return run.stdout

    def modules(self, dump: pathlib.Path) -> dict[str, int]:
        """File name in lower case to base address."""
        found = re.findall(r"^\[ *\d+\].*? (0x[0-9a-f]{16}) (\S.*?) *$", self.lldb(dump, "image list"), re.MULTILINE)
        return {path.replace("\\", "/").rsplit("/", 1)[-1].lower(): int(base, 16) for base, path in found}

    def threads(self, dump: pathlib.Path) -> set[int]:
        return {int(tid, 16) for tid in re.findall(r"tid = (0x[0-9a-f]+)", self.lldb(dump, "thread list"))}

    def memory(self, dump: pathlib.Path, address: int, size: int) -> bytes:
        out = self.scratch / "memory.bin"
        out.unlink(missing_ok=True)
        self.lldb(dump, f"memory read --force --binary --outfile {out} --count {size} {address:#x}")
        return out.read_bytes() if out.exists() else b""

    def stack_pointers(self, dump: pathlib.Path) -> list[int]:
        count = len(self.threads(dump))
        commands = [f"thread select {index}" for index in range(1, count + 1)]
        mixed = [part for command in commands for part in (command, "register read rsp")]
        return [int(value, 16) for value in re.findall(r"rsp = (0x[0-9a-f]+)", self.lldb(dump, *mixed))]

    def live(self, unix_pid: int, address: int, size: int) -> bytes:
        with open(f"/proc/{unix_pid}/mem", "rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(size)

    def check(self, dump: pathlib.Path, program: Crasher, unix_pid: int) -> None:
        modules = self.modules(dump)
        self.assertLessEqual({program.name, "ntdll.dll", "kernel32.dll", "kernelbase.dll"}, set(modules))
        self.assertGreater(len(self.threads(dump)), WORKERS)
        pointers = self.stack_pointers(dump)
        self.assertGreater(len(pointers), WORKERS)
        for pointer in pointers:
            size = min(SAMPLE_BYTES, 0x10000 - pointer % 0x10000)
            in_dump = self.memory(dump, pointer, size)
            self.assertTrue(in_dump, f"no stack at {pointer:#x}")
            self.assertEqual(in_dump, self.live(unix_pid, pointer, len(in_dump)))

    def test_a_mini_dump(self) -> None:
        program, unix_pid = self.start()
        self.check(self.dump(program, "mini", "--plain"), program, unix_pid)

    def test_a_full_dump(self) -> None:
        program, unix_pid = self.start()
        dump = self.dump(program, "full", "--plain")
        self.check(dump, program, unix_pid)
        modules = self.modules(dump)
        for name in (program.name, "ntdll.dll", "kernelbase.dll"):
            for offset in (0, 0x1000, 0x2000):
                live = self.live(unix_pid, modules[name] + offset, SAMPLE_BYTES)
                self.assertEqual(self.memory(dump, modules[name] + offset, SAMPLE_BYTES), live, f"{name}+{offset:#x}")

    @unittest.skipUnless(shutil.which("zstd"), "needs zstd")
    def test_a_compressed_dump_after_zstd(self) -> None:
        program, unix_pid = self.start()
        packed = self.dump(program, "full")
        plain = packed.with_suffix(".plain.dmp")
        subprocess.run(["zstd", "-d", "-q", str(packed), "-o", str(plain)], check=True)
        self.check(plain, program, unix_pid)


if __name__ == "__main__":
    unittest.main()
