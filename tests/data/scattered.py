# SPDX-License-Identifier: Apache-2.0
"""Dumps whose threads stand behind calls all over a real amd64 image, on stacks that hold nothing but other such places.

Whatever the size of a frame, there is a place to return to above it: where a walk goes is decided by the image's unwind
information alone, and by each code of it. It is read here a third time, to know which walk is right."""
import random
import struct

BASE = 0x7FF612340000
STACK = 0x0000005000000000
STACK_BYTES, STACK_DISTANCE = 0x8000, 0x100000
MAX_FRAME_BYTES = 0x800
MAX_FRAME_SLOTS = MAX_FRAME_BYTES // 8
TRUE_FRAMES = 12
MIN_CALLS = 16
CONTEXT_BYTES, CONTEXT_FLAGS, CONTEXT_RAX, CONTEXT_RIP = 1232, 0x10001F, 0x78, 0xF8
RSP = 4
PROCESSOR_AMD64, PLATFORM_WINDOWS_NT = 9, 2
THREAD_LIST, MODULE_LIST, MEMORY_LIST, SYSTEM_INFO = 3, 4, 5, 7
CHAINED = 4  # flag of unwind information
PUSH, ALLOC_LARGE, ALLOC_SMALL, SET_FRAME, SAVE, SAVE_FAR, SAVE_XMM, SAVE_XMM_FAR = 0, 1, 2, 3, 4, 5, 8, 9
SLOTS = {PUSH: 1, ALLOC_SMALL: 1, SET_FRAME: 1, SAVE: 2, SAVE_FAR: 3, SAVE_XMM: 2, SAVE_XMM_FAR: 3}


class Frame:
    """What a function's unwind information does to the stack pointer, past the prologue."""

    def __init__(self, image, address):
        self.register, self.offset, self.bytes, self.prologue = 0, 0, 0, 0
        self.known = self._read(image, address)

    def _read(self, image, address):
        version, self.prologue, count, frame = image.read(address, 4)
        flags, self.register, self.offset = version >> 3, frame & 15, frame >> 4 << 4
        codes = image.read(address + 4, (count + 1) // 2 * 2 * 2)
        if not self._undo(codes, count):
            return False
        if flags & CHAINED:
            chained = Frame(image, struct.unpack("<III", image.read(address + 4 + len(codes), 12))[2])
            self.bytes += chained.bytes
            return chained.known and not self.register and not chained.register
        return version & 7 == 1

    def _undo(self, codes, count):
        at = 0
        while at < count:
            operation, info = codes[2 * at + 1] & 15, codes[2 * at + 1] >> 4
            rest = codes[2 * at + 2:]
            if operation == ALLOC_LARGE:
                self.bytes += struct.unpack_from("<I", rest)[0] if info else struct.unpack_from("<H", rest)[0] * 8
                at += 3 if info else 2
                continue
            if operation not in SLOTS:
                return False
            if operation == SET_FRAME:
                self.bytes = 0  # the stack pointer is as it was then
            self.bytes += {PUSH: 8, ALLOC_SMALL: 8 * info + 8}.get(operation, 0)
            at += SLOTS[operation]
        return True


def places_of(image):
    """Where calls of functions of the image return to, past the prologue of one whose frame is known: offset and frame."""
    functions = sorted(image.functions())
    begins = {begin for begin, _, _ in functions}
    found = []
    for begin, end, unwind in functions:
        code = image.read(begin, end - begin)
        frame = Frame(image, unwind) if code and not unwind & 3 else None
        if not frame or not frame.known or frame.bytes > MAX_FRAME_BYTES:
            continue
        for at in range(frame.prologue, len(code) - 5):
            target = begin + at + 5 + struct.unpack_from("<i", code, at + 1)[0] if code[at] == 0xE8 else 0
            if target in begins:
                found.append((begin + at + 5, frame))
    return found


def make_thread(places, callers, random_of, base):
    """Context, stack and the true frames, by offset."""
    place, frame = random_of.choice(places)
    slots = [random_of.choice(callers) for _ in range(STACK_BYTES // 8)]
    registers = [random_of.getrandbits(40) for _ in range(16)]
    registers[RSP] = base
    at = 0
    if frame.register:
        at = random_of.randrange(MAX_FRAME_SLOTS)
        registers[frame.register] = base + 8 * at + frame.offset
    true = [place]
    context = make_context(registers, BASE + place)
    while len(true) < TRUE_FRAMES:
        at += frame.bytes // 8
        place, frame = slots[at]
        true.append(place)
        at += 1
    stack = [BASE + place for place, _ in slots]
    stack[at + frame.bytes // 8] = 0  # the thread began here
    return context, struct.pack(f"<{len(stack)}Q", *stack), true


def make_context(registers, pc):
    block = bytearray(CONTEXT_BYTES)
    struct.pack_into("<I", block, 0x30, CONTEXT_FLAGS)
    struct.pack_into("<HHHHHHI", block, 0x38, 0x33, 0x2B, 0x2B, 0x53, 0x2B, 0x2B, 0x246)
    struct.pack_into("<16Q", block, CONTEXT_RAX, *registers)
    struct.pack_into("<Q", block, CONTEXT_RIP, pc)
    return bytes(block)


class Writer:
    """A minidump, part by part; the header and the directory of streams come last."""

    STREAMS = 4

    def __init__(self):
        self.bytes = bytearray(32 + 12 * self.STREAMS)
        self._streams = []

    def put(self, data):
        self.bytes += bytes(-len(self.bytes) % 16)
        self.bytes += data
        return len(self.bytes) - len(data)

    def stream(self, kind, data):
        self._streams.append((kind, len(data), self.put(data)))

    def finish(self):
        struct.pack_into("<IIIIIIQ", self.bytes, 0, 0x504D444D, 0xA793, len(self._streams), 32, 0, 0, 0)
        for i, stream in enumerate(self._streams):
            struct.pack_into("<III", self.bytes, 32 + 12 * i, *stream)
        return bytes(self.bytes)


def _module(writer, image):
    name = ("C:\\scattered\\" + image.path.name).encode("utf-16-le")
    name_at = writer.put(struct.pack("<I", len(name)) + name + b"\0\0")
    codeview = image.codeview()
    record = struct.pack("<QIIII", BASE, image.size, 0, image.timestamp, name_at) + bytes(52)
    return record + struct.pack("<II", len(codeview), writer.put(codeview)) + bytes(24)


def make_dump(image, path, threads, seed):
    """The true frames, by thread id; nothing where the image has too few calls."""
    places = places_of(image)
    callers = [place for place in places if not place[1].register]
    if len(callers) < MIN_CALLS:
        return {}
    random_of = random.Random(seed)
    writer, records, memory, truth = Writer(), [], [], {}
    system = struct.pack("<HHHBBIIIIIHH", PROCESSOR_AMD64, 6, 0, 4, 1, 10, 0, 19045, PLATFORM_WINDOWS_NT,
                         writer.put(bytes(8)), 0, 0) + bytes(24)
    for index in range(threads):
        tid, base = 0x100 + 4 * index, STACK + index * STACK_DISTANCE
        context, stack, true = make_thread(places, callers, random_of, base)
        stack_at = writer.put(stack)
        records.append(struct.pack("<IIIIQQIIII", tid, 0, 0, 0, 0, base, len(stack), stack_at,
                                   len(context), writer.put(context)))
        memory.append(struct.pack("<QII", base, len(stack), stack_at))
        truth[tid] = true
    modules = struct.pack("<I", 1) + _module(writer, image)
    writer.stream(SYSTEM_INFO, system)
    writer.stream(THREAD_LIST, struct.pack("<I", threads) + b"".join(records))
    writer.stream(MODULE_LIST, modules)
    writer.stream(MEMORY_LIST, struct.pack("<I", threads) + b"".join(memory))
    path.write_bytes(writer.finish())
    return truth
