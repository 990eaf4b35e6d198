"""batchata: a `Batch` with one job for each prompt, run to its end. It has no real-time lane.

It takes its server's address from the SDK's environment variable. Its state file, with which it
goes on after a crash, is written; its copies of raw answers for debugging are off. Its list of
models is fixed and older than the model of the others, which makes no difference to the stub.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from bench.peers.work import API_KEY, MAX_TOKENS, Work, asked, measure  # run by its path

MODEL = "claude-3-5-haiku-latest"
PARALLEL = 10

work = asked()
# Read by the SDK inside it when it is imported.
os.environ.update(ANTHROPIC_API_KEY=API_KEY, ANTHROPIC_BASE_URL=work.url)
batchata: Any = import_module("batchata")


def run(work: Work, prompts: list[str]) -> int:
    """Answer the prompts in batches."""
    batch = batchata.Batch(
        str(work.home / "results"),
        max_parallel_batches=PARALLEL,
        items_per_batch=work.batch_size,
        raw_files=False,
    )
    batch.set_state(file=str(work.home / "state.json"))
    batch.set_default_params(model=MODEL, max_tokens=MAX_TOKENS)
    batch.set_verbosity("error")
    for prompt in prompts:
        batch.add_job(messages=[{"role": "user", "content": prompt}])
    return len(batch.run().results()["completed"])


if __name__ == "__main__":
    measure(work, run)
