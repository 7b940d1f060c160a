#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares `vigil analyze --json` with dumps whose every frame is known (made by dumpgen's gen.py, which lies beside
the project): each thread must have exactly the frames it has, none missing and none invented, with functions, files and
lines where the symbols have them.

  ground_truth.py VIGIL GENERATOR WORK [--count N] [--seed S]     make dumps in WORK, then compare
  ground_truth.py VIGIL --dumps DIR LIBRARY                       compare dumps that are there"""
import argparse
import json
import pathlib
import subprocess
import sys

SKIPPED = 77


def generate(generator, *arguments):
    subprocess.run([sys.executable, generator, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def frame_matches(ours, truth, is_caller, with_symbols):
    if ours["module"] != truth["module"]:
        return False
    if int(ours["module_offset"], 16) + (1 if is_caller else 0) != truth["rva"]:
        return False
    if not with_symbols or truth["function"] is None:
        return True
    return (ours["function"], ours["file"], ours["line"]) == (truth["function"], truth["file"], truth["line"])


def compare(vigil, dump, paths, with_symbols):
    """How many frames there are, how many were found, and the first difference of each wrong thread."""
    truth = json.loads(pathlib.Path(f"{dump}.expect.json").read_text())
    command = [vigil, "analyze", "--json", str(dump)]
    for path in paths:
        command += ["--symbols", str(path)]
    ran = subprocess.run(command, capture_output=True, check=False)
    report = json.loads(ran.stdout)
    threads = {thread["thread_id"]: thread["frames"] for thread in report["threads"]}
    total, found, faults = 0, 0, []
    for thread in truth["threads"]:
        frames = threads.get(thread["tid"], [])
        good = [i for i, want in enumerate(thread["frames"])
                if i < len(frames) and frame_matches(frames[i], want, i > 0, with_symbols)]
        total += len(thread["frames"])
        found += len(good)
        if len(good) != len(thread["frames"]) or len(frames) != len(thread["frames"]):
            first = next((i for i in range(len(thread["frames"])) if i not in good), len(thread["frames"]))
            faults.append(f"{dump.name}: thread {thread['tid']:#x}: {len(frames)} frames of {len(thread['frames'])}; "
                          f"frame {first} is {frames[first] if first < len(frames) else 'missing'}")
    return total, found, faults


def compare_all(vigil, cases):
    total = found = 0
    faults = []
    for dump, paths, with_symbols in cases:
        one_total, one_found, one_faults = compare(vigil, dump, paths, with_symbols)
        total, found = total + one_total, found + one_found
        faults += one_faults
    for fault in faults[:20]:
        print("FAILED", fault)
    print(f"{len(cases)} analyses, {found} of {total} frames, {len(faults)} threads not exact")
    return 1 if faults or not total else 0


def made_cases(options):
    generator, work = options.generator / "gen.py", options.work
    library = work / "library"
    if not (library / "pe").exists():
        generate(generator, "lib", "--dir", library, "--modules", 80, "--symmods", 12)
    cases = []
    for arch in ("amd64", "x86", "arm64"):
        dump = work / f"{arch}.dmp"
        generate(generator, "dump", "--dir", library, "--out", dump, "--arch", arch, "--symmods", 12,
                 "--seed", options.seed)
        cases += [(dump, [library / "sym"], True), (dump, [library / "pe"], False),
                  (dump, [library / "pe", library / "sym"], True)]
    full = work / "full.dmp"
    generate(generator, "dump", "--dir", library, "--out", full, "--full", 64 << 20, "--threads", 40, "--symmods", 12,
             "--seed", options.seed)
    cases += [(full, [], False), (full, [library / "sym"], True)]
    corpus = work / "corpus"
    generate(generator, "corpus", "--dir", library, "--outdir", corpus, "--count", options.count, "--symmods", 12,
             "--seed", options.seed)
    for dump in sorted(corpus.glob("*.dmp")):
        cases += [(dump, [library / "sym"], True), (dump, [library / "pe"], False)]
    return cases


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("vigil")
    arguments.add_argument("generator", type=pathlib.Path, nargs="?")
    arguments.add_argument("work", type=pathlib.Path, nargs="?")
    arguments.add_argument("--dumps", nargs=2, type=pathlib.Path, metavar=("DIR", "LIBRARY"))
    arguments.add_argument("--count", type=int, default=20)
    arguments.add_argument("--seed", type=int, default=20)
    options = arguments.parse_args()
    if options.dumps:
        folder, library = options.dumps
        cases = [(dump, [library / kind], kind == "sym")
                 for dump in sorted(folder.glob("*.dmp")) for kind in ("sym", "pe")]
        return compare_all(options.vigil, cases)
    if not (options.generator / "gen.py").exists():
        print(f"skipped: {options.generator} has no gen.py")
        return SKIPPED
    options.work.mkdir(parents=True, exist_ok=True)
    return compare_all(options.vigil, made_cases(options))


if __name__ == "__main__":
    sys.exit(main())
