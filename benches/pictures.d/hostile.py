"""What pictures cost that are made to do harm: each beside a post of its own, one run each.

    hostile.py COURANT NEWSLETTER

Makes every picture itself, each in a process of its own: what this one took would count as the run's. Prints CPU seconds and peak memory of a run with it, and what the run said of it; ends with 1
where a run takes 400 MB or 10 s of CPU, does not end well, or sends nothing.
"""
import os
import resource
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path



def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, kind=2, depth=8, extra=b"", interlaced=0):
    """All zeros: a row is a byte for its filter and its pixels."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    row = bytes(1 + width * channels * depth // 8)
    packer = zlib.compressobj(9)
    together = max(1, 1_000_000 // len(row))
    rows = [row * together] * (height // together) + [row * (height % together)]
    pixels = b"".join(map(packer.compress, rows)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def bomb(size):
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(size)) + packer.flush()


class Bits:
    """Bits, the most significant first as JPEG has them, or the least first as WebP without loss."""

    def __init__(self, least_first):
        self.least_first, self.value, self.count = least_first, 0, 0
        self.bytes = bytearray()

    def add(self, value, count):
        for nth in range(count):
            bit = value >> nth & 1 if self.least_first else value >> (count - 1 - nth) & 1
            self.value |= bit << (self.count if self.least_first else 7 - self.count)
            self.count += 1
            if self.count == 8:
                self.bytes.append(self.value)
                self.value, self.count = 0, 0

    def done(self):
        if self.count:
            self.bytes.append(self.value)
        return bytes(self.bytes)


def segment(code, data):
    return bytes([0xFF, code]) + struct.pack(">H", len(data) + 2) + data


def progressive(width, height, scans, refining):
    """4:2:0; a first scan of all constants, then scans of the luminance, each a few runs of nothing over all blocks; or
    scans that refine all constants, a bit a block."""
    parts = [b"\xff\xd8", segment(0xDB, b"\0" + b"\x01" * 64)]
    frame = struct.pack(">BHHB", 8, height, width, 3) + b"\1\x22\0\2\x11\0\3\x11\0"
    parts.append(segment(0xC2, frame))
    parts.append(segment(0xC4, b"\0" + b"\1" + bytes(15) + b"\0"))
    parts.append(segment(0xC4, b"\x10" + b"\1" + bytes(15) + b"\xe0"))
    units = -(-width // 16) * -(-height // 16)
    parts.append(segment(0xDA, b"\3\1\0\2\0\3\0\0\0\1") + bytes((units * 6 + 7) // 8))
    blocks = -(-width // 8) * -(-height // 8)
    run = Bits(False)
    for _ in range(blocks // 32_766 + 1):
        run.add(0, 1)
        run.add(0x3FFE, 14)
    coded = run.done().replace(b"\xff", b"\xff\0")
    for _ in range(scans):
        if refining:
            parts.append(segment(0xDA, b"\3\1\0\2\0\3\0\0\0\x10") + bytes((units * 6 + 7) // 8))
        else:
            parts.append(segment(0xDA, b"\1\1\0\1\x3f\0") + coded)
    return b"".join(parts) + b"\xff\xd9"


def riff(*parts):
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


ORDER = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]


def single(bits, symbol):
    bits.add(1, 1)
    bits.add(0, 1)
    bits.add(1, 1)
    bits.add(symbol, 8)


def deep(bits):
    """A code of eleven symbols, of lengths 1 to 10 and 10, which becomes a table of 1,024 entries."""
    lengths = {length: 3 if length <= 6 else 4 for length in range(1, 11)}
    bits.add(0, 1)
    bits.add(14 - 4, 4)
    for symbol in ORDER[:14]:
        bits.add(lengths.get(symbol, 0), 3)
    bits.add(1, 1)
    bits.add(1, 3)
    bits.add(9, 4)
    code, words = 0, {}
    for size in (3, 4):
        for symbol in range(1, 11):
            if lengths[symbol] == size:
                words[symbol] = (int(format(code, f"0{size}b")[::-1], 2), size)
                code += 1
        code <<= 1
    for length in list(range(1, 11)) + [10]:
        bits.add(*words[length])


def tables(groups):
    """A picture of four by four pixels without loss whose one tile names the last of so many groups of codes."""
    bits = Bits(True)
    bits.add(0x2F, 8)
    bits.add(3, 14)
    bits.add(3, 14)
    bits.add(0, 4)
    bits.add(0, 1)
    bits.add(0, 1)
    bits.add(1, 1)
    bits.add(0, 3)
    bits.add(0, 1)
    last = groups - 1
    for symbol in (last & 255, last >> 8, 0, 0, 0):
        single(bits, symbol)
    for _ in range(groups * 5):
        deep(bits)
    bits.add(0, 64)
    return riff((b"VP8L", bits.done()))


def moving_gif(frames):
    """Frames of two pixels: the codes 4 (clear), 0, 0 and 5 (end), of three bits each."""
    frame = b"\x21\xf9\4\0\1\0\0\0\x2c\0\0\0\0\2\0\1\0\0\2\2\x04\x0a\0"
    return b"GIF89a\2\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + frame * frames + b"\x3b"


def moving_webp(frames, width, height):
    small = Bits(True)
    small.add(0x2F, 8)
    small.add(width - 1, 14)
    small.add(height - 1, 14)
    small.add(0, 4)
    for _ in range(3):
        small.add(0, 1)
    for symbol in (9, 9, 9, 255, 0):
        single(small, symbol)
    still = small.done()
    part = b"VP8L" + struct.pack("<I", len(still)) + still + bytes(len(still) % 2)
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    frame = bytes(6) + size + b"\x0a\0\0\0" + part
    return riff((b"VP8X", b"\x12\0\0\0" + size), (b"ANIM", bytes(6)), *[(b"ANMF", frame)] * frames)


PICTURES = {
    "wide.png": lambda: png(40_000_000, 1),
    "side.png": lambda: png(1, 40_000_000),
    "limit.png": lambda: png(20_000, 2_000),
    "limit-clear.png": lambda: png(20_000, 1_999, kind=6),
    "limit-deep.png": lambda: png(7_400, 4_000, kind=6, depth=16),
    "deeper.png": lambda: png(10_000, 4_000, kind=6, depth=16),
    "profile.png": lambda: png(100, 100, extra=chunk(b"iCCP", b"x\0\0" + bomb(100))),
    "words.png": lambda: png(100, 100, extra=chunk(b"zTXt", b"x\0\0" + bomb(100)) * 8),
    "passes-5000.jpg": lambda: progressive(7000, 5700, 5000, False),
    "passes-90.jpg": lambda: progressive(7000, 5700, 90, False),
    "passes-limit.jpg": lambda: progressive(7000, 5700, 24, False),
    "refining-limit.jpg": lambda: progressive(6000, 4300, 37, True),
    "exif.jpg": lambda: b"\xff\xd8" + segment(0xE1, b"Exif\0\0" + bytes(65_000)) * 150 + progressive(64, 64, 1, False)[2:],
    "frames.gif": lambda: moving_gif(5_000),
    "screen.gif": lambda: b"GIF89a\xff\xff\xff\xff\0\0\0" + b"\x2c\0\0\0\0\xff\xff\xff\xff\0\2\2\x4c\1\0\x3b",
    "frame.gif": lambda: b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + b"\x2c\0\0\0\0\xff\xff\xff\xff\0\2\2\x4c\1\0\x3b",
    "frames.webp": lambda: moving_webp(5_000, 64, 64),
    "canvas.webp": lambda: moving_webp(3, 6_000, 6_600),
    "tables.webp": lambda: tables(65_536),
    "tables-limit.webp": lambda: tables(11_000),
    "cut.jpg": lambda: progressive(4000, 3000, 10, True)[:200_000],
    "empty.png": lambda: b"",
}


def once(name):
    place = newsletter.parent / "one"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(newsletter, place)
    (place / "posts").mkdir(exist_ok=True)
    picture = place / "posts" / name
    subprocess.run([sys.executable, __file__, "--make", name, picture], check=True)
    text = f"# Verhaal\n\n![Een plaatje]({name})\n\nGenoeg woorden om te lezen.\n"
    (place / "posts" / "verhaal.md").write_text(text)
    child = subprocess.Popen([courant, "-c", place / "courant.toml", "run"], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    cpu, memory = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6
    sent = any((place / "state" / "mailbox" / "new").glob("*"))
    about = [line for line in said.splitlines() if "picture" in line and line.startswith(("warning", "error"))]
    copies = len(list((place / "state" / "public" / "img").glob("*.jpg")))
    told = about[0].split(": ", 2)[-1] if about else f"{copies} copies"
    good = memory < 400 and cpu < 10 and sent and os.waitstatus_to_exitcode(status) == 0
    print(f"{'' if good else 'WRONG '}{name:18} {picture.stat().st_size:>9} bytes {cpu:6.2f} s {memory:5.0f} MB  {told}", flush=True)
    if not sent:
        print(said)
    return good


if sys.argv[1] == "--make":
    Path(sys.argv[3]).write_bytes(PICTURES[sys.argv[2]]())
    sys.exit(0)
courant, newsletter = sys.argv[1], Path(sys.argv[2])
failed = [name for name in PICTURES if not once(name)]
sys.exit(1 if failed else 0)
