"""Target control over a simulated day: what the controller does with the ledger, done with the simulator's calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from calls.ids import GroupId
from planning.simulator import Arrival, Moment
from routing.rules import TARGET_S
from routing.target.alarm import Notice, Warned, notices
from routing.target.control import Control, control, lending
from routing.target.day import DaySoFar, GroupSoFar, Lent
from routing.target.ladder import TargetRules
from routing.target.lending import Reserves
from routing.target.on_duty import operators_on_duty
from routing.waits.rates import TalkSeen, Tally, WaitSeen, observe


@dataclass(slots=True)
class TargetDay:
    """Looks at a simulated day in between (`planning.simulator.Centre.look`)."""

    reserves: Reserves
    rules: TargetRules
    day_s: float
    """How long the day is."""
    targets_s: Mapping[GroupId, float] = field(default_factory=dict)
    set_up_s: float = 0.0
    foretells: bool = True
    """Whether the day's end is reckoned, too, for alarms: that takes most of the time, and lends nobody."""
    decided: list[Control] = field(default_factory=list)
    """Each look's decision, the last one last; of a day that foretells nothing only that one."""
    said: list[Notice] = field(default_factory=list)
    """What people would have been told."""
    _warned: Mapping[str, Warned] = field(default_factory=dict)
    _tallies: dict[GroupId, Tally] = field(default_factory=dict)
    _answered: dict[GroupId, tuple[int, float, float]] = field(default_factory=dict)
    """How many calls; their waits from the arrival; of those the menu."""
    _gave_up: dict[GroupId, int] = field(default_factory=dict)
    _recent: deque[Arrival] = field(default_factory=deque)
    _read: tuple[int, int] = (0, 0)

    def __call__(self, moment: Moment) -> Lent:
        """Decide anew who helps whom."""
        self._take_in(moment)
        before = self.decided[-1] if self.decided else Control()
        day = self._day(moment)
        if not self.foretells:
            self.decided = [lending(before, day, self.reserves, self.rules)]
            return self.decided[-1].lent
        self.decided.append(control(before, day, self.reserves, self.rules))
        named = {str(group): outlook for group, outlook in self.decided[-1].outlooks.items()}
        self._warned, said = notices(self._warned, named, moment.now_ms, self.rules)
        self.said += said
        return self.decided[-1].lent

    def _take_in(self, moment: Moment) -> None:
        came, ended = self._read
        self._recent.extend(moment.came[came:])
        for served in moment.ended[ended:]:
            group, at_ms = served.arrival.group, round((served.arrival.at_s + served.wait_s) * 1000)
            seen: list[WaitSeen | TalkSeen] = [WaitSeen(group, at_ms, served.wait_s, served.operator is not None)]
            first = not served.arrival.moved
            if served.operator is None:
                self._gave_up[group] = self._gave_up.get(group, 0) + first
            else:
                count, waited_s, menu_s = self._answered.get(group, (0, 0.0, 0.0))
                if first:
                    before_s = served.arrival.waited_s
                    self._answered[group] = count + 1, waited_s + before_s + served.wait_s, menu_s + before_s
                busy_s = served.arrival.talk_s + moment.router.rules.wrap_up_of(group) + self.set_up_s
                seen.append(TalkSeen(group, at_ms, busy_s))
            self._tallies = observe(self._tallies, seen)
        self._read = len(moment.came), len(moment.ended)
        while self._recent and self._recent[0].at_s < moment.now_ms / 1000 - self.rules.recent_s:
            self._recent.popleft()

    def _day(self, moment: Moment) -> DaySoFar:
        operators = operators_on_duty(moment.router.operators.values())
        names = {group for operator in operators for group in operator.levels} | {one.group for one in moment.came}
        recent = [arrival.group for arrival in self._recent]
        waiting: dict[GroupId, list[float]] = {}
        for caller in moment.router.waiting():
            waiting.setdefault(caller.group, []).append((moment.now_ms - caller.rank_ms) / 1000)
        groups = {}
        for group in sorted(names):
            answered, waited_s, menu_s = self._answered.get(group, (0, 0.0, 0.0))
            before_s = self.set_up_s + (menu_s / answered if answered else 0.0)
            tally = self._tallies.get(group, Tally(0))
            groups[group] = GroupSoFar(
                self.targets_s.get(group, TARGET_S), answered, waited_s, self._gave_up.get(group, 0),
                recent.count(group), tuple(waiting.get(group, ())), before_s, tally.talk_s, 1 / tally.giving_up,
            )  # fmt: skip
        passed_s = moment.now_ms / 1000
        seen_s = min(self.rules.recent_s, passed_s)
        return DaySoFar(moment.now_ms, groups, operators, max(0.0, self.day_s - passed_s), seen_s)
