#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes dumps whose frames are known, and a symbol store with their images.

make_ground_truth.py GENERATOR OUT

GENERATOR is the folder of gen.py. OUT gets ARCH.dmp, full.dmp, a .expect.json for each, and store/.
"""
import os
import sys

generator, out = sys.argv[1:]
sys.dont_write_bytecode = True
sys.path.insert(0, generator)
import gen  # noqa: E402

THREADS, MODULES, WITH_CODE, SEED = 12, 16, 14, 20261122
FULL_BYTES = 24 << 20

for arch in ("amd64", "x86", "arm64"):
    for module in gen.get_mods(arch, WITH_CODE, WITH_CODE):
        folder = "%s/store/%s/%08X%x" % (out, module.name, module.ts, module.size)
        os.makedirs(folder, exist_ok=True)
        with open("%s/%s" % (folder, module.name), "wb") as file:
            file.write(gen.headers(module) + gen.text_bytes(module, None))
            file.write(module.rd.ljust(module.rdsz, b"\0") + module.pd.ljust(module.pdsz, b"\0"))
            file.write(bytes(module.datasz))
    gen.make_dump("%s/%s.dmp" % (out, arch), out, arch, THREADS, MODULES, WITH_CODE, 0, SEED)
gen.make_dump("%s/full.dmp" % out, out, "amd64", THREADS, MODULES, WITH_CODE, FULL_BYTES, SEED)
