"""A writer of small PDFs: text where a test wants it, pictures, passwords, any rotation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

WIDTH, HEIGHT = 595, 842
_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_ALL_ALLOWED = -4


@dataclass
class PdfPage:
    """A page that is being written; places in points from the top left corner."""

    content: list[str] = field(default_factory=list)
    rotation: int = 0

    def text(
        self, x: float, y: float, text: str, *, size: float = 10, bold: bool = False, turn: int = 0
    ) -> PdfPage:
        """Write one line; `turn` is in degrees against the clock, about the line's beginning."""
        matrix = {0: "1 0 0 1", 90: "0 1 -1 0", 180: "-1 0 0 -1", 270: "0 -1 1 0"}[turn]
        hexed = text.encode("cp1252").hex()
        font = "F2" if bold else "F1"
        self.content.append(f"BT /{font} {size} Tf {matrix} {x} {HEIGHT - y} Tm <{hexed}> Tj ET")
        return self

    def lines(
        self, x: float, y: float, lines: list[str], *, step: float = 14, size: float = 10
    ) -> float:
        """Write lines beneath one another; return where the next one would stand."""
        for line in lines:
            self.text(x, y, line, size=size)
            y += step
        return y

    def picture(self, x: float, y: float, width: float, height: float) -> PdfPage:
        """Draw a grey picture, as a scanner's would be."""
        self.content.append(f"q {width} 0 0 {height} {x} {HEIGHT - y - height} cm /I1 Do Q")
        return self


def pdf(
    pages: list[PdfPage],
    *,
    title: str = "",
    author: str = "",
    language: str = "",
    passwords: tuple[str, str] | None = None,
) -> bytes:
    """Return a PDF; `passwords` are those of its reader and its owner, for RC4 of 40 bits.

    The encryption is that of ISO 32000-1, 7.6.3, revision 2.
    """
    key, lock = _locked(passwords) if passwords else (b"", b"")
    kids = " ".join(f"{8 + 2 * at} 0 R" for at in range(len(pages)))
    spoken = f" /Lang ({language})" if language else ""
    objects: dict[int, bytes] = {
        1: f"<< /Type /Catalog /Pages 2 0 R{spoken} >>".encode(),
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        3: b"<< /Title " + _string(title, key, 3) + b" /Author " + _string(author, key, 3) + b" >>",
        4: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        6: _stream(
            b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray "
            b"/BitsPerComponent 8",
            _rc4(key, 6, b"\xc0"),
        ),
    }
    if lock:
        objects[7] = lock
    for at, page in enumerate(pages):
        objects[8 + 2 * at] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Rotate {page.rotation} "
            f"/Resources << /Font << /F1 4 0 R /F2 5 0 R >> /XObject << /I1 6 0 R >> >> "
            f"/Contents {9 + 2 * at} 0 R >>"
        ).encode()
        data = "\n".join(page.content).encode("latin-1")
        objects[9 + 2 * at] = _stream(b"", _rc4(key, 9 + 2 * at, data))
    return _file(objects, locked=bool(lock))


def _file(objects: dict[int, bytes], *, locked: bool) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = {}
    for number, body in sorted(objects.items()):
        places[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start, most = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % most
    for number in range(1, most):
        out += (
            b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 65535 f \n"
        )
    lock = b" /Encrypt 7 0 R /ID [<00><00>]" if locked else b""
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R%b >>\n" % (most, lock)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def _stream(head: bytes, data: bytes) -> bytes:
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (head, len(data), data)


def _string(text: str, key: bytes, number: int) -> bytes:
    return b"<%b>" % _rc4(key, number, text.encode("utf-16")).hex().encode()


def _locked(passwords: tuple[str, str]) -> tuple[bytes, bytes]:
    """Return the file's key and its encryption dictionary."""
    reader, owner = ((word.encode() + _PADDING)[:32] for word in passwords)
    theirs = _cipher(hashlib.md5(owner).digest()[:5], reader)  # noqa: S324  # as the standard has it
    rights = _ALL_ALLOWED.to_bytes(4, "little", signed=True)
    key = hashlib.md5(reader + theirs + rights + b"\0").digest()[:5]  # noqa: S324
    mine = _cipher(key, _PADDING)
    return key, (
        b"<< /Filter /Standard /V 1 /R 2 /O <%b> /U <%b> /P %d >>"
        % (theirs.hex().encode(), mine.hex().encode(), _ALL_ALLOWED)
    )


def _rc4(key: bytes, number: int, data: bytes) -> bytes:
    """Encrypt the data of an object, or leave it where there is no key."""
    if not key:
        return data
    own = hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10]  # noqa: S324
    return _cipher(own, data)


def _cipher(key: bytes, data: bytes) -> bytes:
    """RC4."""
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)
