"""`notemill demo`: the main job on a sample vault, with its undo, without a key or a network."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from notemill.app.mill import OFFLINE, Mill
from notemill.cli.curating import work
from notemill.cli.diffs import print_diff
from notemill.cli.link_commands import MIN_SCORE, TOP
from notemill.cli.link_showing import show_pairs
from notemill.cli.linking import LinkOptions, keep, look, write_run
from notemill.config import EmbeddingSettings, Exclusions, check_settings
from notemill.errors import UsageError
from notemill.vault.related import Form
from notemill.workflows.curation.survey import CurateOptions
from notemill.workflows.links.explaining import Explainer
from twolane import load_settings
from twolane.front.command import hide_keys
from twolane.front.console import counted, note_console, shown

if TYPE_CHECKING:
    from twolane.front.console import Console

# Two in real time, the odd ones, more than one batch at once, then all: every kind of stage.
STAGES = "2,6,122"
# Plain English, another script, a frontmatter that has everything.
SHOWN_NOTES = (
    "Areas/Software/Unicode normalisation, or why é is not é.md",
    "Kitchen/麻婆豆腐.md",
    "Projects/Meter pipeline/Notes.md",
)


async def run_demo(*, folder: Path | None, home: Path | None, config: Path | None) -> int:
    """Copy the sample vault, curate and link it, show it, undo it; return the exit code."""
    console = note_console()
    base = Path(tempfile.mkdtemp(prefix="notemill-demo-"))
    target = folder or base / "vault"
    flags = {"home": home or base / "home", "config": config, "provider": OFFLINE}
    given = load_settings(flags)
    hide_keys(given, check_settings(given.config).api_key)
    # The demo needs no key and must not spend money where there is one.
    settings = replace(given, api_key=None, model=None, batch_size=None)
    _copy_sample(target)
    _heading(console, "A vault, as it might be yours")
    console.print(f"copied to {shown(str(target))}")
    mill = Mill(target, settings, Exclusions())
    try:
        options = CurateOptions(stages=STAGES)
        survey = mill.survey(options)
        originals = {file.key: mill.vault.read(file.key) for file in mill.vault.scan()}
        requests = mill.requests(survey)
        plan = mill.plan(requests, options)
        _heading(console, "Curated through both lanes, in stages")
        curation = await mill.start(survey.notes, requests, plan, options)
        code = await work(mill, curation, console, survey, review=False, yes=True, as_json=False)
        _heading(console, "Three notes, before and after")
        for key in SHOWN_NOTES:
            print_diff(console, originals[key], mill.vault.read(key), key)
        _heading(console, "Notes that belong together, linked both ways")
        links = _link(mill, console)
        _heading(console, "And back again, to the byte")
        for run in (links, curation.run.id):
            restored = mill.undo(run, note=None, through=False)
            count = sum(one.restored for one in restored)
            console.print(f"notemill undo {run}: {counted(count, 'note')} restored")
        same = sum(mill.vault.read(key) == raw for key, raw in originals.items())
        console.print(f"{same:,} of {len(originals):,} are identical to the sample vault")
    finally:
        await mill.aclose()
    _heading(console, "What to do next")
    console.print_lines(
        "notemill curate VAULT --dry-run   what it would cost, and a request, word for word\n"
        "notemill curate VAULT             proposals for your notes; nothing is written\n"
        "notemill show RUN                 look at them as a diff\n"
        "notemill apply RUN                write them; `notemill undo RUN` takes them out\n"
        "notemill link VAULT               pairs of notes to link, each with its why\n"
        "notemill tags VAULT               the vault's tags, and what is wrong with them\n"
        "With ANTHROPIC_API_KEY set a model writes the descriptions, at the batch lane's half "
        "price."
    )
    return code if same == len(originals) else 1


def _link(mill: Mill, console: Console) -> str:
    """Find pairs, show and write them; return the run."""
    options = LinkOptions(
        top=TOP,
        min_score=MIN_SCORE,
        form=Form.PROPERTY,
        only=None,
        # Not what the settings say: the demo sends nothing to a service.
        embedding=EmbeddingSettings(),
    )
    found = look(mill, options, console).findings
    show_pairs(found.pairs, Explainer(mill.vault, mill.look()), found.orphans, console)
    run = keep(mill, found.pairs, options)
    write_run(mill, run, console)
    return run


def _copy_sample(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        message = f"{target} is there already and not empty; name another folder"
        raise UsageError(message)
    with resources.as_file(resources.files("notemill") / "sample_vault") as sample:
        shutil.copytree(sample, target, dirs_exist_ok=True)


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(text, style="bold")
