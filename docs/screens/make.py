"""Takes a picture of every screen of the dashboard, in both schemes, wide and narrow.

`python docs/screens/make.py [VAULT]` serves a copy of the vault (the sample vault without one) with
proposals, decisions, links and runs, and writes a PNG of each screen beside this file, each smaller
than 300 KB. Nothing is paid: proposals are made offline, and runs with a price ask the simulator.
It needs Chromium and the development packages.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

HERE: Final = Path(__file__).resolve().parent
SAMPLE: Final = HERE.parents[1] / "src" / "notemill" / "sample_vault"
BIN: Final = Path(sys.executable).parent
MOST_BYTES: Final = 300_000
SIZES: Final = ((1440, 900), (400, 900))
SCHEMES: Final = ("light", "dark")
SETTLES_MS: Final = 1_200
"""After this time a page has drawn what it fetches."""
FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--enable-unsafe-swiftshader"
)  # fmt: skip
REQUESTS: Final = {"beds": 120, "paths": 600}
"""How many each run has: of so many, some odd answers are certain."""
VIDEO: Final = "Wd7tK2pLm9Q"
TALK: Final = (
    ("What goes onto the heap", "Leaves, kitchen scraps and straw go onto the heap in thin layers"),
    ("Warmth, and what makes it", "Bacteria warm the middle of the heap to sixty degrees"),
    ("Water and air", "Dry leaves need a can of water, and wet grass needs coarse twigs for air"),
    (
        "When it is ripe",
        "Ripe compost smells of the floor of a forest and holds no warmth any more",
    ),
)
"""The chapters of a talk, and what is said in each of them."""
MODEL: Final = "claude-haiku-4-5"


def main() -> int:
    """Prepare a vault, serve it, and take the pictures; return the exit code."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE
    with tempfile.TemporaryDirectory() as folder:
        vault = Path(folder) / source.name.replace("sample_vault", "garden")
        shutil.copytree(source, vault)
        env = dict(os.environ) | {
            "TWOLANE_HOME": str(Path(folder) / "home"),
            "TWOLANE_PROVIDER": "offline",
        }
        prepare(vault, env)
        ingest(vault, Path(folder), env)
        paid_runs(Path(folder), env)
        with served(vault, as_usual(env, Path(folder))) as url:
            return take_all(url)


def as_usual(env: dict[str, str], home: Path) -> dict[str, str]:
    """Return what a new user's server finds: no key, and no settings of whoever takes pictures."""
    theirs = ("ANTHROPIC_", "NOTEMILL_", "TWOLANE_PROVIDER", "XDG_CONFIG_HOME")
    kept = {name: value for name, value in env.items() if not name.startswith(theirs)}
    return kept | {"HOME": str(home)}


def command(env: dict[str, str], *words: object) -> str:
    """Run a command; return its standard output, or end with its error."""
    told = [str(BIN / str(words[0])), *map(str, words[1:])]
    # 3 is what a run ends with if some of it did not succeed, which a screen may show, too.
    done = subprocess.run(told, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode not in (0, 3):
        sys.exit(f"{' '.join(told)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def prepare(vault: Path, env: dict[str, str]) -> None:
    """Give a vault proposals of all kinds, decide some of them, and write a few."""
    here = ("--vault", vault)
    command(env, "notemill", "curate", vault, "--yes", "--review")
    rows = json.loads(command(env, "notemill", "review", *here, "--json"))["items"]
    tags = [one["id"] for one in rows if one["kind"] in ("tag", "topic")]
    command(env, "notemill", "accept", *tags[:12], *here)
    command(env, "notemill", "apply", *here, "--yes")
    command(env, "notemill", "accept", *tags[12:20], *here)
    command(env, "notemill", "reject", *tags[20:24], *here)
    command(env, "notemill", "link", vault, "--embedding", "off", "--review")


def ingest(vault: Path, folder: Path, env: dict[str, str]) -> None:
    """Propose the notes of a talk with chapters and of an article, saved as a person would."""
    stem = folder / f"Compost in a small garden [{VIDEO}]"
    says = [
        f"{what}, and in week {week} the heap is turned for the {number + 1}. time."
        for number, (_, what) in enumerate(TALK)
        for week in range(1, 21)
    ]
    each_s = 18
    events = [
        {"tStartMs": 1000 * each_s * n, "dDurationMs": 17_000, "segs": [{"utf8": one}]}
        for n, one in enumerate(says)
    ]
    part_s = each_s * len(says) // len(TALK)
    info = {
        "id": VIDEO, "title": "Compost in a small garden", "channel": "Garden Hour",
        "upload_date": "20260412", "duration": each_s * len(says), "language": "en",
        "webpage_url": f"https://www.youtube.com/watch?v={VIDEO}",
        "chapters": [
            {"title": title, "start_time": n * part_s, "end_time": (n + 1) * part_s}
            for n, (title, _) in enumerate(TALK)
        ],
    }  # fmt: skip
    captions = stem.with_name(f"{stem.name}.en.json3")
    captions.write_text(json.dumps({"events": events}), encoding="utf-8")
    stem.with_name(f"{stem.name}.info.json").write_text(json.dumps(info), encoding="utf-8")
    page = folder / "Why soil is dark.html"
    text = "".join(f"<p>{what}.</p>" for _, what in TALK)
    page.write_text(f"<article><h1>Why soil is dark</h1>{text}</article>", encoding="utf-8")
    command(env, "notemill", "ingest", captions, page, "--vault", vault, "--yes", "--review")


def paid_runs(folder: Path, env: dict[str, str]) -> None:
    """Have the simulator answer runs in both lanes, one of them with failures."""
    content = "What grows in this bed of the garden, and what it needs. " * 60
    for name, faults in (("beds", ""), ("paths", "odd-answers")):
        source = folder / f"{name}.jsonl"
        with source.open("w", encoding="utf-8") as lines:
            for number in range(REQUESTS[name]):
                message = {"role": "user", "content": f"Bed {number}: {content}"}
                params = {"model": MODEL, "max_tokens": 400, "messages": [message]}
                lines.write(
                    json.dumps({"custom_id": f"{name}-{number:03d}", "params": params}) + "\n"
                )
        with simulated(faults) as address:
            asked = env | {
                "TWOLANE_PROVIDER": "anthropic",
                "ANTHROPIC_BASE_URL": address,
                "ANTHROPIC_API_KEY": "simulated",
            }
            lane = "realtime" if name == "beds" else "batch"
            out = folder / f"{name}.out.jsonl"
            words = ("run", source, "-o", out, "--lane", lane, "--yes", "--poll-s", "0.2")
            command(asked, "twolane", *words)


@contextmanager
def simulated(faults: str) -> Iterator[str]:
    """Run the simulator; yield its address."""
    told = [str(BIN / "twolane"), "sim", "--port", "0", "--speed", "500"]
    told += ["--faults", faults] if faults else []
    with running(told, dict(os.environ)) as process:
        yield first_line(process).strip()


@contextmanager
def served(vault: Path, env: dict[str, str]) -> Iterator[str]:
    """Serve a vault; yield the link that opens a session."""
    told = [str(BIN / "notemill"), "serve", str(vault), "--no-open", "--json"]
    with running(told, env) as process:
        yield json.loads(first_line(process))["url"]


def first_line(process: subprocess.Popen[str]) -> str:
    """Return the first line that a process prints: from then on it answers."""
    return process.stdout.readline() if process.stdout else ""


@contextmanager
def running(told: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a process until the block ends."""
    process = subprocess.Popen(told, env=env, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def take_all(url: str) -> int:
    """Take every screen; return 1 if one is missing or larger than it may be."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    faults = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        context = browser.new_context()
        page = context.new_page()
        page.goto(url)
        origin = "/".join(page.url.split("/")[:3])
        screens = screens_of(page, origin)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                for name, path in screens.items():
                    answer = page.goto(origin + path)
                    if answer is None or not answer.ok:
                        print(f"{name}: {path} answers {answer and answer.status}")  # noqa: T201
                        faults += 1
                        continue
                    page.wait_for_timeout(SETTLES_MS)
                    faults += keep(page, f"{name}-{scheme}-{width}.png")
        browser.close()
    return 1 if faults else 0


def screens_of(page: Page, origin: str) -> dict[str, str]:
    """Return the path of every screen by its name; of the runs, also the newest one with a price."""
    runs: list[dict[str, Any]] = page.evaluate(
        "fetch('/api/runs').then((answer) => answer.ok ? answer.json() : {})"
    ).get("runs", [])
    named = next((one["run"] for one in runs if one["kind"] == "run"), "")
    screens = {
        "home": "/",
        "ingest": "/ingest",
        "runs": "/runs",
        "review": "/review",
        "tags": "/tags",
    }
    if named:
        screens["run"] = f"/runs/{named}"
    page.goto(origin + "/graph")
    return screens | {"graph": "/graph", "vault": "/graph?whole=true", "settings": "/settings"}


def keep(page: Page, name: str) -> int:
    """Write what a page shows, packed as tightly as PNG allows; return 1 if it is too large."""
    packed = repacked(page.screenshot())
    (HERE / name).write_bytes(packed)
    print(f"{name}: {len(packed) // 1000} KB")  # noqa: T201
    return int(len(packed) > MOST_BYTES)


def repacked(png: bytes) -> bytes:
    """Return a PNG with its pixels compressed anew, at the slowest and densest setting."""
    parts, pixels, at = [png[:8]], b"", 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12
        if kind == b"IDAT":
            pixels += body
            continue
        if kind == b"IEND":
            parts.append(_chunk(b"IDAT", zlib.compress(zlib.decompress(pixels), 9)))
        parts.append(_chunk(kind, body))
    return b"".join(parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


if __name__ == "__main__":
    sys.exit(main())
