#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares `vigil analyze` with what rust-minidump, Breakpad and lldb said of the same dumps, and writes the table
docs/COMPARISON.md.

  comparison.py VIGIL DATA [--write FILE]

DATA has peers/INDEX.tsv, peers/*.rust.json, *.breakpad.m, *.lldb.txt and dumps/. A dump is *same* when reason, address,
blamed thread and modules agree and every frame that a peer is sure of (context, CFI, frame pointer) is found; *better*
or *worse* name what differs. Frames that a peer found by scanning are guesses: they are counted, not required."""
import argparse
import csv
import json
import pathlib
import re
import subprocess
import sys

SKIPPED = 77
SURE = {"context", "cfi", "frame_pointer", "unwind_info", "leaf", "inline"}
PREFIXES = ("EXCEPTION_", "STATUS_")
# The same thing by another name.
SYNONYMS = {"STACK_BUFFER_OVERRUN": "FAIL_FAST", "UNHANDLED_CXX_EXCEPTION": "CXX_EXCEPTION",
            "UNHANDLED_CPP_EXCEPTION": "CXX_EXCEPTION"}


def number(text):
    return None if text is None else int(text, 16)


def reason_words(reason):
    """`EXCEPTION_ACCESS_VIOLATION_READ` as the set of its parts, without decoration."""
    for prefix in PREFIXES:
        reason = reason.removeprefix(prefix)
    return reason


def our_reason(report):
    crash = report.get("crash_info") or {}
    name = crash.get("type", "")
    verbs = {"read": "_READ", "write": "_WRITE", "execute": "_EXEC"}
    return name + verbs.get(crash.get("access"), "") if name == "ACCESS_VIOLATION" else name


def same_reason(ours, theirs, report):
    theirs = reason_words(theirs)
    if theirs.startswith("0x"):
        return number(theirs) == number((report.get("crash_info") or {}).get("code"))
    first = theirs.split(" / ")[0]
    return ours in {first, SYNONYMS.get(first, first)} or first.startswith(ours)


def frames_of(thread):
    """What the comparison goes by: module and offset of each physical frame, with its trust."""
    return [(frame.get("module"), number(frame.get("module_offset")) if frame.get("module") else number(frame["offset"]),
             frame.get("trust")) for frame in thread["frames"] if frame.get("trust") != "inline"]


def compare_rust(ours, theirs):
    """Verdicts by column, and remarks."""
    their_crash = theirs.get("crash_info") or {}
    our_crash = ours.get("crash_info") or {}
    row, remarks = {}, []
    reason = their_crash.get("type")
    if reason is None:
        row["reason"] = "same" if not our_crash else "better"
    else:
        row["reason"] = "same" if same_reason(our_reason(ours), reason, ours) else "worse"
        if row["reason"] == "worse":
            remarks.append(f"reason: {our_reason(ours)}, peer {reason}")
    # The processor does not report addresses that are not canonical; the operand of the instruction tells.
    hidden = (our_crash.get("adjusted_address") or {}).get("kind") == "non-canonical"
    their_address = number(their_crash.get("address"))
    our_address = number(our_crash.get("address"))
    row["address"] = "same" if their_address == our_address else "worse"
    adjusted = (their_crash.get("adjusted_address") or {}).get("address")
    if row["address"] == "worse" and adjusted and number(adjusted) == our_address:
        row["address"] = "same"
    if row["address"] == "worse" and hidden:
        row["address"] = "better"
        row["reason"] = "better" if row["reason"] == "worse" else row["reason"]
        remarks = [f"the address is {our_crash['address']}, which the instruction shows and the record hides"]
    if row["address"] == "worse":
        remarks.append(f"address: {our_crash.get('address')}, peer {their_crash.get('address')}")
    row["thread"] = "same" if our_crash.get("crashing_thread") == their_crash.get("crashing_thread") else "worse"
    mine = {(number(m["base_addr"]), number(m["end_addr"]), m.get("filename") or "") for m in ours["modules"]}
    missing = [m for m in theirs["modules"]
               if (number(m["base_addr"]), number(m["end_addr"]), m.get("filename") or "") not in mine]
    row["modules"] = "same" if not missing else "worse"
    with_symbols = {m.get("filename") for m in theirs["modules"] if m.get("loaded_symbols")}
    without = {m.get("filename") for m in ours["modules"] if not m.get("loaded_symbols")}
    row["frames"], frame_remark = compare_frames(ours, theirs, with_symbols & without)
    if frame_remark:
        remarks.append(frame_remark)
    return row, remarks


def compare_frames(ours, theirs, lacking):
    """All threads: frames that the peer is sure of, in order from the innermost, must be there. What follows a guess of
    the peer's is a guess as well, and what it found by symbols of a module in `lacking`, which are not at hand, cannot be
    compared."""
    sure = missed = guesses = more = 0
    symbols_used = False
    for ours_thread, theirs_thread in zip(ours["threads"], theirs["threads"]):
        mine, peer = frames_of(ours_thread), frames_of(theirs_thread)
        mine_set = {frame[:2] for frame in mine}
        certain = True
        peer_sure = set()
        for i, frame in enumerate(peer):
            if frame[2] == "cfi" and peer[i - 1][0] in lacking:
                symbols_used = True
                break
            certain = certain and frame[2] in SURE
            if not certain:
                guesses += 1
                continue
            peer_sure.add(frame[:2])
            sure += 1
            missed += frame[:2] not in mine_set
        more += sum(1 for frame in mine if frame[2] in SURE and frame[:2] not in peer_sure)
    if symbols_used:
        return ("same" if not missed else "worse"), "the peer went on by symbols that are not at hand"
    if missed:
        return "worse", f"misses {missed} of {sure} frames the peer is sure of"
    if more:
        return "better", f"{more} more frames by unwinding, peer guessed {guesses}"
    return "same", f"peer guessed {guesses} more by scanning" if guesses else ""


def analyze(vigil, dump):
    ran = subprocess.run([vigil, "analyze", "--json", "--symbol-cache", "none", str(dump)], capture_output=True,
                         check=False)
    return json.loads(ran.stdout)


def verdict(row):
    for word in ("worse", "better"):
        if word in row.values():
            return word
    return "same"


INTRODUCTION = """# What other tools say of the same dumps

Made by `./dev compare`; do not edit. Each row is a real dump of which rust-minidump, the best open reader, has said what it
found, most of them without symbols; Breakpad agrees with it on the crashed thread of all but one. *Same*: reason, address,
blamed thread and modules agree, and every frame that the other is sure of, by context, call frame information or frame
pointer, is found. *Better* and *worse* name what differs. Frames found by scanning the stack are guesses, of which Vigil
makes none where it cannot see a call before the address: with generated dumps, whose frames are known, both open walkers
invent twice as many frames as there are when they lack symbols (`tests/data/ground_truth.py` has ours).

"""


def table(rows):
    head = ("dump", "verdict", "reason", "address", "thread", "modules", "frames", "remark")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("vigil")
    arguments.add_argument("data", type=pathlib.Path)
    arguments.add_argument("--write", type=pathlib.Path)
    options = arguments.parse_args()
    index = options.data / "peers" / "INDEX.tsv"
    if not index.exists():
        print(f"skipped: {index} is not there")
        return SKIPPED
    rows = []
    with index.open(encoding="utf-8") as file:
        dumps = list(csv.DictReader(file, delimiter="\t"))
    for entry in dumps:
        try:
            theirs = json.loads((options.data / "peers" / (entry["prefix"] + ".rust.json")).read_text())
        except (OSError, ValueError):
            continue
        ours = analyze(options.vigil, options.data / "dumps" / entry["dump"])
        if "error" in ours:
            rows.append((entry["prefix"], "worse", "", "", "", "", "", ours["error"]["message"]))
            continue
        row, remarks = compare_rust(ours, theirs)
        columns = [row[key] for key in ("reason", "address", "thread", "modules", "frames")]
        rows.append((entry["prefix"], verdict(row), *columns, re.sub(r"\|", "/", "; ".join(remarks))))
    text = table(rows)
    print(text)
    worse = sum(row[1] == "worse" for row in rows)
    print(f"{len(rows)} dumps, {worse} worse")
    if options.write:
        options.write.write_text(INTRODUCTION + text + f"\n\n{len(rows)} dumps, {worse} worse.\n", encoding="utf-8")
    return 1 if worse or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
