"""The dashboard's own styles, scripts and pictures, as they were when the server started.

Their address has a digest of all of them, so that a browser may keep each for good: another version
of notemill, or another one on the same port, has other addresses. They are read once, so that what
is served there is what the digest was made of, whatever an upgrade puts in their place meanwhile.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

    from starlette.requests import Request

_KINDS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
"""What is served, and as what: not every system knows these kinds by itself."""
_KEPT: Final = {"cache-control": "private, max-age=31536000, immutable"}


class OwnFiles(NamedTuple):
    """The address below which they are, and their contents by their place in the folder."""

    address: str
    contents: Mapping[str, bytes]


@cache
def own_files() -> OwnFiles:
    """Read all files."""
    contents = dict(sorted(_read(files("notemill.web") / "static", "")))
    digest = blake2b(digest_size=8)
    for place, content in contents.items():
        digest.update(f"{place} {len(content)} ".encode() + content)
    return OwnFiles(f"/static/{digest.hexdigest()}", contents)


def _read(folder: Traversable, above: str) -> Iterator[tuple[str, bytes]]:
    for one in folder.iterdir():
        if one.is_dir():
            yield from _read(one, f"{above}{one.name}/")
        elif one.name.endswith(tuple(_KINDS)):
            yield above + one.name, one.read_bytes()


async def serve_file(request: Request) -> Response:
    """Answer with one of them."""
    place = request.path_params["place"]
    content = own_files().contents.get(place)
    if content is None:
        raise HTTPException(404)
    return Response(content, headers=_KEPT, media_type=_KINDS[place[place.rindex(".") :]])
