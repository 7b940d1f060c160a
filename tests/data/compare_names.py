#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what Vigil makes of decorated names with c++filt and llvm-cxxfilt (Itanium, Rust) and llvm-undname (Microsoft): names
of the libraries on this machine, of the Microsoft runtimes that Wine and mingw bring along, of the databases and symbol
files in ../shared/data, and of a program that clang compiles for both on the spot."""
import argparse
import glob
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
CXXFILT = "c++filt"
LLVM_CXXFILT = "llvm-cxxfilt-19"
UNDNAME = "llvm-undname-19"
CLANG = "clang++-19"
NM = "llvm-nm-19"
PDBUTIL = "llvm-pdbutil-19"
LIBRARIES = ["/usr/lib/x86_64-linux-gnu/lib*.so*", "/usr/lib/llvm-19/lib/lib*.so*", "/usr/x86_64-w64-mingw32/lib/lib*.a"]
WINDOWS_FILES = ["/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/*.dll", "/usr/x86_64-w64-mingw32/lib/libmsvc*.a",
                 "/usr/i686-w64-mingw32/lib/libmsvc*.a"]
RUST_LIBRARIES = ["~/.rustup/toolchains/*/lib/lib*.so", "~/.rustup/toolchains/*/lib/rustlib/*/lib/libstd*.so",
                  "/usr/lib/x86_64-linux-gnu/librustc_driver*.so", "/usr/lib/x86_64-linux-gnu/libstd-*.so"]
MOST_LIBRARIES = 150
MOST_NAMES = 40_000
PER_LIBRARY = 4_000
COMMAND_SECONDS = 200
SHOWN = 40
MIN_ITANIUM = 0.995
MIN_MICROSOFT = 0.99
MIN_RUST = 0.995


def output_of(*command, **options):
    """Raises TimeoutExpired, which names the command."""
    return subprocess.run(command, capture_output=True, text=True, check=False, errors="replace", timeout=COMMAND_SECONDS,
                          **options).stdout


def answers_of(command, names):
    lines = output_of(*command, input="".join(name + "\n" for name in names)).split("\n")
    return lines[:len(names)] if len(lines) >= len(names) else None


def evenly(names, count):
    names = sorted(names)
    return names[::max(1, -(-len(names) // count))] if count else names


def itanium_names(most):
    """Of libraries spread over all on this machine, and always of the C++ library: a process for each of a thousand would
    take longer than all the rest. At most 0 means of all."""
    libraries = {pathlib.Path(path).resolve() for pattern in LIBRARIES for path in glob.glob(pattern)}
    libraries = {path for path in libraries if path.is_file()}
    chosen = set(evenly(libraries, MOST_LIBRARIES if most else 0))
    chosen |= {path for path in libraries if path.name.startswith("libstdc++.so")}
    found = set()
    for path in sorted(chosen):
        options = ["-D"] if ".so" in path.name else []
        lines = output_of(NM, *options, "--format=just-symbols", str(path)).split("\n")
        found |= set(evenly({line.split("@")[0] for line in lines if line.startswith("_Z")}, PER_LIBRARY if most else 0))
    return set(evenly(found, most))


def rust_names(most):
    found = set()
    for path in sorted({path for pattern in RUST_LIBRARIES for path in glob.glob(str(pathlib.Path(pattern).expanduser()))}):
        lines = output_of(NM, "--format=just-symbols", path).split("\n")
        found |= {line for line in lines if re.match(r"_R|_ZN.*17h[0-9a-f]{16}E", line)}
    return set(evenly(found, most))


def microsoft_names(data):
    found = set()
    decorated = re.compile(rb"[?][?@A-Za-z_$<][\x21-\x7e]{3,4000}")
    files = [pathlib.Path(path) for pattern in WINDOWS_FILES for path in glob.glob(pattern)]
    files += [path for kind in ("*.dll", "*.exe", "*.lib") for path in data.rglob(kind)] if data.is_dir() else []
    for path in files:
        content = path.read_bytes()
        if b"@@" in content:
            found |= {name.decode() for name in decorated.findall(content) if b"@" in name}
    for pdb in data.rglob("*.pdb") if data.is_dir() else []:
        text = output_of(PDBUTIL, "dump", "-publics", str(pdb)) + output_of(PDBUTIL, "dump", "-globals", str(pdb))
        found |= set(re.findall(r"`(\?[^`\s][^\n]*)`\n", text))
    for sym in data.rglob("*.sym") if data.is_dir() else []:
        with open(sym, encoding="utf-8", errors="replace") as lines:
            found |= {line.rstrip("\n").rsplit(" ", 1)[-1] for line in lines
                      if line.startswith(("PUBLIC", "FUNC")) and " ?" in line}
    return {name for name in found if name.startswith("?") and "@" in name and not name.startswith("??@")}


def compiled_names(folder):
    source = pathlib.Path(__file__).with_name("names_sample.cpp")
    microsoft, itanium = set(), set()
    for target, names in (("x86_64-pc-windows-msvc", microsoft), ("i686-pc-windows-msvc", microsoft),
                          ("x86_64-pc-linux-gnu", itanium)):
        made = folder / "sample.o"
        subprocess.run([CLANG, f"--target={target}", "-std=c++20", "-fno-sized-deallocation", "-w", "-O0", "-c", str(source),
                        "-o", str(made)], check=True)
        names |= set(output_of(NM, "--format=just-symbols", str(made)).split("\n"))
    return {name for name in itanium if name.startswith("_Z")}, {name for name in microsoft if name.startswith("?")}


def without_blanks(name):
    return re.sub(r"\s+", "", name)


def itanium_agrees(_, ours, their):
    """The peers themselves differ in blanks, and in the parentheses of expressions."""
    ours, their = without_blanks(ours), without_blanks(without_thunk_parameters(their))
    return ours == their or re.sub("[()]", "", ours) == re.sub("[()]", "", their)


def without_thunk_parameters(name):
    """Of thunks and clones c++filt -p prints the parameters of what they are of."""
    if re.search(r" thunk to |transaction clone for |^hidden alias for ", name) and re.search(r"\)[ const&]*$", name):
        depth = 0
        name = re.sub(r"( const| volatile| &)+$", "", name)
        for at in range(len(name) - 1, -1, -1):
            depth += (name[at] == ")") - (name[at] == "(")
            if depth == 0:
                return name[:at]
    return name


def compare_itanium(program, names):
    names = sorted(names)
    ours = answers_of([program], names)
    theirs = {peer: answers_of([peer, "-p"], names) for peer in (CXXFILT, LLVM_CXXFILT) if shutil.which(peer)}
    return ours, compare(names, ours, list(theirs.values()), itanium_agrees)


def compare(names, ours, peers, agree):
    counts = {"same": 0, "different": 0, "given up": 0, "only ours": 0, "nobody": 0}
    differences = []
    for i, name in enumerate(names):
        theirs = [answers[i] for answers in peers if answers and answers[i] != name and answers[i]]
        if not theirs:
            counts["nobody" if ours[i] == name else "only ours"] += 1
        elif ours[i] == name:
            counts["given up"] += 1
            differences.append((name, ours[i], theirs))
        elif any(agree(name, ours[i], their) for their in theirs):
            counts["same"] += 1
        else:
            counts["different"] += 1
            differences.append((name, ours[i], theirs))
    return counts, differences


def compare_rust(program, names):
    """Without hashes, and without the copies that a compiler made: c++filt for the old scheme, llvm-cxxfilt for the new."""
    names = sorted(names)
    ours = answers_of([program], names)
    peers = [answers_of([CXXFILT], names), answers_of([LLVM_CXXFILT], names)]
    return ours, compare(names, ours, peers, lambda _, ours, their: ours == re.sub(r"::h[0-9a-f]{16}$| \(\..*\)$", "", their))


CONVENTIONS = r"__cdecl|__stdcall|__thiscall|__fastcall|__vectorcall|__clrcall|__regcall|__pascal|__eabi"


def microsoft_key(name):
    """What is left of llvm-undname's answer when parameters, return type and the like are taken away from all functions in
    it, and the words that it says otherwise than Microsoft."""
    name = name.replace(" dtor'", " destructor'").replace(" ctor ", " constructor ").replace("dtor iterator", "destructor iterator")
    name = name.replace(" ctor'", " constructor'").replace("`vbase dtor'", "`vbase destructor'")
    name = re.sub(r"\b(class|struct|union|enum) ", "", name)
    name = re.sub(r"^\[thunk\]: |\bextern \"C\" ", "", name)
    name = re.sub(rf"([<,{{] ?&?)[^&,<>{{]*?({CONVENTIONS}) ([\w:]+)\([^()]*\)( const)?(?=[,>])", r"\1\3", name)  # of template arguments
    return without_blanks(function_name(inner_functions(name)))


def microsoft_agrees(name, ours, their):
    if name.startswith("??_C@"):
        return ours == "`string'"  # llvm-undname prints it
    if name.startswith(("??B", "??$?B")):  # the type it converts to stands in it twice
        return without_blanks(ours) in without_blanks(re.sub(r"\b(class|struct|union|enum) ", "", their))
    if name.startswith("??_R0"):  # llvm-undname does not say of what
        return ours.endswith(their)
    if name.startswith(("??__E?", "??__F?")):
        return without_blanks(ours) == microsoft_key(their.replace("for `", "for '", 1))
    if name.startswith(("??_7", "??_R4")):  # of several bases llvm-undname prints the first
        ours = re.sub(r"('s `[^'`]*)+'}$", "'}", ours)
    if name.startswith("??$?M"):
        ours, their = (text.replace("operator<<", "operator< <") for text in (ours, their))
    return without_blanks(ours) == microsoft_key(their)


def inner_functions(name):
    """`void __cdecl f(int)'::`2' to `f'::`2'."""
    result, at = "", 0
    while (begin := name.find("`", at)) >= 0:
        depth, end = 0, begin
        while end < len(name):
            depth += (name[end] == "`") - (name[end] == "'")
            if depth == 0:
                break
            end += 1
        inside = name[begin + 1:end]
        inside = inner_functions(inside)
        result += name[at:begin] + "`" + (function_name(inside) if re.search(CONVENTIONS, inside) else inside) + "'"
        at = end + 1
    return result + name[at:]


def function_name(text):
    """The name in a function as it is declared."""
    if found := re.match(rf"[^(<`]*\((?:{CONVENTIONS}) \* (?:{CONVENTIONS}) ", text):  # returns a pointer to a function
        text = text[found.end():]
    depth = 0
    quotes = 0
    at = 0
    while at < len(text):
        if text.startswith("operator", at) and (at == 0 or not (text[at - 1].isalnum() or text[at - 1] == "_")):
            sign = re.match(r"operator(\(\)|<=>|->\*|->|<<=|>>=|<<|>>|<=|>=|<|>|\[\])?", text[at:])
            at += sign.end()
            continue
        c = text[at]
        quotes += (c == "`") - (c == "'")
        if not quotes:
            if depth == 0 and (found := re.match(rf"({CONVENTIONS}) ", text[at:])):
                text, at = text[at + found.end():], 0
                continue
            if depth == 0 and c == "(" and at:
                return text[:at]
            depth += (c in "<({") - (c in ">)}")
        at += 1
    return re.sub(r"^(const )?", "", text)


def compare_microsoft(program, names):
    names = sorted(names)
    ours = answers_of([program], names)
    blocks = output_of(UNDNAME, "--no-access-specifier", "--no-member-type", "--no-variable-type",
                       input="".join(name + "\n" for name in names)).split("\n\n")
    theirs = dict(block.strip("\n").split("\n", 1) for block in blocks if "\n" in block.strip("\n"))
    answers = [theirs.get(name, "") for name in names]
    return ours, compare(names, ours, [answers], microsoft_agrees)


def report(kind, counts, differences, least):
    compared = counts["same"] + counts["different"] + counts["given up"]
    share = counts["same"] / compared if compared else 1.0
    print(f"{kind}: {compared} names compared, " + ", ".join(f"{count} {what}" for what, count in counts.items()) +
          f"; {share:.3%} the same, {least:.1%} wanted")
    for name, ours, theirs in differences[:SHOWN]:
        print(f"  {name}\n    vigil {ours}\n" + "\n".join(f"    peer  {their}" for their in theirs))
    return share >= least


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("undecorate", help="the program that undecorates a name a line")
    arguments.add_argument("data", type=pathlib.Path)
    arguments.add_argument("--all", action="store_true", help="every name of every library on this machine, not a sample")
    options = arguments.parse_args()
    missing = [peer for peer in (CXXFILT, LLVM_CXXFILT, UNDNAME, CLANG, NM, PDBUTIL) if not shutil.which(peer)]
    if missing:
        print("skipped: not there: " + ", ".join(missing))
        return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        itanium, microsoft = compiled_names(pathlib.Path(name))
    good = True
    most = 0 if options.all else MOST_NAMES
    for kind, names_of, compare_all, least in (
            ("Itanium", lambda: itanium | itanium_names(most), compare_itanium, MIN_ITANIUM),
            ("Rust", lambda: rust_names(most), compare_rust, MIN_RUST),
            ("Microsoft", lambda: microsoft | microsoft_names(options.data), compare_microsoft, MIN_MICROSOFT)):
        began = time.monotonic()
        names = names_of()
        print(f"{kind}: {len(names)} names gathered in {time.monotonic() - began:.1f} s", flush=True)
        if not names:
            print(f"skipped: {kind}: no names on this machine")
            continue
        ours, (counts, differences) = compare_all(options.undecorate, names)
        if ours is None:
            print(f"FAILED: {kind}: {len(names)} names, and not as many answers")
            good = False
            continue
        good = report(kind, counts, differences, least) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
