"""bespokelabs-curator: an `LLM` called with all prompts, in real time and with `batch=True`.

The limits on requests and tokens a minute are lifted, its viewer and its reports to its makers are
off, progress is not drawn. Its cache of answers, which is how it goes on after a crash, is on as
it is by default, in a new folder each time.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from bench.peers.work import API_KEY, MAX_TOKENS, MODEL, Work, asked, measure  # run by its path

# Prices and the tokenizer are those that its own parts bring along, or it asks the network for both.
litellm = find_spec("litellm")
shipped = Path(str(litellm and litellm.origin)).parent / "litellm_core_utils" / "tokenizers"
# Read when it is imported.
os.environ.update(
    ANTHROPIC_API_KEY=API_KEY,
    CURATOR_DISABLE_RICH_DISPLAY="1",
    TELEMETRY_ENABLED="false",
    LITELLM_LOCAL_MODEL_COST_MAP="True",
    TIKTOKEN_CACHE_DIR=str(shipped),
)
work = asked()
curator: Any = import_module("bespokelabs.curator")

UNLIMITED = 1_000_000_000


def run(work: Work, prompts: list[str]) -> int:
    """Answer the prompts in the asked lane."""
    batch = work.lane == "batch"
    options: dict[str, object] = {"base_url": work.url if batch else f"{work.url}/v1"}
    if batch:
        options |= {"batch_size": work.batch_size, "batch_check_interval": 1}
    else:
        options |= {
            "max_requests_per_minute": 1_000_000,
            "max_input_tokens_per_minute": UNLIMITED,
            "max_output_tokens_per_minute": UNLIMITED,
            "max_concurrent_requests": work.in_flight,
        }
    model = curator.LLM(
        model_name=MODEL,
        backend="anthropic",
        batch=batch,
        generation_params={"max_tokens": MAX_TOKENS},
        backend_params=options,
    )
    answered = model(prompts, working_dir=str(work.home))
    return sum(bool(row["response"]) for row in answered.dataset)


if __name__ == "__main__":
    measure(work, run)
