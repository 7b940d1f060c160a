# SPDX-License-Identifier: Apache-2.0
"""What a process costs: instructions (callgrind), processor time, resident memory, bytes read from disk."""
import os
import re
import shutil
import statistics
import subprocess
import tempfile


class Cost:
    """One run, or the medians of several."""

    def __init__(self, cpu_ms, wall_ms, rss_mib, read_mib, code):
        self.cpu_ms, self.wall_ms, self.rss_mib, self.read_mib, self.code = cpu_ms, wall_ms, rss_mib, read_mib, code


def run_once(command, stdout=subprocess.DEVNULL):
    """Runs `command` under GNU time, whose own small size does not count in what the child's peak is."""
    with tempfile.NamedTemporaryFile("r") as report:
        timed = ["/usr/bin/time", "-q", "-o", report.name, "-f", "%U %S %e %M %I %x", *map(str, command)]
        subprocess.run(timed, stdout=stdout, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False)
        user, system, wall, rss, blocks, code = report.read().split()
    return Cost((float(user) + float(system)) * 1000, float(wall) * 1000, int(rss) / 1024, int(blocks) / 2048, int(code))


def cpu_of_many(command, runs, text=""):
    """Processor time of one run in ms: `runs` of them in a row, since one is too short for the clock. Each is given
    `text` on its standard input."""
    before = os.times()
    for _ in range(runs):
        subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       input=text.encode(), check=False)
    after = os.times()
    spent = (after.children_user - before.children_user) + (after.children_system - before.children_system)
    return spent * 1000 / runs


def median_cost(command, runs=5, before_each=None):
    costs = []
    for _ in range(runs):
        if before_each:
            before_each()
        costs.append(run_once(command))
    pick = lambda name: statistics.median(getattr(cost, name) for cost in costs)
    return Cost(pick("cpu_ms"), pick("wall_ms"), pick("rss_mib"), pick("read_mib"), costs[-1].code)


def instructions(command):
    """Millions of instructions, or None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *map(str, command)],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    found = re.search(rb"Collected : (\d+)", ran.stderr)
    return int(found.group(1)) / 1e6 if found else None


def drop_from_cache(path):
    """Makes the system forget what it has read of a file."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)
