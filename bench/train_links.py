"""Train the models that rank links, on the links of the vaults at hand, and write them.

`python bench/train_links.py` writes `src/notemill/linking/weights.json`, except for its part
`accepted`, which `bench/accept_links.py` writes next. Every vault is taken
twice: with all its links hidden, and with a fifth of them hidden and the rest as the graph. With
vectors (the extra `embed` is needed for them) it is taken once more; what links say has left the
texts they are made of, so that they count a little less than they would.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.meaning import vectors_of
from bench.yardstick import ALL, FIFTH, VAULTS, folder_of_vaults, hide, notes_of
from notemill.embedding.minilm import MiniLM
from notemill.linking.training import train

if TYPE_CHECKING:
    from notemill.linking.training import TrainingVault

SEED = 7
TARGET = Path(__file__).resolve().parents[1] / "src" / "notemill" / "linking" / "weights.json"


def scenes(folder: Path, model: MiniLM) -> dict[str, dict[float, TrainingVault]]:
    """Return a vault's scenes by words alone and with vectors, by the share that is hidden."""
    notes = notes_of(folder)
    hidden = {share: hide(notes, share, SEED) for share in (ALL, FIFTH)}
    found = {"words": {share: one.scene()[0] for share, one in hidden.items()}}
    vectors = vectors_of(notes, list(notes), model)
    if vectors is not None:
        found["meaning"] = {share: one.scene(vectors)[0] for share, one in hidden.items()}
    return found


def main() -> int:
    """Train and write; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, default=TARGET, help="where the weights go")
    output = parser.parse_args().output
    folder = folder_of_vaults()
    if folder is None:
        print("skipped: no vaults at hand; NOTEMILL_VAULTS names a folder that has them")
        return 0
    made: dict[str, Any] = json.loads(TARGET.read_text(encoding="utf-8"))
    made |= {"made by": "bench/train_links.py", "from the links of": list(VAULTS)}
    model = MiniLM()
    found = [scenes(folder / name, model) for name in VAULTS]
    for kind in ("words", "meaning"):
        some = [one[kind] for one in found if kind in one]
        alone, linked = [one[ALL] for one in some], [one[FIFTH] for one in some]
        made[kind] = train(alone, linked, with_meaning=kind == "meaning").as_json()
    output.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
