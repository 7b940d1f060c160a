#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares `vigil analyze --json` with what rust-minidump said of the same dumps (`peers/*.rust.json`): the facts that
do not depend on symbols or on how stacks are walked. Both forms have the same keys for them."""
import argparse
import csv
import json
import pathlib
import subprocess
import sys

SKIPPED = 77


def number(text):
    return None if text is None else int(text, 16)


def address_of(crash):
    """What the record says, also where the instruction shows another address."""
    hidden = (crash.get("adjusted_address") or {}).get("kind") == "non-canonical"
    return number(crash["parameters"][1] if hidden and "parameters" in crash else crash.get("address"))


def facts(report):
    """What both must agree on."""
    crash = report.get("crash_info") or {}
    index = crash.get("crashing_thread")
    thread = report["threads"][index] if index is not None else {"frames": []}
    top = thread["frames"][0] if thread["frames"] else {}
    system = report["system_info"]
    return {
        "pid": report.get("pid") or 0,
        "process_uptime": report.get("process_uptime"),
        "os_ver": system.get("os_ver"),
        "cpu": [system.get(key) for key in ("cpu_arch", "cpu_info", "cpu_count")],
        "threads": [thread["thread_id"] for thread in report["threads"]],
        "modules": sorted((number(module["base_addr"]), number(module["end_addr"]), module.get("filename") or "",
                           (module.get("code_id") or "").lower(), module.get("version"))
                          for module in report["modules"]),
        "debug ids": sorted(module["debug_id"] for module in report["modules"]
                            if (module.get("debug_id") or "").strip("0")),
        "unloaded": sorted(number(module["base_addr"]) for module in report["unloaded_modules"] or []),
        "crashing_thread": index,
        "address": address_of(crash),
        "top frame": (number(top.get("offset")), top.get("module")),
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("vigil")
    arguments.add_argument("data", type=pathlib.Path)
    options = arguments.parse_args()
    index = options.data / "peers" / "INDEX.tsv"
    if not index.exists():
        print(f"skipped: {index} is not there")
        return SKIPPED
    compared, failed = 0, 0
    with index.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for row in rows:
        try:
            theirs = json.loads((options.data / "peers" / (row["prefix"] + ".rust.json")).read_text())
        except (OSError, ValueError):
            continue  # it had no answer
        if theirs["system_info"]["os"] != "Windows NT":
            continue
        dump = options.data / "dumps" / row["dump"]
        ran = subprocess.run([options.vigil, "analyze", "--json", str(dump)], capture_output=True, check=False)
        ours, theirs = facts(json.loads(ran.stdout)), facts(theirs)
        compared += 1
        for key in (key for key in theirs if theirs[key] != ours[key]):
            failed += 1
            print(f"FAILED {row['prefix']}: {key}: rust-minidump {theirs[key]}, vigil {ours[key]}")
    print(f"{compared} dumps compared, {failed} differences")
    return 1 if failed or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
