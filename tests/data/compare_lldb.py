#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the call stacks of `vigil analyze` with those that lldb walks, live, where both have the same images and
databases: the innermost ten frames of every thread.

  compare_lldb.py VIGIL DATA [--build DIR] [--also DIR] [--append FILE]

The dumps are those of DATA/dumps for which an image or a database is at hand, those that `./dev demo` left in the build
folder with the images of Wine and of the programs that died, and some that are made, by dumpgen and by scattered.py: of
these every frame is known.

A frame is its address and module; functions, files and lines count where both know one. Where the two differ, what is known
decides, and what cannot be decided counts as worse:
- the frames of a made dump are known;
- a return address has a call before it, which the image shows: of two that differ, the one without is wrong. So is one that
  goes on from where the other stops, and a stop is wrong where the frame that only the other has is behind a call;
- of names, lines and inlined calls that differ, llvm-symbolizer says which are right.
A thread is compared up to its first frame in a module of which no unwind information is at hand: from there both guess."""
import argparse
import collections
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

import images
import lldb_peer
import scattered
import symbolizer

SKIPPED = 77
FRAMES = 10
MAX_REMARK = 250
TOP = pathlib.Path(__file__).resolve().parents[2]
WINE = pathlib.Path("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows")
WINE_IMAGES = ("ntdll.dll", "kernelbase.dll", "msvcrt.dll", "user32.dll")
SCATTERED_THREADS, SCATTERED_SEED = 40, 1119
MODULES, SYMBOL_MODULES = 40, 12  # of a dump that dumpgen makes
MADE = [("amd64", 1119, 0), ("amd64", 1120, 0), ("amd64", 1121, 0), ("amd64", 1122, 32 << 20),
        ("arm64", 1119, 0), ("arm64", 1120, 0), ("arm64", 1121, 0)]

Case = collections.namedtuple("Case", "name dump truth")
Frame = collections.namedtuple("Frame", "address module places exported")
Row = collections.namedtuple("Row", "name verdict threads frames names remarks")


def analyze(vigil, dump, *folders):
    command = [vigil, "analyze", "--json", "--symbol-cache", "none", str(dump)]
    for folder in folders:
        command += ["--symbols", str(folder)]
    return json.loads(subprocess.run(command, capture_output=True, check=False).stdout)


def our_frames(thread):
    """As lldb counts them: inlined calls with the frame that they are in, callers by the address to return to."""
    frames, inlined = [], []
    for frame in thread["frames"]:
        place = (frame.get("function") or "", frame.get("file") or "", frame.get("line") or 0)
        if frame["trust"] == "inline":
            inlined.append(place)
            continue
        address = int(frame["offset"], 16) + (1 if frames else 0)
        exported = frame.get("symbol_source") == "exports"
        frames.append(Frame(address, (frame.get("module") or "").lower(), [*inlined, place], exported))
        inlined = []
    return frames


def plain_function(name):
    """Without parameters, which lldb leaves out, and with one spelling of spaces and of what has no name."""
    name = re.sub(r" *([<>,]) *", r"\1", name.replace("`anonymous namespace'", "(anonymous namespace)"))
    return re.match(r"(?:\(anonymous namespace\)|operator\(\)|[^(])*", name)[0].strip()


def plain_file(name):
    return name.replace("\\", "/").lower()


def same_places(ours, theirs):
    """Whether both say the same wherever both know something."""
    return len(ours) == len(theirs) and all(
        plain_function(function) == plain_function(other) and
        (not file or not other_file or (plain_file(file), line) == (plain_file(other_file), other_line))
        for (function, file, line), (other, other_file, other_line) in zip(ours, theirs))


def places_text(places):
    return " in ".join(f"{function} ({pathlib.PureWindowsPath(file).name}:{line})" if file else function
                       for function, file, line in places)


class Evidence:
    """What can be known of a dump's frames besides what the two say."""

    def __init__(self, modules, found, databases, pairs):
        self.bases = {(module.get("filename") or "").lower(): int(module["base_addr"], 16) for module in modules}
        self._found = found
        self._with_database = {name.lower() for name, _ in databases}
        self._symbolizers = {name.lower(): symbolizer.Symbolizer(pairs / name) for name, _ in databases}

    def end(self):
        for program in self._symbolizers.values():
            program.end()

    def offset(self, frame):
        return frame.address - self.bases.get(frame.module, 0)

    def text(self, frame):
        return f"{frame.module or 'no module'}+{self.offset(frame):#x}" if frame else "nothing"

    def has_unwind_information(self, module):
        return module in self._found and (self._found[module].has_functions or module in self._with_database)

    def is_called_from(self, frame):
        """Whether a call ends where the frame is returned to; None where the bytes are not at hand."""
        image = self._found.get(frame.module)
        return image.is_call_before(self.offset(frame)) if image else None

    def places(self, frame, is_caller):
        """What llvm-symbolizer says of a frame, or nothing."""
        program = self._symbolizers.get(frame.module)
        return program.places(self.offset(frame) - is_caller) if program else []


def judge_frames(index, ours, theirs, truth, evidence):
    """Who is right about a frame that only one has, or that both have differently: verdict and reason."""
    if truth is not None:
        want = truth[index] if index < len(truth) else None
        mine, other = (frame and (frame.module, evidence.offset(frame)) for frame in (ours, theirs))
        if mine == want:
            return "better", "the dump was made as Vigil says"
        return "worse", "the dump was made as lldb says" if other == want else "the dump was made otherwise"
    mine, other = (frame and evidence.is_called_from(frame) for frame in (ours, theirs))
    if mine and not other:
        return "better", "a call is before it" if theirs is None else "a call is before it, and none before lldb's"
    if ours is None and other is False:
        return "better", "no call is before lldb's"
    return "worse", "a call is before lldb's" if other else "not decided"


def compare_names(ours, theirs, is_caller, evidence):
    """Who names the frame (`both`, `vigil`, `lldb`, or nobody), and verdict and remark where they do so differently."""
    mine, other = ours.places, theirs.places
    if not mine[-1][0] or not other[-1][0]:
        return "vigil" if mine[-1][0] else "lldb" if other[-1][0] else "", None
    if ours.exported:  # the nearest exported name below, marked so; lldb read the debug information in the image
        return "both" if plain_function(mine[-1][0]) == plain_function(other[-1][0]) else "lldb", None
    if same_places(mine, other):
        return "both", None
    judged = evidence.places(ours, is_caller)
    text = f"{places_text(mine)}, lldb {places_text(other)}"
    if judged and same_places(mine, judged):
        return "vigil", ("better", f"{text}: llvm-symbolizer says what Vigil says")
    return "lldb", ("worse", f"{text}: llvm-symbolizer says {places_text(judged) or 'nothing'}")


def false_frame(ours, truth, evidence):
    """The first frame that Vigil has otherwise than the dump was made, also where lldb agrees or has given up before."""
    for index in range(min(FRAMES, len(truth))):
        mine = ours[index] if index < len(ours) else None
        if not mine or (mine.module, evidence.offset(mine)) != truth[index]:
            return [("worse", f"frame {index}: {evidence.text(mine)}: the dump was made otherwise")]
    return []


def compare_thread(ours, theirs, truth, evidence):
    """How many frames agree, who names them, and verdict and remark of each difference."""
    names, found = collections.Counter(), []
    agreed = 0
    for index in range(FRAMES):
        mine = ours[index] if index < len(ours) else None
        other = theirs[index] if index < len(theirs) else None
        if (mine and mine[:2]) != (other and other[:2]):
            verdict, why = judge_frames(index, mine, other, truth, evidence)
            found.append((verdict, f"frame {index}: {evidence.text(mine)}, lldb {evidence.text(other)}: {why}"))
            break
        if mine is None:
            break
        agreed += 1
        who, difference = compare_names(mine, other, index > 0, evidence)
        names[who] += 1
        if difference:
            found.append((difference[0], f"frame {index}: {difference[1]}"))
        if not evidence.has_unwind_information(mine.module):
            break
    if worst(verdict for verdict, _ in found) != "worse":
        found += false_frame(ours, truth or [], evidence)
    return agreed, names, found


def worst(verdicts):
    verdicts = set(verdicts)
    return next((word for word in ("worse", "better") if word in verdicts), "same")


def compare(vigil, lldb, case, catalogue):
    """The row of a dump; None where nothing is at hand for it."""
    modules = analyze(vigil, case.dump).get("modules") or []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        found, databases = images.stage(modules, catalogue, folder)
        if not found and not databases:
            return None
        threads = analyze(vigil, case.dump, folder / "images", folder / "databases")["threads"]
        peer, died = lldb_peer.walk(lldb, case.dump, folder / "images", databases)
        if not peer:
            return Row(case.name, "none", len(threads), 0, collections.Counter(), ["lldb dies, or does not end"])
        evidence = Evidence(modules, found, databases, folder / "pairs")
        row = compare_threads(case, threads, peer, evidence)
        evidence.end()
    return row._replace(remarks=[*row.remarks, "lldb dies over the database, and was asked without"]) if died else row


def compare_threads(case, threads, peer, evidence):
    frames, names, found = 0, collections.Counter(), []
    for thread in threads:
        tid = thread["thread_id"]
        theirs = [Frame(*frame, False) for frame in peer.get(tid, [])]
        agreed, named, differences = compare_thread(our_frames(thread), theirs, case.truth.get(tid), evidence)
        frames, names = frames + agreed, names + named
        found += [(verdict, f"thread {tid:#x}, {text}") for verdict, text in differences]
    verdict = worst(verdict for verdict, _ in found)
    remarks = [textwrap.shorten(text, MAX_REMARK) for own, text in found if own == verdict][:1]
    if len(found) > 1:
        remarks.append(f"and {len(found) - 1} more")
    return Row(case.name, verdict, len(threads), frames, names, remarks)


def real_cases(data):
    """Each dump once, however many folders have it."""
    seen = set()
    for path in sorted((data / "dumps").rglob("*.dmp")):
        content = path.read_bytes()
        digest = hashlib.sha256(content).digest()
        if content[:4] == b"MDMP" and digest not in seen:
            seen.add(digest)
            yield Case(path.stem, path, {})


def demo_cases(build, work):
    """What the service kept of the programs that died in `./dev demo`."""
    for path in sorted((build / "demo" / "dumps").rglob("*.dmp*")):
        dump = path
        if path.suffix == ".zst":
            dump = work / path.stem
            subprocess.run(["zstd", "-d", "-q", "-f", str(path), "-o", str(dump)], check=True)
        yield Case("demo: " + dump.stem.split("-", 1)[-1].rsplit("-", 1)[0], dump, {})


def made_cases(generator, work):
    def make(*arguments):
        subprocess.run([sys.executable, generator, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

    library = work / "library"
    make("lib", "--dir", library, "--modules", MODULES, "--symmods", SYMBOL_MODULES)
    for arch, seed, full in MADE:
        dump = work / f"{arch}-{seed}.dmp"
        make("dump", "--dir", library, "--out", dump, "--arch", arch, "--seed", seed, "--full", full,
             "--mods", MODULES, "--symmods", SYMBOL_MODULES)
        kind = "full, " if full else ""
        known = json.loads(pathlib.Path(f"{dump}.expect.json").read_text())["threads"]
        truth = {thread["tid"]: [(frame["module"].lower(), frame["rva"]) for frame in thread["frames"]] for thread in known}
        yield Case(f"made: {kind}{arch}, seed {seed}", dump, truth)


def scattered_cases(catalogue, work):
    """Over the images with unwind information that are in the folders of dumps, and the largest of Wine's."""
    for image in sorted(catalogue.of_machine("amd64"), key=lambda image: image.path.name.lower()):
        if image.path.parent == WINE and image.path.name not in WINE_IMAGES:
            continue
        dump = work / f"{image.path.stem}.dmp"
        true = scattered.make_dump(image, dump, SCATTERED_THREADS, SCATTERED_SEED)
        name = image.path.name.lower()
        if true:
            yield Case(f"scattered: {name}", dump, {tid: [(name, at) for at in frames] for tid, frames in true.items()})


def kept_cases(options, work, left_out):
    """Dumps that lie about, with the images that do."""
    cases = list(real_cases(options.data))
    for folder in options.also:
        cases += [Case(f"{path.parent.name}/{path.stem}", path, {}) for path in sorted(folder.rglob("*.dmp"))]
    if not (options.build / "demo" / "dumps").is_dir() or not shutil.which("zstd"):
        left_out.append("the dumps of `./dev demo`, which is to be run before, and needs zstd here")
    else:
        cases += demo_cases(options.build, work)
    return cases


def all_rows(options, lldb, work):
    """Rows, and in words what was left out."""
    left_out = []
    kept = images.Images([options.data / "dumps", options.build / "mingw-release" / "tests" / "crashers", WINE, *options.also])
    cases = [*kept_cases(options, work, left_out), *scattered_cases(kept, work)]
    rows = [compare(options.vigil, lldb, case, kept) for case in cases]
    if None in rows:
        left_out.append(f"{rows.count(None)} dumps for which neither an image nor a database is at hand")
    generator = options.data / ".." / "tools" / "dumpgen" / "gen.py"
    if generator.exists():
        cases = list(made_cases(generator, work))
        made = images.Images([work / "library" / "pe"])
        rows += [compare(options.vigil, lldb, case, made) for case in cases]
    else:
        left_out.append("made dumps: dumpgen is not there")
    return [row for row in rows if row], left_out


INTRODUCTION = """
## lldb, live

The innermost ten frames of every thread, as lldb {version} walks them when it is given the same images and databases. A thread
is compared up to its first frame in a module whose unwind information is not at hand. *Frames*: how many agree in module and
offset. *Names*: how many of these both name, with function, file and line the same; only Vigil; only lldb, which reads the
debug information inside of Wine's images, where Vigil says the nearest exported name or none. Where the two differ, what is
known decides: how a dump was made, whether there is a call before a return address, what llvm-symbolizer says of it. What is
not decided is *worse*. The remark is the first difference.

*demo*: programs that died in `./dev demo`, with Wine's images. *scattered*: threads behind calls all over an image, on stacks
that hold nothing but other such places, so that the image's unwind information alone leads the walk, and each code of it
counts; lldb amends that of Wine's images by their DWARF and by what it makes of the code. *made*: by dumpgen.

"""


def table(rows):
    head = ("dump", "verdict", "threads", "frames", "names", "remark")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        names = " / ".join(str(row.names[who]) for who in ("both", "vigil", "lldb"))
        cells = (row.name, row.verdict, row.threads, row.frames, names, "; ".join(row.remarks).replace("|", "/"))
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def summary(rows):
    verdicts = collections.Counter(row.verdict for row in rows)
    threads, frames = sum(row.threads for row in rows), sum(row.frames for row in rows)
    return f"{len(rows)} dumps, {threads} threads, {frames} frames the same; {verdicts['better']} better, {verdicts['worse']} worse."


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("vigil")
    arguments.add_argument("data", type=pathlib.Path)
    arguments.add_argument("--build", type=pathlib.Path, default=TOP / "build", help="where ./dev builds")
    arguments.add_argument("--also", type=pathlib.Path, action="append", default=[], help="more dumps and their images")
    arguments.add_argument("--append", type=pathlib.Path, help="to this page")
    options = arguments.parse_args()
    lldb = lldb_peer.find()
    if not lldb or not (options.data / "dumps").is_dir():
        print(f"skipped: {options.data / 'dumps' if lldb else 'lldb'} is not there")
        return SKIPPED
    with tempfile.TemporaryDirectory() as work:
        rows, left_out = all_rows(options, lldb, pathlib.Path(work))
    text = f"{table(rows)}\n\n{summary(rows)}\n" + "".join(f"\nLeft out: {what}.\n" for what in left_out)
    print(text)
    if options.append:
        with options.append.open("a", encoding="utf-8") as file:
            file.write(INTRODUCTION.format(version=lldb_peer.version(lldb)) + text)
    return 1 if not any(row.frames for row in rows) or any(row.verdict == "worse" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
