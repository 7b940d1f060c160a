# SPDX-License-Identifier: Apache-2.0
"""lldb as a peer that is at hand: the call stacks of all threads of a dump as it walks them."""
import re
import shutil
import subprocess

# The newest that is there: older ones die over more program databases.
PROGRAMS = ("lldb-19", "lldb-18", "lldb-17", "lldb-16", "lldb-15", "lldb-14", "lldb")
TIMEOUT_S = 20
MAX_FRAMES = 40  # inlined ones included
# What is in braces may be missing; without them lldb falls back to a format of its own for such a frame.
FRAME_FORMAT = (r"FRAME\t${frame.pc}\t{${frame.sp}}\t{${module.file.basename}}\t{${function.name}}\t{${line.file.fullpath}}"
                r"\t{${line.number}}\n")
THREAD_FORMAT = r"THREAD\t${thread.id%tid}\n"
INLINED = " [inlined] "


def find():
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


def version(lldb):
    said = subprocess.run([lldb, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+\.\d+(\.\d+)?", said)
    return found[0] if found else "?"


def _ask(lldb, dump, folder, databases):
    """What it prints; None where it dies or does not end."""
    commands = [f'settings set frame-format "{FRAME_FORMAT}"', f'settings set thread-format "{THREAD_FORMAT}"',
                f'settings set thread-stop-format "{THREAD_FORMAT}"', f'settings set target.exec-search-paths "{folder}"',
                "settings set symbols.enable-external-lookup false", f'target create -c "{dump}"']
    commands += [f'target symbols add -s "{module}" "{database}"' for module, database in databases]
    arguments = [lldb, "--batch", "--no-lldbinit"]
    for command in [*commands, f"thread backtrace --count {MAX_FRAMES} all"]:
        arguments += ["-o", command]
    try:
        ran = subprocess.run(arguments, capture_output=True, text=True, errors="replace", check=False, timeout=TIMEOUT_S,
                             stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return None
    return ran.stdout if ran.returncode == 0 else None


def walk(lldb, dump, folder, databases):
    """Frames by thread id, and whether it died over the databases and was asked again without. No threads: it died again. A
    frame is address, module in lower case, and places (function, file, line), the innermost inlined call first; the address
    of a caller is the one to return to."""
    said = _ask(lldb, dump, folder, databases)
    died = said is None
    if died and databases:
        said = _ask(lldb, dump, folder, [])
    return parse(said or ""), died


def parse(text):
    """Inlined calls come before the frame that they are in, which then has the address where their code begins. Older
    versions do not always say of the innermost that it is one, but it has function and stack pointer of that frame."""
    threads, frames, calls = {}, [], []
    for line in [*text.splitlines(), "THREAD"]:
        kind, *fields = line.lstrip(" *").split("\t")
        if kind == "FRAME" and len(fields) == 6 and calls and _is_within(calls[-1], fields):
            calls.append(fields)
        elif kind in ("FRAME", "THREAD"):
            if calls:
                frames.append((int(calls[0][0], 16), calls[0][2].lower(), [_place(*call[3:]) for call in calls]))
            calls = [fields] if len(fields) == 6 else []
        if kind == "THREAD" and fields:
            frames = threads.setdefault(int(fields[0], 16), [])
    return threads


def _is_within(call, outer):
    function, *inlined = call[3].split(INLINED)
    return bool(inlined) or bool(function) and call[1] == outer[1] and function == outer[3].split(INLINED)[0]


def _place(function, file, line):
    return function.split(INLINED)[-1], file, int(line or 0)
