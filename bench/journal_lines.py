"""Journals as Asterisk writes them, of made-up calls: the whole way through menu, wait, talk and rating."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from calls.journal_lines import format_fields


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call that went the usual way; instants are epoch ms."""

    id: str
    arrived_ms: int
    caller: str
    group: str
    operator: str
    queued_after_ms: int = 7_000
    rung_after_ms: int = 12_000
    talk_ms: int = 180_000

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line with its instant, in order."""
        now, leg = self.arrived_ms, f"{self.id}9"
        file = f"{self.id}-1-1"
        yield self._fact(now, "arrived", arrived_ms=now, dialled="1414", caller=self.caller, name="")
        yield self._event(now + 3, "ANSWER")
        yield self._fact(now + 10, "step", step="language-asked", detail="")
        yield self._fact(now + 3_000, "language", language="ru", by="key")
        yield self._fact(now + 3_010, "step", step="language", detail="ru")
        yield self._fact(now + 3_020, "step", step="topic-asked", detail="")
        queued = now + self.queued_after_ms
        yield self._fact(queued - 5, "step", step="topic", detail=self.group)
        yield self._fact(
            queued, "queued", seq=1, group=self.group, queued_ms=queued, rank_ms=now, language="ru", via="menu"
        )
        rung = now + self.rung_after_ms
        yield self._fact(rung, "offered", seq=1, offer=1, operator=self.operator, file=file, via="router")
        talk = rung + 2_000
        yield self._event(talk, "ANSWER", leg)
        yield self._fact(talk + 1_500, "talking", leg, seq=1, offer=1, operator=self.operator, file=file)
        yield self._event(talk + 1_505, "BRIDGE_ENTER", leg)
        yield self._event(talk + 1_506, "BRIDGE_ENTER")
        over = talk + self.talk_ms
        yield self._event(over, "BRIDGE_EXIT", leg)
        yield self._event(over + 1, "BRIDGE_EXIT")
        yield self._event(over + 2, "HANGUP", leg)
        yield self._fact(over + 7, "talk_ended", seq=1, by="operator")
        yield self._fact(over + 10, "rating_offered", seq=1, operator=self.operator)
        yield self._fact(over + 4_000, "rated", seq=1, operator=self.operator, score=5)
        yield self._event(over + 6_000, "HANGUP")

    def _fact(self, at_ms: int, name: str, leg: str = "", /, **values: str | int) -> tuple[int, bytes]:
        return self._line(at_ms, "USER_DEFINED", leg, name, json.dumps({"extra": format_fields(values)}))

    def _event(self, at_ms: int, kind: str, leg: str = "") -> tuple[int, bytes]:
        return self._line(at_ms, kind, leg, "", '{"bridge_id":"4cf1e1a1-9f5b-4d2e-9b0a-6d6c1a7c9f10"}')

    def _line(self, at_ms: int, kind: str, leg: str, name: str, extra: str) -> tuple[int, bytes]:
        number = self.id.rpartition(".")[2]
        channel = f"PJSIP/op{self.operator}-{number:0>8}" if leg else f"PJSIP/carrier-{number:0>8}"
        row = (kind, f"{at_ms // 1000}.{at_ms % 1000:03}000", channel, leg or self.id, self.id, name, extra)
        return at_ms, (",".join('"' + part.replace('"', '""') + '"' for part in row) + "\n").encode()
