"""Start-up: how long a command takes before it can do anything, against a Python that does nothing.

Each command is a fresh process; what is measured is its wall time from outside.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

FLOOR = "python -c pass"
TWOLANE = "from twolane.cli import main; main()"
NOTEMILL = "from notemill.cli import main; main()"
COMMANDS = {
    FLOOR: ["pass"],
    "twolane --help": [TWOLANE, "--help"],
    "notemill --help": [NOTEMILL, "--help"],
    "twolane runs": [TWOLANE, "runs"],
    "notemill runs": [NOTEMILL, "runs"],
}


def took_s(arguments: list[str], home: str) -> float:
    """Run one command to its end, its ledger in `home`, and return its wall time."""
    started = time.perf_counter()
    subprocess.run(  # noqa: S603  # this very Python
        [sys.executable, "-c", *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "TWOLANE_HOME": home, "NOTEMILL_HOME": home},
    )
    return time.perf_counter() - started


def main() -> None:
    """Take turns over the commands and print the median of each with its ratio to the floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=15)
    turns = parser.parse_args().turns
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as home:
        for arguments in COMMANDS.values():
            took_s(arguments, home)  # once for the caches of the file system and of Python
        for _ in range(turns):
            for name, arguments in COMMANDS.items():
                times[name].append(took_s(arguments, home))
    floor = statistics.median(times[FLOOR])
    print(f"{'command':18}{'wall s':>8}{'ratio':>7}")
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"{name:18}{median:8.3f}{median / floor:7.1f}")


if __name__ == "__main__":
    main()
