"""The new tags of earlier stages, carried into the requests of the next."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from notemill.app.consolidating import invented_in
from notemill.app.curation_steps import requests_in, survey_in
from notemill.errors import ExternallyChangedError
from notemill.workflows.curation.survey import Selection
from twolane import InputError, ItemState

if TYPE_CHECKING:
    from collections.abc import Collection

    from notemill.app.opened import OpenVault
    from notemill.app.workbench import Workbench
    from notemill.workflows.curation.survey import Survey
    from twolane import Run


async def carry_new_tags(bench: Workbench, run: Run, survey: Survey, stage: int) -> int:
    """Tell the requests of a stage which tags are new since the run began; return how many were.

    Only requests that were never sent are made anew, from the notes as they are now. What they
    share with the others stays as it was. If a note is edited or excluded at the same moment, the
    stage goes as it was recorded.
    """
    if stage == 0 or not bench.sends:
        return 0
    tags = [one.tag for one in (await bench.on(invented_in, run.id)).new]
    unsent = await bench.thread.run(_unsent, run, stage) if tags else frozenset()
    if not unsent:
        return 0
    some = await bench.on(_narrowed, survey, unsent)
    requests = await bench.on(requests_in, bench, some, new_tags=tags)
    shared = json.loads(run.row.shared)
    anew = (replace(one, params={**one.params, **shared}) for one in requests)
    try:
        return await run.replace(bench.thread.pulled(anew))
    except (ExternallyChangedError, InputError):
        return 0


def _unsent(run: Run, stage: int) -> frozenset[str]:
    """Return the notes of a stage that may still be asked about otherwise."""
    asked = frozenset(run.keys_of_stage(stage))
    pending = (one.key for one in run.outcomes() if one.state is ItemState.PENDING)
    return asked.intersection(pending)


def _narrowed(opened: OpenVault, survey: Survey, keys: Collection[str]) -> Survey:
    """Return a survey of these notes alone, with the tags that there are by now.

    Notes that are gone or hidden by now are left out.
    """
    now = survey_in(opened, Selection())
    seen = {one.key for one in now.sight.seen}.intersection(keys)
    work = tuple(one for one in survey.work if one[0].key in seen)
    return replace(survey, work=work, candidates=now.candidates, sight=now.sight)
