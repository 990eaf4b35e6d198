"""The review at a terminal: one proposal at a time, one key a decision."""

from __future__ import annotations

import secrets
import shutil
import time
from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import FuzzyWordCompleter

from notemill.app.reviewing import Wanted
from notemill.cli.keys import Key, Keyboard
from notemill.cli.show.review import HELP, bar, line_of, show_row
from notemill.errors import UsageError
from notemill.stores.proposals import EDITABLE, TAG_KINDS, Decision, ProposalState
from notemill.stores.queue_rows import Order
from twolane.front.console import counted, result_console, shown

if TYPE_CHECKING:
    from notemill.app.reviewing import Reviewing, RowShown
    from notemill.stores.deciding import Decided
    from notemill.stores.queue_rows import QueueRow

_DECISIONS: Final = {"a": Decision.ACCEPT, "x": Decision.REJECT, "n": Decision.NEVER}
FIRST_DECISION_S: Final = 4.0
"""How long a decision is taken to last until some have been made: about 15 in a minute."""


class _Then(Enum):
    """What comes after a key."""

    STAY = auto()
    GO_ON = auto()
    QUIT = auto()


class ReviewSession:
    """A person at a terminal, going through what waits."""

    def __init__(self, reviewing: Reviewing, wanted: Wanted, order: Order) -> None:
        """Go through the `wanted` proposals in an order."""
        self._reviewing = reviewing
        self._wanted = wanted
        self._order = order
        self._by = f"terminal-{secrets.token_hex(4)}"
        self._console = result_console()
        self._next: deque[QueueRow] = deque()
        self._after: str | None = ""
        self._decisions = 0
        self._began = time.monotonic()

    async def go(self) -> int:
        """Take decisions until nothing is left or the person quits; return the exit code.

        Raises KeyboardInterrupt on Ctrl-C, with the terminal as it was.
        """
        with Keyboard() as keyboard:
            while (row := await self._front_row()) is not None:
                told = await self._reviewing.look_at(row)
                if told is None or told.row.state is not ProposalState.PENDING:
                    self._next.popleft()
                    continue
                if not await self._decide(told, keyboard):
                    break
        left = (await self._reviewing.counts(self._wanted))[ProposalState.PENDING]
        accepted = (await self._reviewing.counts(self._wanted))[ProposalState.ACCEPTED]
        self._console.print(f"{counted(left, 'proposal')} left" if left else "all is decided")
        if accepted:
            self._console.print(
                f"{counted(accepted, 'proposal')} accepted; write into the notes: notemill apply"
            )
        return 0

    async def _front_row(self) -> QueueRow | None:
        """Return the proposal that is next, None where there is none."""
        while not self._next and self._after is not None:
            page = await self._reviewing.page(self._wanted, order=self._order, after=self._after)
            self._next.extend(page.rows)
            self._after = page.next or None
        return self._next[0] if self._next else None

    async def _decide(self, told: RowShown, keyboard: Keyboard) -> bool:
        """Show a proposal and do what its keys say, until it is done with; False to quit."""
        row = told.row
        every = self._all_of(row)
        count = (await self._reviewing.counts(every))[ProposalState.PENDING]
        left = (await self._reviewing.counts(self._wanted))[ProposalState.PENDING]
        show_row(told, self._console)
        then = _Then.STAY
        while then is _Then.STAY:
            self._show_bar(row, count, left)
            key = await keyboard.next()
            self._console.clear_line()
            then = await self._pressed(key, row, keyboard)
        return then is _Then.GO_ON

    async def _pressed(self, key: str, row: QueueRow, keyboard: Keyboard) -> _Then:
        """Do what a key says of the proposal that is shown. Raises KeyboardInterrupt on Ctrl-C."""
        match key:
            case "q" | Key.END:
                return _Then.QUIT
            case Key.CANCEL:
                raise KeyboardInterrupt
            case Key.SUSPEND:
                keyboard.suspend()
                return _Then.GO_ON
            case "a" | "x" | "n" | "A" | "s":
                await self._decided(key, row)
                return _Then.GO_ON
            case "u":
                return await self._undo()
            case "e" if row.kind in EDITABLE:
                return await self._edit(row, keyboard)
            case "?":
                for line in HELP:
                    self._console.print(line)
        return _Then.STAY

    async def _decided(self, key: str, row: QueueRow) -> None:
        """Carry a decision out, or skip it; the next proposal comes to the front."""
        if key == "A":
            every = self._all_of(row)
            self._say(await self._reviewing.decide_all(every, Decision.ACCEPT, by=self._by))
            return
        if key != "s":
            decision = _DECISIONS[key]
            self._say(
                await self._reviewing.decide(
                    [row.id], decision, by=self._by, was=ProposalState.PENDING
                )
            )
        self._next.popleft()

    def _all_of(self, row: QueueRow) -> Wanted:
        """Return the filter of all that `A` accepts: this note's, or in that order this value's."""
        if self._order is Order.VALUE:
            return self._narrowed(value=row.value_key)
        return self._narrowed(note=row.notes[0] if row.notes else "")

    def _narrowed(self, *, note: str | None = None, value: str | None = None) -> Wanted:
        wanted = self._wanted
        return Wanted(kinds=wanted.kinds, run=wanted.run, only=wanted.only, note=note, value=value)

    def _say(self, decided: Decided) -> None:
        """Say what a decision came to."""
        if decided.changed:
            self._decisions += 1
            self._console.print(f"  {line_of(decided.changed)}", style="green")
        for one in decided.unchanged:
            self._console.print(f"  {one.id} was decided elsewhere meanwhile: {one.state}")
        for id_ in decided.missing:
            self._console.print(f"  {id_} is not proposed any more")

    async def _undo(self) -> _Then:
        """Take the last own step back and show what it was about again."""
        back = await self._reviewing.take_back(by=self._by)
        if back is None:
            self._console.print("  there is nothing of yours to take back")
            return _Then.STAY
        self._console.print(f"  taken back: {counted(len(back.changed), 'decision')}")
        for one in back.unchanged:
            self._console.print(f"  {one.id} is {one.state} by now and stays so")
        self._next.extendleft(reversed(back.changed))
        return _Then.GO_ON if back.changed else _Then.STAY

    async def _edit(self, row: QueueRow, keyboard: Keyboard) -> _Then:
        """Have a value edited, and accept it."""
        words = await self._reviewing.vocabulary() if row.kind in TAG_KINDS else ()
        prompt: PromptSession[str] = PromptSession()
        keyboard.release()
        try:
            value = await prompt.prompt_async(
                f"  {row.kind}: ",
                default=row.value,
                completer=FuzzyWordCompleter(list(words)) if words else None,
            )
        except (KeyboardInterrupt, EOFError):
            self._console.print("  left as it is")
            return _Then.STAY
        finally:
            keyboard.take()
        try:
            decided = await self._reviewing.decide(
                [row.id], Decision.ACCEPT, by=self._by, was=ProposalState.PENDING, value=value
            )
        except UsageError as error:
            self._console.print(f"  {shown(str(error))}", style="red")
            return _Then.STAY
        self._say(decided)
        self._next.popleft()
        return _Then.GO_ON

    def _show_bar(self, row: QueueRow, count: int, left: int) -> None:
        each_s = FIRST_DECISION_S
        if self._decisions:
            each_s = (time.monotonic() - self._began) / self._decisions
        what = "value" if self._order is Order.VALUE else "note"
        line = bar(
            left, left * each_s, every=count, what=what, editable=row.kind in EDITABLE,
            columns=shutil.get_terminal_size().columns,
        )  # fmt: skip
        self._console.print(line, style="bold", end="")
