"""Answers that the dispatcher has seen and the ledger has not told yet: what stands in while the ledger is away."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from calls.events import Event, OperatorAnswered
from calls.ids import CallId, GroupId
from calls.wait_history import SoFar, Waited
from dispatch.watchers import Watcher
from routing.core import Router
from routing.queue import Waiting


@dataclass(frozen=True, slots=True)
class _Answer:
    at_ms: int
    call: CallId
    group: GroupId
    waited_s: float


class RecentAnswers(Watcher):
    """First answers since the ledger was asked last. A transferred caller whose first answer is older counts again."""

    def __init__(self) -> None:
        self._answers: deque[_Answer] = deque()
        self._calls: set[CallId] = set()

    def before(self, event: Event, router: Router, now_ms: int, said_ms: int) -> None:
        """Take an answer while the caller is still in the line."""
        if isinstance(event, OperatorAnswered) and event.call not in self._calls:
            caller = router.calls.get(event.call)
            if caller is not None and listens(caller):
                self._calls.add(event.call)
                self._answers.append(_Answer(now_ms, event.call, caller.group, max(0, now_ms - caller.rank_ms) / 1000))

    def forget(self, before_ms: int) -> None:
        """Forget what the ledger has told by now."""
        while self._answers and self._answers[0].at_ms < before_ms:
            self._calls.discard(self._answers.popleft().call)

    def on_top_of(self, told: SoFar, day_ms: int) -> SoFar:
        """What the ledger told last, with the answers since; of an earlier day only those count."""
        waited = dict(told.waited) if told.at_ms >= day_ms else {}
        for answer in self._answers:
            if answer.at_ms >= max(told.at_ms, day_ms):
                known = waited.get(answer.group, Waited())
                waited[answer.group] = replace(
                    known, answered=known.answered + 1, waited_s=known.waited_s + answer.waited_s
                )
        return SoFar(told.at_ms, waited, told.came)


def listens(caller: Waiting) -> bool:
    """Whether a person waits on the line: a callback's place is apart from the law's wait."""
    return bool(caller.channel) and not caller.channel.startswith("Local/")
