"""The whole error hierarchy of twolane.

    TwolaneError
      ConfigError                  usage or configuration
        InputError                 a line of the input cannot be used
        UnknownModelError          no price is known for the model
        TooManyFilesError          the system lets no more files be open
        UnknownRunError            no run has this id
        AmbiguousRunError          several runs begin like this
      LedgerError                  the ledger cannot be used
        LedgerLockedError          another process works on the run
        LedgerFullError            no space left for the ledger
        LedgerOutdatedError        it has an older format
        LedgerDamagedError         it is damaged, or it is gone
        StateFolderError           its folder is another user's, or open to others
        HandedOverError            the run continues on another computer
      ProviderError                the provider answered with an error
        TransientError             worth sending again
          RateLimitedError
          OverloadedError
          GatewayTimeoutError      a gateway gave up waiting: it may have been billed
          NotTheProviderError      answered with success by something else, such as a proxy's page
          ConnectionFailedError    no answer came; `sent` says whether the request was sent
            UnreachableError       it was never sent: unknown host, closed port, no route
        RejectedError              this request is wrong; sending it again changes nothing
        RunRefusedError              every other request would be refused as well
          AuthenticationError        key or permission
            ForbiddenError             permission, of this request at least
          CreditError                credit
          SpendCapError              a spend limit set at the provider
          EndpointError              the address or its certificate is wrong
          LongWaitError              the provider asks for a wait of over an hour
          RepeatedBatchIdError       a batch got the id of another one
        InvalidReplyError          the answer cannot be read
          ReplyTooLargeError         it is larger than its request allows
      BatchLostError               the provider no longer knows the batch
      BudgetExceededError          the cap leaves no room for the next request
        MonthSpentError            nor does the budget of the month
      WaitingError                 a person has to decide first

Each class's docstring is its default message and says what to do next. `exit_code` is what a
command ends with; `http_status` is what a web front answers with.
"""

from __future__ import annotations

from typing import ClassVar


class TwolaneError(Exception):
    """Something went wrong in twolane; run the same command again to go on from the ledger."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, message: str | None = None) -> None:
        """Take `message`, or the class's docstring by default."""
        super().__init__(message or (type(self).__doc__ or "").strip())


class ConfigError(TwolaneError):
    """The command or its configuration cannot be used; see --help and the message above."""

    exit_code = 2
    http_status = 400


class InputError(ConfigError):
    """The input cannot be used; correct the line that is named and run the command again."""


class UnknownModelError(ConfigError):
    """No price is known for this model; name another, or give its prices in a price file."""


class UnknownRunError(ConfigError):
    """There is no such run; `runs` lists them."""

    http_status = 404


class AmbiguousRunError(ConfigError):
    """Several runs begin like this; give more of the id."""

    http_status = 409


class TooManyFilesError(ConfigError):
    """Too many files are open; lower --concurrency or raise the limit (ulimit -n), and go on."""

    http_status = 503


class LedgerError(TwolaneError):
    """The ledger cannot be used; nothing was changed. See docs/ledger.md."""

    exit_code = 7


class LedgerLockedError(LedgerError):
    """Another process is working on this run; wait for it, or stop it and run the command again."""

    http_status = 409


class LedgerFullError(LedgerError):
    """No space is left for the ledger; free some and run the same command again to go on."""

    http_status = 507


class LedgerOutdatedError(LedgerError):
    """The ledger has an older format; `twolane runs` updates it, then run the command again."""


class LedgerDamagedError(LedgerError):
    """The ledger is damaged; see `twolane check`, and restore it with `twolane state import`."""


class StateFolderError(LedgerError):
    """The state folder is another user's, or others can write to it; see what is named."""

    http_status = 403


class HandedOverError(LedgerError):
    """The run was handed over to another computer; `twolane state take-back` brings it back."""

    http_status = 409


class ProviderError(TwolaneError):
    """The provider answered with an error; the message is its own."""

    exit_code = 3
    http_status = 502
    maybe_paid: bool = False
    """Whether the request may have been processed and billed although no answer came."""

    def __init__(
        self,
        message: str | None = None,
        *,
        provider: str = "",
        status: int = 0,
        kind: str = "",
        request_id: str | None = None,
    ) -> None:
        """Keep what the provider said: HTTP `status`, its error type as `kind`, `request_id`."""
        super().__init__(message)
        self.provider = provider
        self.status = status
        self.kind = kind or type(self).__name__
        self.request_id = request_id


class TransientError(ProviderError):
    """The provider could not answer just now; the request is sent again later."""

    http_status = 503

    def __init__(  # what the provider said, field by field
        self,
        message: str | None = None,
        *,
        provider: str = "",
        status: int = 0,
        kind: str = "",
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """Keep `retry_after_s`, the provider's own cooldown in seconds, if it named one."""
        super().__init__(
            message, provider=provider, status=status, kind=kind, request_id=request_id
        )
        self.retry_after_s = retry_after_s


class RateLimitedError(TransientError):
    """The provider's rate limit is reached; sending continues after its cooldown."""

    http_status = 429


class OverloadedError(TransientError):
    """The provider is overloaded; sending continues after a pause."""


class GatewayTimeoutError(TransientError):
    """A gateway gave up waiting for the provider; shorten the requests, or send them as a batch."""

    http_status = 504
    maybe_paid = True


class NotTheProviderError(TransientError):
    """What answers is not the provider's API; check the base URL, the proxy and the network."""

    exit_code = 2


class ConnectionFailedError(TransientError):
    """No answer came from the provider; check the network and the base URL."""

    http_status = 504

    def __init__(self, message: str | None = None, *, sent: bool, provider: str = "") -> None:
        """`sent` says whether the request was sent, so that the provider may have acted on it."""
        super().__init__(message, provider=provider, kind="connection")
        self.sent = sent
        self.maybe_paid = sent


class UnreachableError(ConnectionFailedError):
    """The provider cannot be reached; check the network, the base URL and the proxy."""

    exit_code = 2

    def __init__(self, message: str | None = None, *, provider: str = "") -> None:
        """The request was never sent."""
        super().__init__(message, sent=False, provider=provider)


class RejectedError(ProviderError):
    """The provider refuses this request; correct it, sending it again changes nothing."""

    http_status = 422


class RunRefusedError(ProviderError):
    """The provider refuses the whole run; correct what its message names, then resume."""

    exit_code = 6
    http_status = 403


class AuthenticationError(RunRefusedError):
    """The provider refuses the key; set a valid one (ANTHROPIC_API_KEY) and run again."""

    http_status = 401


class ForbiddenError(AuthenticationError):
    """The provider forbids this request; use a key that may send it, then resume the run."""

    http_status = 403


class CreditError(RunRefusedError):
    """The provider's account has no credit left; add some there and resume the run."""

    http_status = 402


class SpendCapError(RunRefusedError):
    """The spend limit set at the provider is reached; raise it there and resume the run."""

    exit_code = 5
    http_status = 402


class EndpointError(RunRefusedError):
    """The address of the provider, or its certificate, is wrong; correct the base URL."""

    exit_code = 2
    http_status = 400


class LongWaitError(RunRefusedError):
    """The provider takes nothing for longer than a run waits; resume the run later."""

    exit_code = 5
    http_status = 429


class RepeatedBatchIdError(RunRefusedError):
    """The provider gave a batch the id of another one; tell whoever runs it, then resume."""

    http_status = 502


class InvalidReplyError(ProviderError):
    """The provider's answer cannot be read; run again, and report it if it stays."""


class ReplyTooLargeError(InvalidReplyError):
    """An answer came that is larger than what was asked for can take; see who answers there."""

    def __init__(self, size: str, beginning: bytes = b"", *, what: str = "an answer") -> None:
        """Keep the `beginning` of `what` is larger than `size`, as people say it."""
        super().__init__(
            f"{what} of more than {size} came; what was asked for cannot take so much",
            kind="reply_too_large",
        )
        self.beginning = beginning


class BatchLostError(TwolaneError):
    """The provider no longer knows this batch; its items are sent again on resume."""

    exit_code = 3


class BudgetExceededError(TwolaneError):
    """The cap leaves no room for the next request; raise --max-cost and resume."""

    exit_code = 5
    http_status = 402


class MonthSpentError(BudgetExceededError):
    """The month's budget leaves no room; resume next month, or with a higher --month-budget."""


class WaitingError(TwolaneError):
    """The run is waiting for a person; review what is shown and continue with `resume`."""

    exit_code = 8
    http_status = 409
