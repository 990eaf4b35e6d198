"""Places for notes in a picture, so that linked notes lie close together; pure.

A force-directed layout in the manner of ForceAtlas2 (Jacomy et al., PLoS ONE 9(6), 2014): notes
repel each other, the more links the stronger; links pull; a weak pull to the middle keeps parts
without a link in the picture. Steps are limited by a falling temperature (Fruchterman and Reingold,
1991). The repulsion of many notes is computed on a grid, as a convolution (particle mesh: Hockney
and Eastwood, 1988), so that a round costs no more than the grid and the links. Notes without an
earlier place start where averaging over neighbours leads them (Koren, "Drawing graphs by
eigenvectors", 2005). Equal input gives an equal picture.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy import fft, sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Places = NDArray[np.float64]
    Links = NDArray[np.intp]

DIGITS: Final = 2
"""Decimals of a place: a note is about one unit wide."""
LEAST_APART: Final = 1.0
"""The least distance between two linked notes, where there is room for it."""
ROUNDS: Final = 260
ROUNDS_AGAIN: Final = 40
"""Rounds for a picture that is only brought up to date."""
ROOM_ALONE: Final = 3.0
"""The distance between notes without a link."""
_GOLDEN: Final = 2.399963229728653
"""The golden angle, in radians: turned by it again and again, no two directions meet."""
_EXACT: Final = 400
"""Up to this many notes every pair is computed, more exactly than on the grid."""
_GRID: Final = 128
_GRAVITY: Final = 0.5
_PULL: Final = 12.0
_FARTHEST: Final = 1e6
"""An earlier place beyond this is none of ours."""
_NOTHING: Final = 1e-9
"""What no length is divided by."""
_KNOWN_ENOUGH: Final = 0.5
"""The share of notes with an earlier place from which a picture is brought up to date."""


def lay_out(
    keys: Sequence[str],
    pairs: Sequence[tuple[int, int]],
    known: Mapping[str, tuple[float, float]] | None = None,
) -> list[tuple[float, float]]:
    """Return a place for each note, no two alike, centred around the origin.

    `keys` name the notes and `pairs` are the links between them, by their indexes; links of a note
    with itself, and repeated ones, count for nothing. `known` are earlier places: if most notes
    have one, the picture stays as it is apart from what changed. A place is in units of about the
    width of a note, rounded to `DIGITS` decimals.
    """
    links = _links(pairs)
    linked = np.unique(links)
    alone = np.setdiff1d(np.arange(len(keys)), linked)
    earlier = _earlier(keys, known or {})
    places = np.empty((len(keys), 2))
    if len(linked):
        hashed = _hashed([keys[place] for place in linked])
        places[linked] = _linked(np.searchsorted(linked, links), hashed, earlier[linked])
    if len(alone):
        places[alone] = _around(earlier[alone], places[linked])
    return _apart(places)


def _linked(links: Links, hashed: Places, earlier: Places) -> Places:
    """Return places for notes that all have a link."""
    missing = np.isnan(earlier[:, 0])
    if missing.mean() > 1 - _KNOWN_ENOUGH:
        places = _begin(hashed, links)
        _relax(places, links, ROUNDS, heat=0.1)
    else:
        places = earlier.copy()
        _fill_in(places, missing, hashed, links)
        _relax(places, links, ROUNDS_AGAIN, heat=0.004)
    places -= places.mean(axis=0)
    _spread(places)
    return places


def _around(earlier: Places, linked: Places) -> Places:
    """Return places for notes without a link: evenly around the others, like a sunflower's seeds.

    One that lies apart from all `linked` notes already stays where it is.
    """
    places = earlier.copy()
    stays = np.isfinite(earlier[:, 0])
    reach = 0.0
    if len(linked):
        gap, _ = cKDTree(linked).query(np.where(stays[:, None], earlier, 0.0))
        stays &= gap >= LEAST_APART
        reach = float(np.linalg.norm(linked, axis=1).max()) + ROOM_ALONE
    number = np.arange(2 * len(places) + 1) + 0.5
    radius = np.sqrt(reach**2 + number * (ROOM_ALONE**2 / np.pi))
    turn = number * _GOLDEN
    seats = np.column_stack((radius * np.cos(turn), radius * np.sin(turn)))
    if stays.any():
        gap, _ = cKDTree(places[stays]).query(seats)
        seats = seats[gap >= LEAST_APART]
    places[~stays] = seats[: len(places) - int(stays.sum())]
    return places


def _links(pairs: Sequence[tuple[int, int]]) -> Links:
    """Return the links as rows of two different indexes, each pair once."""
    links = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    links = np.sort(links[links[:, 0] != links[:, 1]], axis=1)
    return np.unique(links, axis=0)


def _hashed(keys: Sequence[str]) -> Places:
    """Return points in the unit disc that depend on each note's name alone."""
    digests = b"".join(
        hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for key in keys
    )
    numbers = np.frombuffer(digests, np.uint32).reshape(-1, 2) / 2.0**32
    radius, angle = np.sqrt(numbers[:, 0]), numbers[:, 1] * 2 * np.pi
    return np.column_stack((radius * np.cos(angle), radius * np.sin(angle)))


def _earlier(keys: Sequence[str], known: Mapping[str, tuple[float, float]]) -> Places:
    nowhere = (np.nan, np.nan)
    places = np.array([known.get(key, nowhere) for key in keys], np.float64).reshape(-1, 2)
    usable = (np.abs(places) < _FARTHEST).all(axis=1)  # never for NaN
    places[~usable] = np.nan
    return places


def _fill_in(places: Places, missing: NDArray[np.bool_], hashed: Places, links: Links) -> None:
    """Place notes that are new beside those that they are linked with, the others at the rim."""
    if not missing.any():
        return
    standing = places[~missing]
    middle = standing.mean(axis=0)
    reach = np.sqrt(((standing - middle) ** 2).sum(axis=1).max()) + LEAST_APART
    fallback = middle + hashed / np.linalg.norm(hashed, axis=1, keepdims=True) * reach
    near = _adjacency(links, len(places)).astype(np.float64)
    for _ in range(8):
        here = np.isfinite(places[:, 0])
        weights = near @ here.astype(np.float64)
        found = missing & ~here & (weights > 0)
        if not found.any():
            break
        sums = near @ np.where(here[:, None], places, 0.0)
        places[found] = sums[found] / weights[found, None] + hashed[found] * LEAST_APART
    left = ~np.isfinite(places[:, 0])
    places[left] = fallback[left]


def _adjacency(links: Links, count: int) -> Any:  # noqa: ANN401  # scipy ships no types
    ones = np.ones(len(links))
    half = sparse.coo_matrix((ones, (links[:, 0], links[:, 1])), shape=(count, count))
    return (half + half.T).tocsr()


def _begin(hashed: Places, links: Links) -> Places:
    """Return where the notes start: each part of the graph untangled, the largest in the middle."""
    count = len(hashed)
    near = _adjacency(links, count)
    _, part = connected_components(near, directed=False)
    sizes = np.bincount(part)
    degree = np.asarray(near.sum(axis=1)).ravel() + 1.0
    total = np.bincount(part, degree)
    places = hashed.copy()
    for _ in range(60):
        places = (near @ places + places) / degree[:, None]
        for axis in range(2):
            column = places[:, axis]
            column -= (np.bincount(part, degree * column) / total)[part]
        # The second axis must not become a copy of the first.
        first, second = places.T
        both = np.bincount(part, degree * first * second)
        square = np.bincount(part, degree * first * first)
        second -= (both / np.maximum(square, _NOTHING**2))[part] * first
        spans = np.sqrt(np.column_stack([np.bincount(part, one * one) for one in places.T]))
        places /= np.maximum(spans, _NOTHING**2)[part]
    places += hashed * 0.01 / np.sqrt(count)
    order = np.argsort(-sizes, kind="stable")
    before = np.empty(len(sizes))
    before[order] = np.cumsum(sizes[order]) - sizes[order]
    first_of = np.unique(part, return_index=True)[1]
    turn = np.arctan2(hashed[first_of, 1], hashed[first_of, 0])
    reach = np.sqrt(before)
    centre = np.column_stack((np.cos(turn), np.sin(turn))) * reach[:, None]
    begun: Places = centre[part] + places * np.sqrt(sizes)[part, None] * 0.7
    return begun


def _relax(places: Places, links: Links, rounds: int, *, heat: float) -> None:
    """Move the notes until forces are balanced, or the temperature has fallen to nothing."""
    count = len(places)
    mass: NDArray[np.float64] = np.bincount(links.ravel(), minlength=count) + np.float64(1)
    size = np.sqrt(mass.sum())
    for number in range(rounds):
        middle = np.average(places, axis=0, weights=mass)
        force = _repelled(places, mass) - _GRAVITY * mass[:, None] * (places - middle)
        along = places[links[:, 1]] - places[links[:, 0]]
        far = np.linalg.norm(along, axis=1, keepdims=True)
        along *= _PULL * np.log1p(far) / np.maximum(far, _NOTHING)
        for axis in range(2):
            force[:, axis] += np.bincount(links[:, 0], along[:, axis], count)
            force[:, axis] -= np.bincount(links[:, 1], along[:, axis], count)
        force /= mass[:, None]
        length = np.linalg.norm(force, axis=1, keepdims=True)
        most = size * heat * (1 - number / rounds) ** 1.5 + 1e-3
        places += force * np.minimum(1.0, most / np.maximum(length, _NOTHING))


def _repelled(places: Places, mass: NDArray[np.float64]) -> Places:
    if len(places) <= _EXACT:
        # Sums of differences as products of matrices: no array of all pairs by axes is needed.
        far = (places**2).sum(axis=1)
        square = np.maximum(far[:, None] + far[None, :] - 2 * places @ places.T, 0) + 0.05
        strength = mass[:, None] * mass[None, :] / square
        force: Places = places * strength.sum(axis=1)[:, None] - strength @ places
        return force
    return _repelled_on_grid(places, mass)


def _repelled_on_grid(places: Places, mass: NDArray[np.float64]) -> Places:
    """Return the repulsion by all notes, with their mass spread over the corners of their cells."""
    low = places.min(axis=0)
    cell = max(float((places.max(axis=0) - low).max()) / (_GRID - 2), _NOTHING)
    at = (places - low) / cell
    corner = at.astype(np.intp)
    part = at - corner
    density = np.zeros(_GRID * _GRID)
    corners: list[tuple[NDArray[np.intp], NDArray[np.float64]]] = []
    for right in (0, 1):
        for up in (0, 1):
            share = np.abs(1 - right - part[:, 0]) * np.abs(1 - up - part[:, 1])
            index = (corner[:, 0] + right) * _GRID + corner[:, 1] + up
            corners.append((index, share))
            density += np.bincount(index, share * mass, _GRID * _GRID)
    wide = (2 * _GRID, 2 * _GRID)
    spectrum = fft.rfft2(density.reshape(_GRID, _GRID).astype(np.float32), wide)
    force = np.zeros_like(places)
    for axis, kernel in enumerate(_KERNELS):
        field = fft.irfft2(spectrum * kernel, wide)[:_GRID, :_GRID].ravel() / cell
        for index, share in corners:
            force[:, axis] += share * field[index]
    return force * mass[:, None]


def _kernels() -> list[NDArray[np.complex64]]:
    """Return the transforms of what a mass of one does to a place so many cells away, by axis."""
    steps = np.arange(2 * _GRID)
    steps = np.where(steps < _GRID, steps, steps - 2 * _GRID).astype(np.float32)
    right, up = np.meshgrid(steps, steps, indexing="ij")
    square = right**2 + up**2 + 0.25
    return [fft.rfft2(one / square) for one in (right, up)]


_KERNELS: Final = _kernels()


def _spread(places: Places) -> None:
    """Push notes apart that would cover each other."""
    for _ in range(60):
        close = cKDTree(places).query_pairs(LEAST_APART, output_type="ndarray")
        if not len(close):
            return
        one, other = close[:, 0], close[:, 1]
        apart = places[one] - places[other]
        length = np.linalg.norm(apart, axis=1)
        same = length < _NOTHING
        turn = one[same] * _GOLDEN
        apart[same] = np.column_stack((np.cos(turn), np.sin(turn)))
        length[same] = 1.0
        apart *= ((LEAST_APART * 1.02 - np.where(same, 0.0, length)) * 0.5 / length)[:, None]
        for axis in range(2):
            places[:, axis] += np.bincount(one, apart[:, axis], len(places)) * 0.9
            places[:, axis] -= np.bincount(other, apart[:, axis], len(places)) * 0.9


def _apart(places: Places) -> list[tuple[float, float]]:
    """Return the places rounded, moving one that is taken to the next free one."""
    taken: set[tuple[float, float]] = set()
    found: list[tuple[float, float]] = []
    step = 10.0**-DIGITS
    for x, y in places.tolist():
        place, tries = (round(x, DIGITS), round(y, DIGITS)), 0
        while place in taken:
            tries += 1
            place = (round(x + tries * step, DIGITS), place[1])
        taken.add(place)
        found.append(place)
    return found
