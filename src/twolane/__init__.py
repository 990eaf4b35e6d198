"""twolane: model requests, each answered exactly once, in the cheaper lane that is in time.

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
    from twolane.config import config_path as config_path
    from twolane.config import load_settings as load_settings
    from twolane.config import read_config as read_config
    from twolane.config_changes import change_config as change_config
    from twolane.config_changes import why_not_changeable as why_not_changeable
    from twolane.core.deadline import Usual as Usual
    from twolane.core.forecast import Forecast as Forecast
    from twolane.core.identity import content_hash as content_hash
    from twolane.core.money import format_usd as format_usd
    from twolane.core.money import plain_usd as plain_usd
    from twolane.core.naming import LAST as LAST
    from twolane.core.naming import nearest as nearest
    from twolane.core.naming import pick_run as pick_run
    from twolane.core.plan import Stage as Stage
    from twolane.core.redaction import Redactor as Redactor
    from twolane.core.states import BatchState as BatchState
    from twolane.core.states import ItemState as ItemState
    from twolane.core.states import RunState as RunState
    from twolane.core.tokens import careful_tokens as careful_tokens
    from twolane.core.tokens import fitting as fitting
    from twolane.core.types import EMPTY_REPORT as EMPTY_REPORT
    from twolane.core.types import BatchInfo as BatchInfo
    from twolane.core.types import Canceled as Canceled
    from twolane.core.types import Counts as Counts
    from twolane.core.types import Errored as Errored
    from twolane.core.types import Expired as Expired
    from twolane.core.types import Headroom as Headroom
    from twolane.core.types import Lane as Lane
    from twolane.core.types import Limits as Limits
    from twolane.core.types import Missing as Missing
    from twolane.core.types import Outcome as Outcome
    from twolane.core.types import Quarantined as Quarantined
    from twolane.core.types import RateHeaders as RateHeaders
    from twolane.core.types import Reply as Reply
    from twolane.core.types import Report as Report
    from twolane.core.types import Request as Request
    from twolane.core.types import RequestCounts as RequestCounts
    from twolane.core.types import Succeeded as Succeeded
    from twolane.core.types import Usage as Usage
    from twolane.core.wording import failure_words as failure_words
    from twolane.core.wording import gist as gist
    from twolane.core.wording import printable as printable
    from twolane.ending import cancel_run as cancel_run
    from twolane.ending import check_forgettable as check_forgettable
    from twolane.ending import forget_runs as forget_runs
    from twolane.engine import Engine as Engine
    from twolane.errors import AmbiguousRunError as AmbiguousRunError
    from twolane.errors import AuthenticationError as AuthenticationError
    from twolane.errors import BatchLostError as BatchLostError
    from twolane.errors import BudgetExceededError as BudgetExceededError
    from twolane.errors import ConfigError as ConfigError
    from twolane.errors import ConnectionFailedError as ConnectionFailedError
    from twolane.errors import CreditError as CreditError
    from twolane.errors import EndpointError as EndpointError
    from twolane.errors import ForbiddenError as ForbiddenError
    from twolane.errors import GatewayTimeoutError as GatewayTimeoutError
    from twolane.errors import HandedOverError as HandedOverError
    from twolane.errors import InputError as InputError
    from twolane.errors import InvalidReplyError as InvalidReplyError
    from twolane.errors import LedgerDamagedError as LedgerDamagedError
    from twolane.errors import LedgerError as LedgerError
    from twolane.errors import LedgerFullError as LedgerFullError
    from twolane.errors import LedgerLockedError as LedgerLockedError
    from twolane.errors import LedgerOutdatedError as LedgerOutdatedError
    from twolane.errors import LongWaitError as LongWaitError
    from twolane.errors import MonthSpentError as MonthSpentError
    from twolane.errors import NotTheProviderError as NotTheProviderError
    from twolane.errors import OverloadedError as OverloadedError
    from twolane.errors import ProviderError as ProviderError
    from twolane.errors import RateLimitedError as RateLimitedError
    from twolane.errors import RejectedError as RejectedError
    from twolane.errors import RepeatedBatchIdError as RepeatedBatchIdError
    from twolane.errors import ReplyTooLargeError as ReplyTooLargeError
    from twolane.errors import RunRefusedError as RunRefusedError
    from twolane.errors import SpendCapError as SpendCapError
    from twolane.errors import StateFolderError as StateFolderError
    from twolane.errors import TooManyFilesError as TooManyFilesError
    from twolane.errors import TransientError as TransientError
    from twolane.errors import TwolaneError as TwolaneError
    from twolane.errors import UnknownModelError as UnknownModelError
    from twolane.errors import UnknownRunError as UnknownRunError
    from twolane.errors import UnreachableError as UnreachableError
    from twolane.errors import WaitingError as WaitingError
    from twolane.keychain import forget_key as forget_key
    from twolane.keychain import keep_key as keep_key
    from twolane.ledger.listing import FAILED as FAILED
    from twolane.ledger.listing import Interval as Interval
    from twolane.ledger.listing import ItemLine as ItemLine
    from twolane.ledger.listing import Timeline as Timeline
    from twolane.ledger.reports import Expiring as Expiring
    from twolane.ledger.rows import BatchRow as BatchRow
    from twolane.ledger.rows import RunRow as RunRow
    from twolane.ledger.spending import Spending as Spending
    from twolane.offer import Offer as Offer
    from twolane.offer import offer_of as offer_of
    from twolane.outcomes import ItemOutcome as ItemOutcome
    from twolane.planning import Plan as Plan
    from twolane.planning import Preview as Preview
    from twolane.providers.base import BatchPage as BatchPage
    from twolane.providers.base import NoBatches as NoBatches
    from twolane.providers.base import Provider as Provider
    from twolane.providers.base import ResultLine as ResultLine
    from twolane.providers.base import Served as Served
    from twolane.providers.base import Sink as Sink
    from twolane.providers.base import Traits as Traits
    from twolane.providers.usual import ProviderBase as ProviderBase
    from twolane.providers.usual import result_line as result_line
    from twolane.providers.usual import text_reply as text_reply
    from twolane.reader import Reader as Reader
    from twolane.run import Progress as Progress
    from twolane.run import Run as Run
    from twolane.services import PROVIDERS as PROVIDERS
    from twolane.services import check_address as check_address

# The public names by the modules they live in. They are imported on first use, so that a command
# that only prints its help loads nothing else.
_NAMES = {
    "twolane.config": (
        "Settings",
        "check_names",
        "check_network",
        "check_variables",
        "config_path",
        "load_settings",
        "read_config",
    ),
    "twolane.config_changes": ("change_config", "why_not_changeable"),
    "twolane.core.deadline": ("Usual",),
    "twolane.core.forecast": ("Forecast",),
    "twolane.core.identity": ("content_hash",),
    "twolane.core.money": ("format_usd", "plain_usd"),
    "twolane.core.naming": ("LAST", "nearest", "pick_run"),
    "twolane.core.plan": ("Stage",),
    "twolane.core.redaction": ("Redactor",),
    "twolane.core.states": ("BatchState", "ItemState", "RunState"),
    "twolane.core.tokens": ("careful_tokens", "fitting"),
    "twolane.core.types": (
        "BatchInfo",
        "Canceled",
        "Counts",
        "EMPTY_REPORT",
        "Errored",
        "Expired",
        "Headroom",
        "Lane",
        "Limits",
        "Missing",
        "Outcome",
        "Quarantined",
        "RateHeaders",
        "Reply",
        "Report",
        "Request",
        "RequestCounts",
        "Succeeded",
        "Usage",
    ),
    "twolane.core.wording": ("failure_words", "gist", "printable"),
    "twolane.ending": ("cancel_run", "check_forgettable", "forget_runs"),
    "twolane.engine": ("Engine",),
    "twolane.errors": (
        "AmbiguousRunError",
        "AuthenticationError",
        "BatchLostError",
        "BudgetExceededError",
        "ConfigError",
        "ConnectionFailedError",
        "CreditError",
        "EndpointError",
        "ForbiddenError",
        "GatewayTimeoutError",
        "HandedOverError",
        "InputError",
        "InvalidReplyError",
        "LedgerDamagedError",
        "LedgerError",
        "LedgerFullError",
        "LedgerLockedError",
        "LedgerOutdatedError",
        "LongWaitError",
        "MonthSpentError",
        "NotTheProviderError",
        "OverloadedError",
        "ProviderError",
        "RateLimitedError",
        "RejectedError",
        "RepeatedBatchIdError",
        "ReplyTooLargeError",
        "RunRefusedError",
        "SpendCapError",
        "StateFolderError",
        "TooManyFilesError",
        "TransientError",
        "TwolaneError",
        "UnknownModelError",
        "UnknownRunError",
        "UnreachableError",
        "WaitingError",
    ),
    "twolane.keychain": ("forget_key", "keep_key"),
    "twolane.ledger.listing": ("FAILED", "Interval", "ItemLine", "Timeline"),
    "twolane.ledger.reports": ("Expiring",),
    "twolane.ledger.rows": ("BatchRow", "RunRow"),
    "twolane.ledger.spending": ("Spending",),
    "twolane.offer": ("Offer", "offer_of"),
    "twolane.outcomes": ("ItemOutcome",),
    "twolane.planning": ("Plan", "Preview"),
    "twolane.providers.base": (
        "BatchPage",
        "NoBatches",
        "Provider",
        "ResultLine",
        "Served",
        "Sink",
        "Traits",
    ),
    "twolane.providers.usual": ("ProviderBase", "result_line", "text_reply"),
    "twolane.reader": ("Reader",),
    "twolane.run": ("Progress", "Run"),
    "twolane.services": ("PROVIDERS", "check_address"),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}
__all__ = sorted(_HOMES)  # noqa: PLE0605  # one list of names, not two that drift apart


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        message = f"module 'twolane' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)
