"""twolane: any number of model requests answered, each exactly once, in the cheaper lane in time.

For example::

    async with Engine.open(load_settings()) as engine:
        run = await engine.start([Request(key="1", params={...}), ...])
        async for outcome in run:
            print(outcome.key, outcome.lane, outcome.cost_usd, outcome.text)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twolane.config import Settings as Settings
    from twolane.config import check_names as check_names
    from twolane.config import check_network as check_network
    from twolane.config import check_variables as check_variables
    from twolane.config import load_settings as load_settings
    from twolane.config import read_config as read_config
    from twolane.core.identity import content_hash as content_hash
    from twolane.core.naming import LAST as LAST
    from twolane.core.naming import nearest as nearest
    from twolane.core.naming import pick_run as pick_run
    from twolane.core.plan import Stage as Stage
    from twolane.core.pricing import format_usd as format_usd
    from twolane.core.pricing import plain_usd as plain_usd
    from twolane.core.redaction import Redactor as Redactor
    from twolane.core.states import ItemState as ItemState
    from twolane.core.states import RunState as RunState
    from twolane.core.tokens import careful_tokens as careful_tokens
    from twolane.core.tokens import fitting as fitting
    from twolane.core.types import EMPTY_REPORT as EMPTY_REPORT
    from twolane.core.types import Lane as Lane
    from twolane.core.types import Report as Report
    from twolane.core.types import Request as Request
    from twolane.ending import cancel_run as cancel_run
    from twolane.ending import check_forgettable as check_forgettable
    from twolane.ending import forget_runs as forget_runs
    from twolane.engine import Engine as Engine
    from twolane.errors import TwolaneError as TwolaneError
    from twolane.offer import Offer as Offer
    from twolane.offer import offer_of as offer_of
    from twolane.outcomes import ItemOutcome as ItemOutcome
    from twolane.planning import Plan as Plan
    from twolane.reader import Reader as Reader
    from twolane.run import Progress as Progress
    from twolane.run import Run as Run

# The public names and where they live. They are imported on first use, so that a command that
# only prints its help loads nothing else.
_HOMES = {
    "EMPTY_REPORT": "twolane.core.types",
    "Engine": "twolane.engine",
    "ItemOutcome": "twolane.outcomes",
    "ItemState": "twolane.core.states",
    "LAST": "twolane.core.naming",
    "Lane": "twolane.core.types",
    "Offer": "twolane.offer",
    "Plan": "twolane.planning",
    "Progress": "twolane.run",
    "Reader": "twolane.reader",
    "Redactor": "twolane.core.redaction",
    "Report": "twolane.core.types",
    "Request": "twolane.core.types",
    "Run": "twolane.run",
    "RunState": "twolane.core.states",
    "Settings": "twolane.config",
    "Stage": "twolane.core.plan",
    "TwolaneError": "twolane.errors",
    "cancel_run": "twolane.ending",
    "careful_tokens": "twolane.core.tokens",
    "check_forgettable": "twolane.ending",
    "check_names": "twolane.config",
    "check_network": "twolane.config",
    "check_variables": "twolane.config",
    "content_hash": "twolane.core.identity",
    "fitting": "twolane.core.tokens",
    "forget_runs": "twolane.ending",
    "format_usd": "twolane.core.pricing",
    "load_settings": "twolane.config",
    "nearest": "twolane.core.naming",
    "offer_of": "twolane.offer",
    "pick_run": "twolane.core.naming",
    "plain_usd": "twolane.core.pricing",
    "read_config": "twolane.config",
}
__all__ = sorted(_HOMES)  # noqa: PLE0605  # one list of names, not two that drift apart


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        message = f"module 'twolane' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)
