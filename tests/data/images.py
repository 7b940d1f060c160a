# SPDX-License-Identifier: Apache-2.0
"""PE images and program databases that lie about, found for the modules of a dump by their ids and laid in one folder, so
that every analyzer gets the same."""
import pathlib
import struct

HEADER_BYTES = 0x1000
CALL_OPERAND_BYTES = range(2, 8)  # of x86's FF /2, from the opcode to the end of its operand
CALL_REGISTER_FIELD = 2
CODEVIEW = 2  # kind of entry of the debug directory
MACHINES = {0x14c: "x86", 0x8664: "amd64", 0xaa64: "arm64"}


class Image:
    """What tells one PE file from another, and its bytes by their offset from its base."""

    def __init__(self, path):
        self.path = path
        with path.open("rb") as file:
            head = file.read(HEADER_BYTES)
        at = struct.unpack_from("<I", head, 0x3c)[0]
        if head[:2] != b"MZ" or head[at:at + 4] != b"PE\0\0":
            raise ValueError(path)
        machine, count, self.timestamp, _, _, optional_bytes = struct.unpack_from("<HHIIIH", head, at + 4)
        self.machine = MACHINES.get(machine)
        self.size = struct.unpack_from("<I", head, at + 24 + 56)[0]
        directories = at + 24 + (112 if struct.unpack_from("<H", head, at + 24)[0] == 0x20b else 96)
        self._debug = struct.unpack_from("<II", head, directories + 6 * 8)
        self._functions = struct.unpack_from("<II", head, directories + 3 * 8)
        self.has_functions = self._functions[1] != 0
        table = at + 24 + optional_bytes
        self._sections = [struct.unpack_from("<IIII", head, table + 40 * i + 8) for i in range(count)]

    def read(self, offset, count):
        for _, address, size, file_at in self._sections:
            if address <= offset and offset + count <= address + size:
                with self.path.open("rb") as file:
                    file.seek(file_at + offset - address)
                    return file.read(count)
        return b""

    def functions(self):
        """Of the exception directory of an amd64 image: begin, end and unwind information of each, by offset."""
        return list(struct.iter_unpack("<III", self.read(self._functions[0], self._functions[1] // 12 * 12)))

    def codeview(self):
        """The record that names the program database, or nothing."""
        entries = self.read(*self._debug) if self._debug[1] else b""
        for at in range(0, len(entries) - 27, 28):
            kind, size, address = struct.unpack_from("<III", entries, at + 12)
            record = self.read(address, size) if kind == CODEVIEW else b""
            if record[:4] == b"RSDS":
                return record
        return b""

    def database(self):
        """GUID and file name of its program database, or None."""
        record = self.codeview()
        name = record[24:].split(b"\0")[0].decode("utf-8", "replace")
        return (record[4:20], pathlib.PureWindowsPath(name).name) if record else None

    def is_call_before(self, offset):
        """Whether an instruction that calls ends at the offset: what any return address must have before it."""
        if self.machine == "arm64":
            word = int.from_bytes(self.read(offset - 4, 4), "little")
            return word & 0xfc000000 == 0x94000000 or word & 0xfffff000 == 0xd63f0000 and word & 0x1f == 0
        code = self.read(offset - 7, 7)
        if code[2:3] == b"\xe8":
            return True
        return any(code[-size] == 0xff and (code[-size + 1] >> 3) & 7 == CALL_REGISTER_FIELD
                   and _operand_bytes(code[-size + 1:]) == size - 1 for size in CALL_OPERAND_BYTES if len(code) == 7)


def _operand_bytes(code):
    """How long ModRM, SIB and displacement are together."""
    mode, register = code[0] >> 6, code[0] & 7
    scaled = mode != 3 and register == 4
    size = 2 if scaled else 1
    if mode == 1:
        return size + 1
    if mode == 2 or mode == 0 and (register == 5 or scaled and len(code) > 1 and code[1] & 7 == 5):
        return size + 4
    return size


class Images:
    """All images and databases of some folders."""

    def __init__(self, folders):
        self._by_id, self._databases = {}, {}
        for path in sorted(path for folder in folders if folder.is_dir() for path in folder.rglob("*")):
            if path.suffix.lower() in (".exe", ".dll") and path.is_file():
                try:
                    image = Image(path)
                except (ValueError, struct.error, OSError):
                    continue
                self._by_id.setdefault((image.timestamp, image.size), []).append(image)
            elif path.suffix.lower() == ".pdb" and path.is_file():
                self._databases.setdefault(path.name.lower(), []).append(path)

    def of_machine(self, machine):
        """Each image once, those with unwind information."""
        return [same[0] for same in self._by_id.values() if same[0].machine == machine and same[0].has_functions]

    def image_of(self, module):
        """A program may have been started under another name than it was built with: then its database must agree."""
        code = module.get("code_id") or ""
        if len(code) <= 8:
            return None
        same = self._by_id.get((int(code[:8], 16), int(code[8:], 16)), [])
        name, guid = (module.get("filename") or "").lower(), _guid(module)
        for image in same:
            if image.path.name.lower() == name or guid and (image.database() or (None,))[0] == guid:
                return image
        return None

    def database_of(self, module, image):
        """The GUID stands in each database's info stream."""
        guid, name = _guid(module), module.get("debug_file")
        if not guid and image and image.database():
            guid, name = image.database()
        candidates = self._databases.get(pathlib.PureWindowsPath(name or "").name.lower(), []) if guid else []
        return next((path for path in candidates if guid in path.read_bytes()), None)


def _guid(module):
    text = module.get("debug_id") or ""
    if len(text) <= 32 or not text[:32].strip("0"):
        return None
    return struct.pack("<IHH", int(text[:8], 16), int(text[8:12], 16), int(text[12:16], 16)) + bytes.fromhex(text[16:32])


def stage(modules, images, folder):
    """Links what is there of the modules into folder/images, folder/databases, and folder/pairs, where a database lies beside
    its image. The images by the modules' names in lower case, and the modules that have a database, with it."""
    found, databases = {}, []
    for part in ("images", "databases", "pairs"):
        (folder / part).mkdir()
    for module in modules:
        name = module.get("filename")
        if not name or name.lower() in found:
            continue
        image = images.image_of(module)
        if image:
            _link(folder / "images" / name, image.path)
            found[name.lower()] = image
        database = images.database_of(module, image)
        if database:
            _link(folder / "databases" / database.name, database)
            databases.append((name, folder / "databases" / database.name))
        if database and image:
            _link(folder / "pairs" / name, image.path)
            _link(folder / "pairs" / image.database()[1], database)
    return found, databases


def _link(link, path):
    if not link.exists():
        link.symlink_to(path.resolve())
