#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what Vigil's reader of program databases says of many addresses with llvm-symbolizer (function, file, line and
all inlined calls) and its frame data with llvm-pdbutil: over the databases of ../shared/data, and over one that clang and
lld make on the spot. Where an image is missing, a header is made that names the database."""
import argparse
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

SKIPPED = 77
SYMBOLIZER = "llvm-symbolizer-19"
PDBUTIL = "llvm-pdbutil-19"
ADDRESSES = 1500
EXCUSED = []  # database and address, where llvm-symbolizer is known to be wrong
SOURCE = """
namespace shapes {
volatile int sink;
struct Box {
  int side;
  inline int area() const {
    sink = side;
    return side * side;
  }
  template <class T> inline T scaled(T by) const {
    return static_cast<T>(area() * by) + sink;
  }
};
static inline int deep(const Box& box, int n) {
  return box.scaled<int>(n) + box.area();
}
__attribute__((noinline)) int loop(int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += deep(Box{i}, n);
  return sum;
}
static __attribute__((noinline)) int local(int n) { return loop(n) + sink; }
}  // namespace shapes
extern "C" int entry() { return shapes::local(7) + shapes::loop(sizeof(int)); }
extern "C" int also() { return shapes::loop(2); }
"""


def output_of(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, errors="replace", **options).stdout


def sections_of(pdb):
    """Of the image: address, size and whether it is code."""
    text = output_of(PDBUTIL, "dump", "-section-headers", str(pdb)).split("Original Section")[0]
    found = []
    for block in re.split(r"SECTION HEADER #\d+", text)[1:]:
        size = re.search(r"([0-9A-F]+) virtual size", block)
        address = re.search(r"([0-9A-F]+) virtual address", block)
        if size and address:
            found.append((int(address[1], 16), int(size[1], 16), "Execute" in block))
    return found


def make_image(pdb, folder, sections):
    """Just headers, with a debug directory in them, that lead llvm-symbolizer to the database."""
    summary = output_of(PDBUTIL, "dump", "-summary", str(pdb))
    guid = re.search(r"GUID: \{([0-9A-F-]+)\}", summary)
    if not guid:
        return None
    parts = guid[1].split("-")
    codeview = b"RSDS" + struct.pack("<IHH", int(parts[0], 16), int(parts[1], 16), int(parts[2], 16))
    codeview += bytes.fromhex(parts[3] + parts[4]) + struct.pack("<I", 1) + str(pdb.resolve()).encode() + b"\0"
    top = max((address + size for address, size, _ in sections), default=0x1000)
    own = (top + 0x1fff) // 0x1000 * 0x1000
    file_at = 0x1000
    data = struct.pack("<IIHHIIII", 0, 0, 0, 0, 2, len(codeview), own + 28, file_at + 28) + codeview
    data = data.ljust(0x1000, b"\0")
    header = bytearray(b"MZ".ljust(0x3c, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0")
    header += struct.pack("<HHIIIHH", 0x8664, len(sections) + 1, 0, 0, 0, 240, 0x22)
    optional = struct.pack("<HBBIIIII", 0x20b, 14, 0, 0, 0, 0, 0, 0x1000)
    optional += struct.pack("<QIIHHHHHHIIIIHHQQQQII", 0x140000000, 0x1000, 0x200, 6, 0, 0, 0, 6, 0, 0, own + 0x1000,
                            0x1000, 0, 3, 0, 1 << 20, 0x1000, 1 << 20, 0x1000, 0, 16)
    for directory in range(16):
        optional += struct.pack("<II", own, 28) if directory == 6 else bytes(8)
    header += optional
    for i, (address, size, code) in enumerate(sections):
        header += f".s{i}".encode().ljust(8, b"\0") + struct.pack(
            "<IIIIIIHHI", size, address, 0, 0, 0, 0, 0, 0, 0x60000020 if code else 0x40000040)
    header += b".debug\0\0" + struct.pack("<IIIIIIHHI", 0x1000, own, 0x1000, file_at, 0, 0, 0, 0, 0x40000040)
    image = folder / (pdb.stem + ".made.exe")
    image.write_bytes(bytes(header).ljust(file_at, b"\0") + data)
    return image


def functions_of(pdb):
    """Address (section, offset) and size of every procedure."""
    text = output_of(PDBUTIL, "dump", "-symbols", str(pdb))
    return [(int(section), int(offset), int(size)) for section, offset, size in
            re.findall(r"addr = (\d+):(\d+), code size = (\d+)", text)]


def addresses_in(pdb, sections):
    found = []
    for section, offset, size in functions_of(pdb):
        if 0 < section <= len(sections) and size:
            base = sections[section - 1][0] + offset
            found += sorted({base, base + size // 3, base + size // 2, base + size - 1, base + min(size - 1, 7)})
    found = sorted(set(found))
    step = max(1, len(found) // ADDRESSES)
    return found[::step]


def symbolizer_places(image, addresses):
    """For each address the places, as llvm-symbolizer has them; None for one that it crashes at."""
    result = []
    while len(result) < len(addresses):
        left = addresses[len(result):]
        text = output_of(SYMBOLIZER, f"--obj={image}", "--functions=short", "--no-demangle", "--relative-address",
                         "--inlining", input="".join(f"{address:#x}\n" for address in left))
        answers = [parse_symbolizer(block) for block in text.split("\n\n")[:-1]]
        result += answers[:len(left)]
        if len(answers) < len(left):
            result.append(None)
    return result


def parse_symbolizer(block):
    lines = block.strip("\n").split("\n")
    places = []
    for name, where in zip(lines[::2], lines[1::2]):
        file, line, _ = where.rsplit(":", 2)
        places.append((name, "" if file == "??" else file, int(line)))
    return places


def our_places(lookup, pdb, addresses):
    text = output_of(lookup, str(pdb), input="".join(f"{address:x}\n" for address in addresses))
    result = []
    for block in re.split(r"(?<=\n)\n|^\n", text)[:len(addresses)]:
        result.append([(name, file, int(line)) for name, file, line in
                       (line.split("\t") for line in block.strip("\n").split("\n") if line)])
    return result


def same(ours, theirs):
    """llvm-symbolizer prints the number of a line that is none (never step into)."""
    def plain(place):
        name, file, line = place
        return name, file.replace("/", "\\").lower(), 0 if line in (0xfeefee, 0xf00f00) else line
    return [plain(place) for place in ours] == [plain(place) for place in theirs]


def lines_of(pdb):
    """The rows of all line tables as llvm-pdbutil prints them: (section, begin, end) to (address, line), 0 for none."""
    tables = {}
    rows = []
    for line in output_of(PDBUTIL, "dump", "-l", str(pdb)).split("\n"):
        if head := re.match(r"\s+([0-9A-F]{4}):([0-9A-F]{8})-([0-9A-F]{8}), line/addr entries", line):
            rows = tables.setdefault(tuple(int(part, 16) for part in head.groups()), [])
        else:
            rows += [(int(at, 16), int(number) if number.isdigit() else 0)
                     for number, at in re.findall(r"(\d+|NSI|ASI)!? +([0-9A-F]{8})", line)]
    return tables


def lines_at(tables, section, offset):
    """What the row says that begins last at or before the offset: several rows where functions were folded into one."""
    rows = [row for (own, begin, end), rows in tables.items() if own == section and begin <= offset < end
            for row in rows if row[0] <= offset]
    last = max((row[0] for row in rows), default=0)
    return {line for at, line in rows if at == last} or {0}


def is_known_weakness(ours, theirs, lines):
    """Where llvm-symbolizer is the one that is wrong, with lines what llvm-pdbutil has for the function itself.

    It crashes on some inlined calls of Microsoft's compiler. Of those whose rows have lengths it misses rows, and with them
    the call, or takes a neighbour's line. Of two lines that begin at one address it takes the first for that address, and
    the second for those behind. It does not put the rows of several files in one order."""
    if theirs is None:
        return not ours or ours[-1][2] in lines
    names = [place[0] for place in ours]
    return names[-len(theirs):] == [place[0] for place in theirs] and ours[-1][2] in lines


def compare_places(lookup, pdb, image, sections):
    addresses = addresses_in(pdb, sections)
    if not addresses:
        return 0, 0
    ours, theirs = our_places(lookup, pdb, addresses), symbolizer_places(image, addresses)
    if len(ours) != len(addresses):
        print(f"FAILED {pdb.name}: {len(addresses)} addresses, {len(ours)} answers")
        return len(addresses), 1
    failed = 0
    tables = lines_of(pdb)
    for address, mine, other in zip(addresses, ours, theirs):
        if other is not None and same(mine, other):
            continue
        section, offset = next((i, address - base) for i, (base, size, _) in enumerate(sections, 1)
                               if base <= address < base + size)
        if is_known_weakness(mine, other, lines_at(tables, section, offset)):
            EXCUSED.append((pdb.name, address))
            continue
        failed += 1
        if failed <= 5:
            print(f"FAILED {pdb.name} {address:#x}:\n  vigil {mine}\n  llvm  {other}")
    return len(addresses), failed


def compare_frames(lookup, pdb):
    """New frame data: address, size, locals, params, prologue, saved registers and program."""
    text = output_of(PDBUTIL, "dump", "-fpo", str(pdb)).split("New FPO Data")
    rows = [[field.strip() for field in line.split("|")] for line in text[1].split("\n") if line.count("|") == 10][1:] \
        if len(text) > 1 else []
    if not rows:
        return 0, 0
    ours = output_of(lookup, "--frames", str(pdb), input="".join(f"{row[0]}\n" for row in rows)).split("\n")
    theirs = {}
    for row in rows:  # several that were folded into one may be at one address
        theirs.setdefault(row[0], set()).add(
            "\t".join([f"{int(row[0], 16):x}", row[1], row[2], row[3], row[5], row[6], row[10]]).strip())
    failed = 0
    for row, mine in zip(rows, ours):
        if mine.strip() not in theirs[row[0]]:
            failed += 1
            print(f"FAILED {pdb.name}: frame data: llvm {theirs[row[0]]}, vigil {mine!r}")
    return len(rows), failed


def build_sample(folder):
    source = folder / "sample.cpp"
    source.write_text(SOURCE, encoding="utf-8")
    for name in ("clang++-19", "lld-link-19"):
        if not shutil.which(name):
            return []
    made = []
    for target, machine in (("x86_64", "x64"), ("i686", "x86"), ("aarch64", "arm64")):
        parts = [folder / f"sample-{machine}.{kind}" for kind in ("obj", "exe", "pdb")]
        subprocess.run(["clang++-19", f"--target={target}-pc-windows-msvc", "-g", "-gcodeview", "-O2", "-ffreestanding",
                        "-fno-exceptions", "-c", str(source), "-o", str(parts[0])], check=True)
        subprocess.run(["lld-link-19", "/nologo", "/debug", "/entry:entry", "/nodefaultlib", "/subsystem:console",
                        "/opt:noref", "/safeseh:no", f"/machine:{machine}", f"/out:{parts[1]}", f"/pdb:{parts[2]}",
                        str(parts[0])], check=True)
        made.append(parts[2])
    return made


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("lookup")
    arguments.add_argument("dumps", type=pathlib.Path)
    arguments.add_argument("--also", type=pathlib.Path, action="append", default=[], help="one more database")
    options = arguments.parse_args()
    if not shutil.which(SYMBOLIZER) or not shutil.which(PDBUTIL):
        print(f"skipped: {SYMBOLIZER} or {PDBUTIL} is not there")
        return SKIPPED
    if not options.dumps.exists():
        print(f"skipped: {options.dumps} is not there")
        return SKIPPED
    failed = compared = frames = databases = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for pdb in sorted(options.dumps.rglob("*.pdb")) + build_sample(folder) + options.also:
            sections = sections_of(pdb)
            image = make_image(pdb, folder, sections) if sections else None
            if image is None:
                continue
            places, wrong = compare_places(options.lookup, pdb, image, sections)
            rows, wrong_frames = compare_frames(options.lookup, pdb)
            print(f"{pdb.name}: {places} addresses, {rows} frames, {wrong + wrong_frames} differences")
            databases += 1
            compared += places
            frames += rows
            failed += wrong + wrong_frames
    print(f"{databases} databases, {compared} addresses and {frames} frames compared, {failed} differences, "
          f"{len(EXCUSED)} known faults of llvm-symbolizer")
    return 1 if failed or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
