#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares where Vigil's reader of program databases finds globals by name, and how it says that structures are laid out,
with llvm-pdbutil: over the databases of ../shared/data, and over those that clang and lld make on the spot. Every public
symbol, every datum and every type with a name of its own is asked for, and some that are not there."""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
PDBUTIL = "llvm-pdbutil-19"
AGGREGATES = ("LF_STRUCTURE", "LF_CLASS", "LF_UNION", "LF_INTERFACE")
ABSENT = [f"vigil_has_no_{i}" for i in range(8)]
SHOWN = 5
SOURCE = """
struct Point { int x; unsigned low : 3, high : 5; union { long long wide; char bytes[8]; }; };
struct Shape : Point { Point corners[3]; const Point* origin; double area; enum Kind : short { None } kind; };
template <class T> struct Box { T value; Shape shape; };
Box<int> box;
namespace { struct Hidden { Shape shape; int last; } hidden; }
int counter = 3;
static int private_counter = 4;
extern "C" int entry() {
  static struct Local { int x; Shape shape; } local;
  box.value = private_counter;
  hidden.last = local.shape.x;
  return box.value + counter + local.x + hidden.last;
}
"""


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, errors="replace", **options)


def output_of(*command):
    return run(*command).stdout


def records_of(pdb):
    """Of each type's index: kind, the text behind it, and the lines of its parts."""
    records, current = {}, None
    for line in output_of(PDBUTIL, "dump", "-types", str(pdb)).splitlines():
        head = re.match(r"\s+(0x[0-9A-F]+) \| (LF_\w+) \[size = \d+[^\]]*\](.*)", line)
        if head:
            current = records[int(head[1], 16)] = (head[2], head[3].strip(), [])
        elif current:
            current[2].append(line.strip())
    return records


def members_of(records, index, depth=0):
    """Offset, bits and name of each, those of further lists too."""
    kind, _, lines = records.get(index, ("", "", []))
    found = []
    if kind != "LF_FIELDLIST" or depth > 64:
        return found
    for line in lines:
        member = re.match(r"- LF_MEMBER \[name = `(.*)`, Type = (0x[0-9A-F]+).*, offset = (\d+)", line)
        if member:
            bits = (0, 0)
            kind, head, more = records.get(int(member[2], 16), ("", "", []))
            field = re.search(r"bit offset = (\d+), # bits = (\d+)", " ".join([head, *more]))
            if kind == "LF_BITFIELD" and field:
                bits = (int(field[1]), int(field[2]))
            found.append((int(member[3]), *bits, member[1]))
        further = re.search(r"continuation = (0x[0-9A-F]+)", line)
        if further:
            found += members_of(records, int(further[1], 16), depth + 1)
    return found


def types_of(pdb):
    """Of each name the layouts that the file has of it. What is defined in a function is not found by its name."""
    records, types = records_of(pdb), {}
    for kind, head, lines in records.values():
        text = " ".join([head, *lines])
        name = re.match(r"`(.*)`", head)
        fields, size = re.search(r"field list: (0x[0-9A-F]+)", text), re.search(r"sizeof (\d+)", text)
        if kind not in AGGREGATES or not name or not size or "forward ref" in text or "scoped" in text:
            continue
        if name[1].startswith("<"):
            continue  # no name of its own
        members = members_of(records, int(fields[1], 16)) if fields else []
        types.setdefault(name[1], []).append((int(size[1]), members))
    return types


def names_of(pdb):
    """Of each name of a global the addresses that it has, and sections' ends as None: nothing is there."""
    text = output_of(PDBUTIL, "dump", "-section-headers", "-publics", "-globals", str(pdb))
    headers = text.split("Original Section")[0]
    sections = []
    for block in re.split(r"SECTION HEADER #\d+", headers)[1:]:
        size, address = re.search(r"([0-9A-F]+) virtual size", block), re.search(r"([0-9A-F]+) virtual address", block)
        if size and address:
            sections.append((int(address[1], 16), int(size[1], 16)))
    lines, names = text.splitlines(), {}
    for line, following in zip(lines, lines[1:]):
        symbol = re.search(r"S_(?:PUB32|GDATA32|LDATA32) \[size = \d+\] `(.*)`", line)
        place = re.search(r"addr = (\d+):(\d+)", following)
        if not symbol or not place or not 1 <= int(place[1]) <= len(sections):
            continue
        address, size = sections[int(place[1]) - 1]
        offset = int(place[2])
        names.setdefault(symbol[1], []).append(f"{address + offset:x}" if offset < size else "-")
    return names


def ours(lookup, pdb, types, names):
    asked = [f"type {name}" for name in [*types, *ABSENT]] + [f"name {name}" for name in [*names, *ABSENT]]
    found_types, found_names, wrong, members = {}, {}, [], []
    result = run(lookup, "--names", str(pdb), input="\n".join(asked) + "\n")
    # A table of names that is read wrongly is taken to be damaged, and costs no name.
    wrong += [note for note in result.stderr.splitlines() if "damaged" in note]
    for line in result.stdout.splitlines():
        kind, *parts = line.split("\t")
        if kind == "type":
            members = []
            found_types[parts[0]] = None if parts[1] == "-" else (int(parts[1]), members)
        elif kind == "member":
            offset, _, position, count, name = parts
            members.append((int(offset), int(position), int(count), name))
        elif kind == "name":
            found_names[parts[0]] = parts[1]
        else:
            wrong.append(line)
    return found_types, found_names, wrong


def compare(lookup, pdb):
    types, names = types_of(pdb), names_of(pdb)
    if not types and not names:
        return 0, 0, 0, 0
    found_types, found_names, wrong = ours(lookup, pdb, types, names)
    wrong += [f"type {name}: {found_types.get(name)}, and not one of {layouts}"
              for name, layouts in types.items() if found_types.get(name) not in layouts]
    wrong += [f"name {name}: {found_names.get(name)}, and not one of {places}"
              for name, places in names.items() if found_names.get(name) not in places]
    wrong += [f"{name} is found" for name in ABSENT if found_types.get(name) or found_names.get(name) != "-"]
    for text in wrong[:SHOWN]:
        print(f"{pdb}: {text}")
    members = sum(len(layouts[0][1]) for layouts in types.values())
    return len(types), members, len(names), len(wrong)


def build_samples(folder):
    source = folder / "types.cpp"
    source.write_text(SOURCE, encoding="utf-8")
    if not all(shutil.which(name) for name in ("clang++-19", "lld-link-19")):
        return []
    made = []
    for target, machine in (("x86_64", "x64"), ("i686", "x86"), ("aarch64", "arm64")):
        parts = [folder / f"types-{machine}.{kind}" for kind in ("obj", "exe", "pdb")]
        subprocess.run(["clang++-19", f"--target={target}-pc-windows-msvc", "-g", "-gcodeview", "-ffreestanding",
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
    options = arguments.parse_args()
    if not shutil.which(PDBUTIL):
        print(f"skipped: {PDBUTIL} is not there")
        return SKIPPED
    if not options.dumps.exists():
        print(f"skipped: {options.dumps} is not there")
        return SKIPPED
    databases, total = 0, [0, 0, 0, 0]
    with tempfile.TemporaryDirectory() as name:
        for pdb in sorted(options.dumps.rglob("*.pdb")) + build_samples(pathlib.Path(name)):
            found = compare(options.lookup, pdb)
            if not any(found):
                continue
            databases += 1
            total = [a + b for a, b in zip(total, found)]
            print("{}: {} types with {} members, {} names, {} differences".format(pdb.name, *found))
    print("{} databases: {} types with {} members and {} names compared, {} differences".format(databases, *total))
    return 1 if total[3] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
