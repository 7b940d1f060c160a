#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what vigil says of real kernel dumps with what others say of them, field by field.

    compare_kernel.py VIGIL DATA [--write FILE]

Theirs are WinDbg's `!analyze -v` and `lm` of one dump, rizin's expected headers and stack of another, and the index of
the collection for all. Exits with 1 where a field differs, with 77 where the collection is not there.
"""
import argparse
import csv
import json
import pathlib
import re
import subprocess
import sys

SKIPPED = 77
# WinDbg knows the kernel by its PDB's name.
KERNEL_NAMES = {"ntkrnlmp.exe": "ntoskrnl.exe"}
INTRODUCTION = """# Kernel dumps beside other tools

What vigil says of real kernel dumps, and what others say: WinDbg's `!analyze -v` and `lm t n`, rizin's tests, and for every dump the
headers as the collection's index has them. Made by `./dev compare`; the test `data.kernel_agrees` fails where a line *differs*.
*Less* names what cannot be had from the dump alone: these are small dumps, whose stacks and versions need the images of the kernel
and its drivers from a symbol server. Frames count where they were walked; a *guess* is an address that lies on the stack, is said to be
one, and counts for nothing. WinDbg calls the kernel by the name of its PDB, `ntkrnlmp.exe`: that counts as the same name as the
`ntoskrnl.exe` that the dump has. Where WinDbg blames the kernel itself, it has found nobody else, and vigil blames nobody: that is the same.
Dates of drivers count as *less* where only the driver's image would tell that its stamp is one.
What either groups such dumps by is a form of its own (*form*), put side by side.

"""


def analyze(vigil, dump):
    run = subprocess.run([vigil, "analyze", "--json", str(dump)], capture_output=True, text=True, check=False)
    return json.loads(run.stdout)


class Table:
    def __init__(self):
        self.rows = []

    def add(self, dump, field, theirs, ours, verdict=None):
        if verdict is None:
            verdict = "same" if theirs == ours else "differs"
        self.rows.append((dump, field, str(theirs), str(ours), verdict))


def number(text):
    return int(text.replace("`", ""), 16)


def compare_uptime(table, name, dump, report):
    """SystemUpTime of DUMP_HEADER64 in units of 100 ns, as its bytes stand."""
    with dump.open("rb") as file:
        file.seek(0x1030)
        ticks = int.from_bytes(file.read(8), "little")
    table.add(name, "uptime in seconds, by the header's bytes", str(ticks // 10_000_000), str(report["kernel"]["uptime"]))


def compare_blame(table, name, module, image, bucket, report):
    """Whom WinDbg blames, and what it groups the dump by."""
    blame = report["kernel"].get("blame", {})
    ours = blame.get("module", blame.get("process", "nobody"))
    is_kernel = image.lower() in KERNEL_NAMES
    same = ours == "nobody" if is_kernel else ours.lower() == image.lower()
    table.add(name, "WinDbg: MODULE_NAME and IMAGE_NAME, and whom vigil blames", f"{module} ({image})",
              f"{ours}: {report.get('blame_reason', '')}", "same" if same else "differs")
    table.add(name, "WinDbg: FAILURE_BUCKET_ID, and vigil's signature", bucket,
              report["signature"]["text"].replace("|", "\\|"), "form")


def compare_index(table, name, header, report):
    """`PAGEDU64 type=4:triage(minidump) x64 build=f.19041 cpus=1 bugcheck=0x4a(…) time=…`"""
    kernel = report["kernel"]
    code, parameters = re.search(r"bugcheck=(0x[0-9a-f]+)\(([^)]*)\)", header).groups()
    table.add(name, "bugcheck code", code, hex(int(kernel["bugcheck"]["code"], 16)))
    table.add(name, "parameters", parameters,
              ",".join(f"{int(p['value'], 16):x}" for p in kernel["bugcheck"]["parameters"]))
    build = re.search(r"build=f\.(\d+)", header).group(1)
    table.add(name, "build", build, report["system_info"]["os_ver"].split(".")[2])
    table.add(name, "processors", re.search(r"cpus=(\d+)", header).group(1), str(report["system_info"]["cpu_count"]))
    table.add(name, "crash time", re.search(r"time=(\S+?)Z", header).group(1), report["dump"]["time"].split(".")[0])
    table.add(name, "dump type", "triage" if "type=4" in header else "?", kernel["dump_type"])


def date_of(stamp):
    """`Mon Nov 27 16:31:06 2023 (656534CA)`: a date. Not one: `5DEE2B07 (This is a reproducible …`, `***** Invalid (…)`."""
    return bool(re.match(r"[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4} \(", stamp))


def windbg_modules(text):
    """`fffff807`5c0e0000 fffff807`5cc54000   nt   ntkrnlmp.exe 5DEE2B07 (…`, and the unloaded behind them."""
    address = r"([0-9a-f]{8}`[0-9a-f]{8})"
    loaded, unloaded = {}, {}
    for line in text.splitlines():
        found = re.match(rf"{address} {address}\s+(\S+)\s+(\S+\.\w+)\s+(.*)", line)
        if found:
            start, end, _, image, rest = found.groups()
            stamp = re.search(r"([0-9A-F]{8})\b(?:\)| \()", rest)
            loaded[number(start)] = (number(end), image.lower(), stamp.group(1) if stamp else "", date_of(rest))
            continue
        found = re.match(rf"{address} {address}\s+(\S+)\s*$", line)
        if found:
            unloaded[number(found.group(1))] = (number(found.group(2)), found.group(3))
    return loaded, unloaded


def compare_dates(table, name, loaded, ours):
    """Which stamps are dates. WinDbg has the images; without them nobody can tell a date of Windows' own from a hash."""
    theirs = {base for base, (_, _, _, dated) in loaded.items() if dated}
    dated = {base for base in loaded if ours.get(base, {}).get("time_stamp")}
    invented = len(dated - theirs)
    verdict = "differs" if invented else "same" if dated == theirs else "less"
    table.add(name, "modules, a date", f"{len(theirs)} of {len(loaded)}",
              f"{len(dated & theirs)} of these, and {invented} of others", verdict)


def compare_modules(table, name, text, report):
    loaded, unloaded = windbg_modules(text)
    ours = {int(m["base_addr"], 16): m for m in report["modules"]}
    table.add(name, "modules", len(loaded), len(ours))
    same = sum(base in ours and int(ours[base]["end_addr"], 16) == end for base, (end, _, _, _) in loaded.items())
    table.add(name, "modules, start and end", f"{len(loaded)} of {len(loaded)}", f"{same} of {len(loaded)}")
    same = sum(base in ours and ours[base]["filename"].lower() == KERNEL_NAMES.get(image, image)
               for base, (_, image, _, _) in loaded.items())
    table.add(name, "modules, name", f"{len(loaded)} of {len(loaded)}", f"{same} of {len(loaded)}")
    stamped = {base: stamp for base, (_, _, stamp, _) in loaded.items() if stamp}
    same = sum(base in ours and ours[base]["code_id"][:8] == stamp for base, stamp in stamped.items())
    table.add(name, "modules, time stamp", f"{len(stamped)} of {len(stamped)}", f"{same} of {len(stamped)}")
    compare_dates(table, name, loaded, ours)
    ours = {int(m["base_addr"], 16): (int(m["end_addr"], 16), m["filename"]) for m in report["unloaded_modules"]}
    same = sum(ours.get(base) == entry for base, entry in unloaded.items())
    table.add(name, "unloaded, start, end and name", f"{len(unloaded)} of {len(unloaded)}",
              f"{same} of {len(unloaded)}")


def resumes(report):
    """Where the frames go on, as they were walked, and then as they were guessed: a caller's lies within its call."""
    walked, guessed = [], []
    for i, frame in enumerate(report["threads"][0]["frames"]):
        to = guessed if frame["trust"] == "scan" else walked
        to.append(int(frame["offset"], 16) + (0 if i == 0 else 1))
    return walked, guessed


def compare_stack(table, name, theirs, report, callers_only=False):
    """What is guessed counts for nothing: addresses that lie on a stack are not its frames."""
    walked, guessed = resumes(report)
    walked = walked[1:] if callers_only else walked
    found = sum(address in walked for address in theirs)
    extra = len(walked) - found
    verdict = "less" if found < len(theirs) else "more" if extra else "same"
    note = f"{found} of {len(theirs)}" + (f", and {extra} that are not theirs" if extra else "")
    table.add(name, "walked frames of the kernel's stack", len(theirs), note, verdict)
    if guessed:
        right = sum(address in guessed for address in theirs)
        table.add(name, "guessed frames, with their trust", len(theirs) - found,
                  f"{right} right of {len(guessed)}", "guess")


def compare_version(table, name, image, version, report):
    """Of the image that WinDbg blames. It has the image itself from a symbol server; a small dump has none."""
    wanted = KERNEL_NAMES.get(image.lower(), image.lower())
    ours = next((m.get("version", "") for m in report["modules"] if m["filename"].lower() == wanted), "")
    verdict = "less" if not ours else "same" if ours.startswith(version) else "differs"
    if version:
        table.add(name, f"WinDbg: version of {image}", version, ours or "not in this dump", verdict)


def compare_windbg(table, name, folder, report):
    text = (folder / "analyze_v.txt").read_text(encoding="utf-8", errors="replace")
    kernel = report["kernel"]

    def field(key):
        found = re.search(rf"^{key}:\s+(\S+)", text, re.M)
        return found.group(1) if found else ""

    table.add(name, "WinDbg: name", text.split(" ", 1)[0], kernel["bugcheck"]["name"])
    table.add(name, "WinDbg: code", field("BUGCHECK_CODE"), f"{int(kernel['bugcheck']['code'], 16):x}")
    for i in range(4):
        table.add(name, f"WinDbg: parameter {i + 1}", field(f"BUGCHECK_P{i + 1}"),
                  f"{int(kernel['bugcheck']['parameters'][i]['value'], 16):x}")
    compare_version(table, name, field("IMAGE_NAME"), field("IMAGE_VERSION"), report)
    table.add(name, "WinDbg: process", field("PROCESS_NAME"), report["process_name"])
    compare_blame(table, name, field("MODULE_NAME"), field("IMAGE_NAME"), field("FAILURE_BUCKET_ID"), report)
    table.add(name, "WinDbg: attributes", "kernel_triage" if "Kernel Generated Triage Dump" in text else "",
              ",".join(kernel["attributes"]))
    stack = text.split("STACK_TEXT:", 1)[1].split("SYMBOL_NAME", 1)[0]
    rows = re.findall(r"^[0-9a-f]{8}`[0-9a-f]{8} ([0-9a-f]{8}`[0-9a-f]{8})", stack, re.M)
    compare_stack(table, name, [number(row) for row in rows if row.startswith("ffff")], report,
                  callers_only=True)
    compare_modules(table, name, (folder / "lm_t_n.txt").read_text(encoding="utf-8", errors="replace"), report)


def compare_rizin(table, name, text, report):
    part = text.split("triage_x64.dmp", 1)[1].split("EOF\nRUN", 1)[0]
    kernel = report["kernel"]

    def field(key):
        return int(re.search(rf"{key} : (0x[0-9a-f]+)", part).group(1), 16)

    table.add(name, "rizin: directory table", hex(field("DirectoryTableBase")), hex(int(kernel["directory_table"], 16)))
    table.add(name, "rizin: debugger data", hex(field("KdDebuggerDataBlock")), hex(int(kernel["debugger_data"], 16)))
    table.add(name, "rizin: processors", field("NumberProcessors"), report["system_info"]["cpu_count"])
    table.add(name, "rizin: drivers", field("DriverCount"), len(report["modules"]))
    table.add(name, "rizin: code", hex(field("BugCheckCode")), hex(int(kernel["bugcheck"]["code"], 16)))
    for i in range(4):
        table.add(name, f"rizin: parameter {i + 1}", hex(field(f"BugCheckParameter{i + 1}")),
                  hex(int(kernel["bugcheck"]["parameters"][i]["value"], 16)))
    frames = [int(x, 16) for x in re.findall(r"^\d+ +(0x[0-9a-f]+) +sp:", part, re.M)]
    fault = field("BugCheckParameter2")
    table.add(name, "rizin: instruction that failed", hex(fault), hex(int(report["crash_info"]["instruction_address"], 16)))
    if fault in frames:
        compare_stack(table, name, [f for f in frames[frames.index(fault):] if f], report)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("vigil")
    arguments.add_argument("data", type=pathlib.Path)
    arguments.add_argument("--write", type=pathlib.Path)
    options = arguments.parse_args()
    index = options.data / "dumps" / "INDEX.tsv"
    if not index.exists():
        print(f"skipped: {index} is not there")
        return SKIPPED
    table = Table()
    with index.open(encoding="utf-8") as file:
        entries = [e for e in csv.DictReader(file, delimiter="\t") if e["kind"].startswith("kernel")]
    for entry in entries:
        dump = options.data / "dumps" / entry["file"]
        name = dump.name
        report = analyze(options.vigil, dump)
        if "error" in report:
            table.add(name, "report", "", report["error"]["message"], "differs")
            continue
        compare_index(table, name, entry["header"], report)
        compare_uptime(table, name, dump, report)
        for folder in sorted(dump.parent.parent.glob("user_docs/demo_output_example/*")):
            compare_windbg(table, name, folder, report)
        rizin = options.data / "dumps" / "rizinorg__rizin/test/db/formats/dmp/dmp"
        if name == "triage_x64.dmp" and rizin.exists():
            compare_rizin(table, name, rizin.read_text(encoding="utf-8"), report)
    lines = ["| dump | field | theirs | ours | |", "|---|---|---|---|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in table.rows]
    wrong = sum(row[4] == "differs" for row in table.rows)
    less = sum(row[4] == "less" for row in table.rows)
    summary = f"{len(table.rows)} fields of {len(entries)} dumps: {wrong} differ, {less} less."
    print("\n".join(lines))
    print(summary)
    if options.write:
        options.write.write_text(INTRODUCTION + "\n".join(lines) + f"\n\n{summary}\n", encoding="utf-8")
    return 1 if wrong or not table.rows else 0


if __name__ == "__main__":
    sys.exit(main())
