#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a program database of some 20 MB (big.pdb, beside its big.exe) out of generated C++: units of functions with
bodies, lines, and calls that are inlined three deep. Needs clang++ and lld-link (of LLVM 19 by default)."""
import argparse
import pathlib
import subprocess

UNIT = """
namespace unit{unit} {{
extern "C" int sink{unit};
int sink{unit};
struct Counter {{
  int value;
  inline void add(int n) {{
    value += n;
    sink{unit} = sink{unit} * 3 + value;
  }}
  inline void add_twice(int n) {{
    add(n);
    add(n + 1);
  }}
}};
static inline void deep(Counter& counter, int n) {{
  counter.add_twice(n);
  counter.add(n ^ 5);
}}
{functions}
}}
"""
FUNCTION = """
__attribute__((noinline)) int f{n}_of_unit(int a, int b) {{
  Counter counter{{a + {n}}};
  for (int i = 0; i < b; ++i) {{
    deep(counter, i);
    if (counter.value < b) counter.add_twice(a - b);
    if (counter.value > {n}) counter.value -= b;
  }}
  return counter.value;
}}
"""
MAIN = """
{declarations}
extern "C" int entry() {{
  int sum = 0;
{calls}
  return sum;
}}
"""


def compile_unit(options, name, text):
    source = options.folder / f"{name}.cpp"
    source.write_text(text, encoding="utf-8")
    subprocess.run([options.clang, "--target=x86_64-pc-windows-msvc", "-g", "-gcodeview", "-O1", "-ffreestanding",
                    "-fno-exceptions", "-nostdlib", "-fasynchronous-unwind-tables", "-c", str(source), "-o",
                    str(source.with_suffix(".obj"))], check=True)
    return str(source.with_suffix(".obj"))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--units", type=int, default=8)
    arguments.add_argument("--functions", type=int, default=2500)
    arguments.add_argument("--clang", default="clang++-19")
    arguments.add_argument("--lld", default="lld-link-19")
    options = arguments.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    objects = [compile_unit(options, f"unit{unit}", UNIT.format(
        unit=unit, functions="".join(FUNCTION.format(n=n) for n in range(options.functions))))
        for unit in range(options.units)]
    declarations = "".join(f"namespace unit{unit} {{ int f0_of_unit(int, int); }}\n" for unit in range(options.units))
    calls = "".join(f"  sum += unit{unit}::f0_of_unit(1, 2);\n" for unit in range(options.units))
    objects.append(compile_unit(options, "main", MAIN.format(declarations=declarations, calls=calls)))
    subprocess.run([options.lld, "/nologo", "/debug", "/entry:entry", "/nodefaultlib", "/subsystem:console", "/opt:noref",
                    f"/out:{options.folder / 'big.exe'}", f"/pdb:{options.folder / 'big.pdb'}", *objects], check=True)


if __name__ == "__main__":
    main()
