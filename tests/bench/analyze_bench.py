#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures `vigil analyze` beside the least that the work can cost (the floor programs of dumpgen) and the peers that
are installed, on dumps whose frames are known. Processor time and instructions, not wall time: these say the same on a
busy machine.

  analyze_bench.py VIGIL [--generator DIR] [--work DIR] [--json] [CASE…]

Cases: small, small-sym, store, full, full-cold, corpus, pdb, mutated. The dumps are made once, in the work folder."""
import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import measure  # noqa: E402

SKIPPED = 77
FULL_BYTES = 2 << 30
CORPUS = 1000
BREAKPAD_PACKAGE = "minidump@0.26.0"


class Row:
    def __init__(self, case, what, value, unit, bar=None, note=""):
        self.case, self.what, self.value, self.unit, self.bar, self.note = case, what, value, unit, bar, note

    def cells(self):
        value = "-" if self.value is None else f"{self.value:.2f} {self.unit}"
        bar = "" if self.bar is None else f"{self.bar:g} {self.unit}"
        met = "" if self.bar is None or self.value is None else "yes" if self.value <= self.bar else "NO"
        return [self.case, self.what, value, bar, met, self.note]


class Bench:
    def __init__(self, options):
        self.vigil, self.work, self.generator = options.vigil, options.work, options.generator
        self.library = self.work / "library"
        self.cache = self.work / "cache"
        self.rows = []
        self.floor = self.build("floor")

    # --- input ---

    def build(self, name):
        source, program = self.generator / f"{name}.cc", self.work / name
        if source.exists() and not program.exists():
            subprocess.run(["g++", "-O2", "-w", "-o", program, source], check=True)
        return program if program.exists() else None

    def generate(self, *arguments):
        subprocess.run([sys.executable, self.generator / "gen.py", *map(str, arguments)], check=True,
                       stdout=subprocess.DEVNULL)

    def make_library(self):
        if not (self.library / "pe").exists():
            self.generate("lib", "--dir", self.library)

    def dump(self, name, *arguments):
        self.make_library()
        path = self.work / f"{name}.dmp"
        if not path.exists():
            self.generate("dump", "--dir", self.library, "--out", path, *arguments)
        return path

    def corpus(self):
        self.make_library()
        folder = self.work / "corpus"
        if len(list(folder.glob("*.dmp"))) < CORPUS:
            self.generate("corpus", "--dir", self.library, "--outdir", folder, "--count", CORPUS)
        return folder

    # --- rows ---

    def add(self, *arguments, **keys):
        row = Row(*arguments, **keys)
        self.rows.append(row)
        print("  ".join(filter(None, row.cells())), file=sys.stderr, flush=True)

    def analyze(self, dump, *more):
        return [self.vigil, "analyze", "--json", *more, dump]

    def with_symbols(self, dump, *more):
        return self.analyze(dump, "--symbols", self.library / "sym", "--symbol-cache", self.cache, *more)

    def forget_indexes(self):
        shutil.rmtree(self.cache, ignore_errors=True)

    # --- cases ---

    def small(self):
        dump = self.dump("small", "--threads", 2, "--mods", 13, "--arch", "x86")
        note = f"{dump.stat().st_size / 1024:.0f} KiB, x86"
        self.add("small", "vigil", measure.instructions(self.analyze(dump, "--symbol-cache", "none")), "M instr", bar=2.5,
                 note=note)
        if program := self.breakpad():
            self.add("small", "Breakpad", measure.instructions([program, dump]), "M instr", note=note)

    def small_sym(self):
        dump = self.dump("small", "--threads", 2, "--mods", 13, "--arch", "x86")
        symbols = self.work / "small-symbols"
        touched = self.symbols_of(dump, symbols, 2)
        command = self.analyze(dump, "--symbols", symbols, "--symbol-cache", self.cache)
        self.forget_indexes()
        note = f"{touched / 1e6:.1f} MB of .sym"
        self.add("small-sym", "vigil, cold index", measure.instructions(command), "M instr", bar=50, note=note)
        self.add("small-sym", "vigil, warm index", measure.instructions(command), "M instr", bar=4, note=note)
        if program := self.breakpad():
            self.add("small-sym", "Breakpad", measure.instructions([program, dump, symbols]), "M instr", note=note)

    def symbols_of(self, dump, folder, count):
        """A store with the symbols of the first modules on the crashed stack; returns its size in bytes."""
        truth = json.loads(pathlib.Path(f"{dump}.expect.json").read_text())
        names = list(dict.fromkeys(frame["module"] for frame in truth["threads"][0]["frames"]))[:count]
        total = 0
        for name in names:
            stem = pathlib.Path(name).stem + ".pdb"
            target = folder / stem
            if not target.exists():
                shutil.copytree(self.library / "sym" / stem, target)
            total += max(file.stat().st_size for file in target.rglob("*.sym"))
        return total

    def store(self):
        dump = self.dump("amd64")
        command = self.with_symbols(dump)
        colds = []
        for _ in range(5):
            self.forget_indexes()
            colds.append(measure.cpu_of_many(command, 1))
        touched = sum(int(file.stem.rsplit("-", 2)[1], 16) for file in self.cache.rglob("*.idx"))
        note = f"{touched / 1e6:.0f} MB of .sym"
        self.add("store", "vigil, cold index", sorted(colds)[2], "ms CPU", bar=150, note=note)
        self.add("store", "vigil, warm index", measure.cpu_of_many(command, 20), "ms CPU", bar=8, note=note)
        if program := self.breakpad():
            self.add("store", "Breakpad", measure.cpu_of_many([program, dump, self.library / "sym"], 2), "ms CPU", note=note)
        self.lldb("store", dump)

    def breakpad(self):
        """Breakpad's stack walker as Debian does not have it: from the npm package that brings its programs along."""
        folder = self.work / "peers"
        program = folder / "package/bin/linux-x64/minidump_stackwalk"
        if not program.exists() and shutil.which("npm"):
            folder.mkdir(exist_ok=True)
            subprocess.run(["npm", "pack", "--silent", BREAKPAD_PACKAGE], cwd=folder, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False, timeout=120)
            for archive in folder.glob("*.tgz"):
                subprocess.run(["tar", "-xzf", archive.name], cwd=folder, check=True)
        return program if program.exists() else None

    def lldb(self, case, dump):
        program = shutil.which("lldb-19") or shutil.which("lldb-14")
        if program:
            command = [program, "--no-lldbinit", "-b", "-o", "bt all", "-c", dump]
            self.add(case, f"{pathlib.Path(program).name}, no symbols", measure.cpu_of_many(command, 2), "ms CPU")

    def full_dump(self):
        return self.dump("full", "--threads", 200, "--mods", 300, "--full", FULL_BYTES)

    def full(self):
        dump = self.full_dump()
        command = self.analyze(dump, "--symbol-cache", "none")
        report = json.loads(subprocess.run(list(map(str, command)), capture_output=True, check=False).stdout)
        truth = json.loads(pathlib.Path(f"{dump}.expect.json").read_text())
        found = sum(len(thread["frames"]) for thread in report["threads"])
        want = sum(len(thread["frames"]) for thread in truth["threads"])
        self.add("full", "vigil", measure.cpu_of_many(command, 10), "ms CPU", bar=15, note=f"{found} of {want} frames")
        self.add("full", "vigil", measure.median_cost(command).rss_mib, "MiB", bar=32)
        if self.floor:
            self.add("full", "floor", measure.cpu_of_many([self.floor, dump], 10), "ms CPU")
            self.add("full", "floor", measure.median_cost([self.floor, dump]).rss_mib, "MiB")
        self.lldb("full", dump)

    def full_cold(self):
        dump = self.full_dump()
        for name, command in (("vigil", self.analyze(dump, "--symbol-cache", "none")), ("floor", [self.floor, dump])):
            if command[0] is None:
                continue
            cost = measure.median_cost(command, 5, lambda: measure.drop_from_cache(dump))
            bar = name == "vigil"
            self.add("full-cold", name, cost.wall_ms, "ms wall", bar=80 if bar else None)
            self.add("full-cold", name, cost.read_mib, "MiB read", bar=50 if bar else None)

    def corpus_case(self):
        folder = self.corpus()
        subprocess.run(list(map(str, self.with_symbols(folder))), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=False)
        one = [self.vigil, "analyze", "--symbols", self.library / "sym", "--symbol-cache", self.cache, folder]
        self.add("corpus", "vigil, one process", measure.cpu_of_many(one, 1) / 1000, "s CPU", bar=2,
                 note=f"{CORPUS} dumps")
        self.add("corpus", "vigil, one process, --json", measure.cpu_of_many(self.with_symbols(folder), 1) / 1000, "s CPU")
        before = os.times()
        for dump in sorted(folder.glob("*.dmp")):
            subprocess.run(list(map(str, self.with_symbols(dump))), stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        self.add("corpus", "vigil, a process each", spent, "s CPU", bar=6, note=f"{CORPUS} dumps")

    def pdb(self):
        """The PDB reader alone, by the program that the tests compare it with LLVM by."""
        folder = self.work / "pdb"
        if not (folder / "big.pdb").exists():
            maker = pathlib.Path(__file__).with_name("make_big_pdb.py")
            subprocess.run([sys.executable, maker, folder], check=True)
        database = folder / "big.pdb"
        generator = random.Random(1000)
        lookup = self.vigil.parents[1] / "tests/data/pdb_lookup"
        symbolizer = shutil.which("llvm-symbolizer-19")
        note = f"{database.stat().st_size / 1e6:.1f} MB"
        for count, bar in ((1, 4), (1000, 20)):
            addresses = [generator.randrange(0x1000, 0x1000 + (2 << 20)) for _ in range(count)]
            what = f"{count} address{'es' if count > 1 else ''}"
            self.add("pdb", f"vigil, {what}", measure.cpu_of_many(
                [lookup, database], 20, "".join(f"{a:x}\n" for a in addresses)), "ms CPU", bar=bar, note=note)
            if symbolizer:
                peer = [symbolizer, "--relative-address", f"--obj={folder / 'big.exe'}"]
                self.add("pdb", f"llvm-symbolizer-19, {what}",
                         measure.cpu_of_many(peer, 2, "".join(f"{a:#x}\n" for a in addresses)), "ms CPU", note=note)

    def mutated(self):
        sources = [self.dump("amd64"), self.dump("x86", "--arch", "x86"), self.dump("arm64", "--arch", "arm64")]
        generator = random.Random(300)
        reports = crashes = slow = 0
        target = self.work / "mutated.dmp"
        for i in range(300):
            data = bytearray(sources[i % len(sources)].read_bytes())
            if i % 3 == 0:
                del data[generator.randrange(64, len(data)):]
            for _ in range(generator.choice((1, 8, 64))):
                data[generator.randrange(len(data))] = generator.randrange(256)
            target.write_bytes(data)
            cost = measure.run_once(self.with_symbols(target))
            crashes += cost.code >= 128 or cost.code < 0
            slow += cost.cpu_ms > 1000
            reports += cost.code in (0, 4)
        self.add("mutated", "crashes", crashes, "of 300", bar=0)
        self.add("mutated", "over a second", slow, "of 300", bar=0)
        self.add("mutated", "without a report", 300 - reports, "of 300", bar=20)


CASES = {"small": Bench.small, "small-sym": Bench.small_sym, "store": Bench.store, "full": Bench.full,
         "full-cold": Bench.full_cold, "corpus": Bench.corpus_case, "pdb": Bench.pdb, "mutated": Bench.mutated}


def print_table(rows):
    cells = [["CASE", "WHAT", "MEASURED", "BAR", "MET", "NOTE"]] + [row.cells() for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def main():
    top = pathlib.Path(__file__).resolve().parents[2]
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("vigil", type=pathlib.Path)
    arguments.add_argument("--generator", type=pathlib.Path, default=top.parent / "shared/tools/dumpgen")
    arguments.add_argument("--work", type=pathlib.Path, default=top / "build/bench/analyze")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("cases", nargs="*", metavar="CASE")
    options = arguments.parse_intermixed_args()
    for name in options.cases:
        if name not in CASES:
            arguments.error(f"there is no case '{name}': {', '.join(CASES)}")
    if not (options.generator / "gen.py").exists():
        print(f"skipped: the generator of the dumps is not in {options.generator}")
        return SKIPPED
    options.work.mkdir(parents=True, exist_ok=True)
    bench = Bench(options)
    for name in options.cases or CASES:
        CASES[name](bench)
    if options.json:
        print(json.dumps([vars(row) for row in bench.rows], indent=2))
    else:
        print_table(bench.rows)
    missed = [row for row in bench.rows if row.bar is not None and row.value is not None and row.value > row.bar]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
