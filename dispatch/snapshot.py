"""The state as Asterisk holds it now: what a restarted controller begins with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import unquote

from calls.events import CallWaiting, DutyChanged, Event, LegUp, OperatorAnswered, OperatorRung, Reachability
from calls.ids import CallId, OperatorId
from dialplan import names
from dispatch.ami_events import is_reachable, operator_of, waiting_of, wrap_up_of

UP = "6"
"""`ChannelState` of an answered channel."""


@dataclass(frozen=True, slots=True)
class SeenChannel:
    """One channel of Asterisk's `Status`."""

    name: str
    uniqueid: str
    linkedid: str
    up: bool
    context: str
    application: str
    variables: Mapping[str, str]
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the core is told, and the callers who sit in the safety net with nobody ringing."""

    events: tuple[Event, ...]
    in_net: tuple[tuple[CallId, str], ...]
    told: tuple[tuple[CallId, str], ...] = ()
    """What each waiting caller was told last, as the channel keeps it."""
    callbacks: tuple[tuple[CallId, CallId], ...] = ()
    """Calls being made for callbacks, each with the call it was asked in."""
    there: frozenset[CallId] = frozenset()
    """Every call that has a channel."""
    misplaced: tuple[tuple[CallId, str], ...] = ()
    """Callers in another channel's place, who have to be moved on from there (see `[moved-on]` of the dialplan)."""


def rebuild(
    channels: Iterable[SeenChannel],
    duties: Mapping[str, str],
    devices: Mapping[str, str],
    wrap_ups: Mapping[str, str] = MappingProxyType({}),
) -> Snapshot:
    """Calls, legs and operators as events for `Router.restore`, arrival times kept.

    By operator, as AstDB holds it: `duties` is `ready:` or `paused:REASON` (URL-encoded), `wrap_ups` is `FROM:ENDS` in
    epoch ms; `devices` is the phone's device state.
    """
    seen = list(channels)
    events: list[Event] = [Reachability(OperatorId(o), is_reachable(state)) for o, state in devices.items()]
    for operator, duty in duties.items():
        said, _, reason = duty.partition(":")
        events.append(DutyChanged(OperatorId(operator), said == "ready", unquote(reason), kept=True))
    events += [found for operator, kept in wrap_ups.items() if (found := wrap_up_of(operator, kept))]
    legs: dict[str, SeenChannel] = {}
    for channel in seen:
        if number := operator_of(channel.name):
            events.append(LegUp(number, channel.name))
            if channel.uniqueid != channel.linkedid:
                legs[channel.linkedid] = channel
    in_net: list[tuple[CallId, str]] = []
    talks: list[Event] = []
    for channel in seen:
        waiting = _waiting(channel)
        if waiting is None:
            continue
        if channel.context == names.THREE_WAY and (first := channel.variables.get(names.TALKED)):
            # The lines are of the consultation.
            talks.append(OperatorAnswered(OperatorId(first), waiting.call, waiting.group))
            continue
        leg = legs.get(channel.uniqueid)
        # A caller who was just moved out of the net has the new context before the application has noticed.
        by_net = channel.application == "Queue" and channel.context == names.NET
        if leg is not None and (number := operator_of(leg.name)):
            if leg.up:
                talks.append(OperatorAnswered(number, waiting.call, waiting.group))
            else:
                # Reserve first: the caller then takes the place without being offered to anybody else.
                events += [waiting, OperatorRung(number, waiting.call, by_net=by_net)]
        elif by_net:
            in_net.append((waiting.call, channel.name))
        elif channel.context in (names.CONNECT, names.GIVEN_BACK) and channel.extension:
            # An offer on its way: the phone has no channel yet.
            events += [waiting, OperatorRung(OperatorId(channel.extension), waiting.call, by_net=False)]
        elif channel.context in (names.WAITING, names.CALLBACK_ASK):
            events.append(waiting)
    own = [channel for channel in seen if channel.uniqueid == channel.linkedid]
    there = frozenset(CallId(channel.uniqueid) for channel in own)
    callbacks = tuple((CallId(c.uniqueid), CallId(asked)) for c in own if (asked := c.variables.get(names.CALLBACK_OF)))
    told = tuple((CallId(c.uniqueid), c.variables[names.TOLD]) for c in seen if c.variables.get(names.TOLD))
    misplaced = tuple((CallId(c.uniqueid), c.name) for c in own if is_misplaced(c))
    return Snapshot((*events, *talks), tuple(in_net), told, callbacks, there, misplaced)


def is_misplaced(channel: SeenChannel) -> bool:
    """Whether a caller stands in a place that was begun for another channel, whose variables hide the caller's.

    A place in a talk of three is never a caller's: the dialplan itself lets go whoever is put there.
    """
    if channel.context == names.THREE_WAY_LEG:
        return False
    begun_for = channel.variables.get(names.ID, "")
    if begun_for == names.OPERATORS:
        return operator_of(channel.name) is None
    return begun_for not in ("", channel.uniqueid)


def is_caller(channel: SeenChannel) -> bool:
    """Whether this is a caller's own channel: one with an arrival, in its own place."""
    own = channel.uniqueid == channel.linkedid and not is_misplaced(channel)
    return own and bool(channel.variables.get(names.ARRIVED))


def _waiting(channel: SeenChannel) -> CallWaiting | None:
    """The caller's words about themselves; None for legs and for callers who have not come to the wait yet."""
    said = channel.variables
    asks = channel.uniqueid == channel.linkedid and said.get(names.CONSULT) == "1" and not is_misplaced(channel)
    if not (is_caller(channel) or asks):
        return None
    return waiting_of(
        channel.name,
        channel.uniqueid,
        {
            "Group": said.get(names.GROUP, ""),
            "Speaks": said.get(names.LANGUAGE, ""),
            "Rank": said.get(names.RANK, ""),
            "Added": said.get(names.PRIORITY, ""),
            "Offers": said.get(names.OFFER, ""),
            "Wanted": said.get(names.WANTED, ""),
            "Giver": said.get(names.GIVER, ""),
        },
    )
