"""The review at a terminal: one proposal at a time, one key per decision."""

from __future__ import annotations

import secrets
import shutil
from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import FuzzyWordCompleter

from notemill.app.pace import ReviewPace
from notemill.app.review_page import in_group
from notemill.cli.keys import Key, Keyboard
from notemill.cli.show.review import HELP, bar, end_bar, line_of, show_row
from notemill.errors import NotemillError
from notemill.stores.deciding import editable_value
from notemill.stores.proposals import (
    EDITABLE,
    TAGS_OR_VOCABULARY,
    Decision,
    ProposalKind,
    ProposalState,
)
from notemill.stores.queue_rows import Order
from twolane.front.console import counted, result_console, shown

if TYPE_CHECKING:
    from notemill.app.reviewing import Look, Reviewing, RowShown, Wanted
    from notemill.stores.deciding import Decided
    from notemill.stores.queue_rows import QueueRow

_DECISIONS: Final = {"a": Decision.ACCEPT, "x": Decision.REJECT, "n": Decision.NEVER}


class _Then(Enum):
    """What to do after a key."""

    STAY = auto()
    GO_ON = auto()
    QUIT = auto()


class ReviewSession:
    """A person at a terminal, going through the pending proposals."""

    def __init__(self, reviewing: Reviewing, wanted: Wanted, order: Order) -> None:
        """Go through the `wanted` proposals in an order."""
        self._reviewing = reviewing
        self._wanted = wanted
        self._order = order
        self._by = f"terminal-{secrets.token_hex(4)}"
        self._console = result_console()
        self._look: Look | None = None
        self._next: deque[QueueRow] = deque()
        self._after: str | None = ""
        self._pace = ReviewPace()

    async def go(self) -> int:
        """Take decisions until nothing is left or the person quits; return the exit code.

        Raises KeyboardInterrupt on Ctrl-C, with the terminal as it was.
        """
        with Keyboard() as keyboard:
            then = _Then.GO_ON
            while then is _Then.GO_ON:
                told = await self._front_row()
                if told is not None:
                    then = await self._decide(told, keyboard)
                elif self._pace.decisions:
                    then = await self._at_the_end(keyboard)
                else:
                    break
            if keyboard.is_gone:
                return 0
        counts = await self._reviewing.counts(self._wanted)
        self._say_left(counts[ProposalState.PENDING])
        if accepted := counts[ProposalState.ACCEPTED]:
            self._console.print(
                f"{counted(accepted, 'proposal')} accepted; write them with: notemill apply"
            )
        return 0

    async def _front_row(self) -> RowShown | None:
        """Return the next proposal that is still pending, or None."""
        while True:
            while not self._next and self._after is not None:
                self._look = await self._reviewing.look()
                page = await self._reviewing.page(
                    self._wanted, order=self._order, after=self._after, look=self._look
                )
                self._next.extend(page.rows)
                self._after = page.next or None
            if not self._next:
                return None
            told = await self._reviewing.look_at(self._next[0])
            if told is not None and told.row.state is ProposalState.PENDING:
                return told
            self._next.popleft()

    async def _decide(self, told: RowShown, keyboard: Keyboard) -> _Then:
        """Show a proposal and handle keys until it is done."""
        row = told.row
        look = self._look or await self._reviewing.look()
        left, count = await self._reviewing.count(self._wanted, self._all_of(row), look=look)
        show_row(told, self._console)
        self._pace.begin()
        then = _Then.STAY
        while then is _Then.STAY:
            self._show_bar(row, count, left)
            key = await keyboard.next()
            if keyboard.is_gone:
                return _Then.QUIT
            self._console.clear_line()
            then = await self._pressed(key, row, keyboard)
        return then

    async def _at_the_end(self, keyboard: Keyboard) -> _Then:
        """Show that nothing is left; the last decisions can still be undone."""
        self._say_left((await self._reviewing.counts(self._wanted))[ProposalState.PENDING])
        then = _Then.STAY
        while then is _Then.STAY:
            self._console.print(end_bar(shutil.get_terminal_size().columns), style="bold", end="")
            key = await keyboard.next()
            if keyboard.is_gone:
                return _Then.QUIT
            self._console.clear_line()
            match key:
                case "u":
                    then = await self._undo()
                case "q" | Key.END | Key.CANCEL | Key.SUSPEND:
                    then = self._left(key, keyboard)
        return then

    def _say_left(self, left: int) -> None:
        self._console.print(
            f"{counted(left, 'proposal')} left" if left else "everything is decided"
        )

    @staticmethod
    def _left(key: str, keyboard: Keyboard) -> _Then:
        """Quit or suspend by a key. Raises KeyboardInterrupt on Ctrl-C."""
        if key == Key.CANCEL:
            raise KeyboardInterrupt
        if key != Key.SUSPEND:
            return _Then.QUIT
        keyboard.suspend()
        return _Then.GO_ON

    async def _pressed(self, key: str, row: QueueRow, keyboard: Keyboard) -> _Then:
        """Apply a key to the proposal shown. Raises KeyboardInterrupt on Ctrl-C."""
        match key:
            case "q" | Key.END | Key.CANCEL | Key.SUSPEND:
                return self._left(key, keyboard)
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
        """Record a decision, or skip; move on to the next proposal."""
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
        """Return the filter of what `A` accepts; see `in_group`."""
        return in_group(row, self._wanted, self._order)

    def _say(self, decided: Decided) -> None:
        """Show the outcome of a decision."""
        if decided.changed:
            self._pace.count()
            self._console.print(f"  {line_of(decided.changed)}", style="green")
        for one in decided.unchanged:
            self._console.print(f"  {one.id} was decided elsewhere in the meantime: {one.state}")
        for id_ in decided.missing:
            self._console.print(f"  {id_} is no longer proposed")

    async def _undo(self) -> _Then:
        """Undo the session's last step and show its proposal again."""
        back = await self._reviewing.take_back(by=self._by)
        if back is None:
            self._console.print("  there is nothing to undo")
            return _Then.STAY
        self._console.print(f"  undone: {counted(len(back.changed), 'decision')}")
        for one in back.unchanged:
            self._console.print(f"  {one.id} is {one.state} now, so it cannot be undone here")
        again = {one.id for one in back.changed}
        later = [one for one in self._next if one.id not in again]
        self._next = deque([*back.changed, *later])
        return _Then.GO_ON if back.changed else _Then.STAY

    async def _edit(self, row: QueueRow, keyboard: Keyboard) -> _Then:
        """Let the person edit a value, and accept it."""
        words = await self._reviewing.vocabulary() if row.kind in TAGS_OR_VOCABULARY else ()
        prompt: PromptSession[str] = PromptSession()
        keyboard.release()
        try:
            value = await prompt.prompt_async(
                f"  {row.kind}: ",
                default=editable_value(row),
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
        except NotemillError as error:
            self._console.print(f"  {shown(str(error))}", style="red")
            return _Then.STAY
        self._say(decided)
        self._next.popleft()
        return _Then.GO_ON

    def _show_bar(self, row: QueueRow, count: int, left: int) -> None:
        what = "value" if self._order is Order.VALUE or not row.notes else "note"
        if row.kind is ProposalKind.VOCABULARY_TAG:
            what = "vocabulary"
        line = bar(
            left, left * self._pace.each_s, every=count, what=what, editable=row.kind in EDITABLE,
            columns=shutil.get_terminal_size().columns,
        )  # fmt: skip
        self._console.print(line, style="bold", end="")
