"""What Asterisk is told of guessers, and what a person is: with an Asterisk on paper that keeps what it is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from calls.journal import Fact
from config.load import load
from console.errors import UnavailableError
from dispatch.sip_guesses import HASTY
from dispatch.slowing import SAY_AGAIN_MS, Slowing
from telephony.ami_event import AmiEvent
from telephony.errors import AmiDownError, AmiRefusedError, TelephonyError
from telephony.quoting import ActionFields, checked_action
from tests.unit.dispatch.virtual_time import HandClock

CONFIG = Path(__file__).resolve().parents[3] / "config" / "hotline.toml"


class PaperAsterisk:
    """Its database and the memory that is filled from it."""

    def __init__(self) -> None:
        self.database: dict[str, str] = {"bailanys/guessers/acl/7": '{"@kept":"yes","deny":"192.0.2.77/32"}'}
        self.denied: set[str] = {"192.0.2.78/32"}
        """What a controller before us said."""
        self.filled = 0
        self.phones: list[str] = []
        self.listed = 0
        self.fails: TelephonyError | None = None
        self.fails_at = "SorceryMemoryCachePopulate"

    async def send(self, action: ActionFields, timeout_s: float = 2.0) -> AmiEvent:
        checked_action(action)
        if self.fails and action["Action"] == self.fails_at:
            raise self.fails
        match action:
            case {"Action": "DBPut", "Family": str(family), "Key": str(key), "Val": str(value)}:
                self.database[f"{family}/{key}"] = value
            case {"Action": "DBDelTree", "Family": str(family)}:
                kept = {key: value for key, value in self.database.items() if not key.startswith(f"{family}/")}
                if kept == self.database:
                    raise AmiRefusedError("Database entry not found")
                self.database = kept
            case {"Action": "SorceryMemoryCachePopulate", "Cache": "guessers"}:
                found = [json.loads(value) for key, value in self.database.items() if "guessers/acl/" in key]
                assert all(one["@kept"] for one in found)
                self.denied = {address for one in found for address in one["deny"].split(",")}
                self.filled += 1
        return AmiEvent("Success")

    async def collect(self, action: ActionFields, timeout_s: float = 5.0) -> list[AmiEvent]:
        assert action == {"Action": "PJSIPShowContacts"}
        self.listed += 1
        if self.fails and self.fails_at == "PJSIPShowContacts":
            raise self.fails
        if not self.phones:
            raise AmiRefusedError("No Contacts found")
        return [AmiEvent("ContactList", {"Uri": one}) for one in self.phones]


class Paper:
    """All of it together."""

    def __init__(self, slow_s: int = 600) -> None:
        self.clock, self.asterisk = HandClock(), PaperAsterisk()
        self.alarms: list[str] = []
        self.notes: list[dict[str, Any]] = []
        settings = load(CONFIG, {"BAILANYS_SIP__SLOW_GUESSES_S": str(slow_s)})
        self.slowing = Slowing(settings, self.asterisk, self.clock, self)  # type: ignore[arg-type]

    def alarm(self, kind: str, detail: str) -> None:
        assert kind == "sip-guesses"
        self.alarms.append(detail)

    def note(self, fact: Fact, **fields: str) -> None:
        self.notes.append({"fact": fact, **fields})

    def guess(self, address: str = "203.0.113.5", times: int = 3 * HASTY) -> None:
        for number in range(times):
            fields = {"AccountID": str(number), "SessionID": "1", "LocalAddress": "IPV4/UDP/192.0.2.1/5060"}
            fields["RemoteAddress"] = f"IPV4/UDP/{address}/5062"
            self.slowing.heard("InvalidAccountID", fields, self.clock.now_ms())


@pytest.fixture
def paper() -> Paper:
    return Paper()


async def test_a_controller_begins_with_nobody_slowed(paper: Paper) -> None:
    await paper.slowing.look()
    assert (paper.asterisk.denied, paper.asterisk.database) == (set(), {})
    for _ in range(60):
        paper.clock.at_ms += SAY_AGAIN_MS
        await paper.slowing.look()
    assert paper.asterisk.filled == 1  # nobody guesses: nothing is said again


async def test_a_guesser_is_slowed_told_and_let_go(paper: Paper) -> None:
    paper.guess()
    await paper.slowing.look()
    assert paper.asterisk.denied == {"203.0.113.5/32"}
    assert paper.asterisk.database == {}  # the memory alone has it, and forgets
    (detail,) = paper.alarms
    assert detail.startswith("203.0.113.5: 20 requests refused, among others as 0, 1, 2, 3, 4; refused unread until ")
    (slowed,) = paper.slowing.slowed
    assert slowed.until_ms == paper.clock.now_ms() + 600_000
    for _ in range(20):
        assert paper.asterisk.denied == {"203.0.113.5/32"}
        paper.clock.at_ms += SAY_AGAIN_MS
        await paper.slowing.look()
    assert (paper.asterisk.denied, paper.slowing.slowed) == (set(), [])
    assert paper.asterisk.filled == 21  # said again each half minute: Asterisk forgets after three of them


async def test_it_is_told_once_an_hour_though_it_goes_on(paper: Paper) -> None:
    for _ in range(3):
        paper.guess()
        await paper.slowing.look()
        paper.clock.at_ms = paper.slowing.slowed[0].until_ms
        await paper.slowing.look()
    assert len(paper.alarms) == 1


async def test_a_guesser_of_a_few_is_told_and_not_slowed_until_it_goes_on(paper: Paper) -> None:
    paper.guess(times=30)
    await paper.slowing.look()
    assert paper.asterisk.denied == set()
    assert len(paper.alarms) == 1
    paper.guess()
    await paper.slowing.look()
    assert paper.asterisk.denied == {"203.0.113.5/32"}
    assert paper.alarms[1].startswith("203.0.113.5; refused unread until ")


async def test_where_phones_are_registered_is_looked_at_and_heard(paper: Paper) -> None:
    paper.asterisk.phones = ["sip:op101@203.0.113.5:5062;ob"]
    paper.slowing.heard("ContactStatus", {"URI": "sip:op102@203.0.113.6:5060"}, paper.clock.now_ms())
    for address in ("203.0.113.5", "203.0.113.6", "203.0.113.7"):
        paper.guess(address)
    await paper.slowing.look()
    assert paper.asterisk.denied == {"203.0.113.7/32"}
    assert [detail.partition("; ")[2][:44] for detail in paper.alarms[:2]] == [
        "not slowed: a phone is registered there, or "
    ] * 2


@pytest.mark.parametrize("error", [AmiDownError("link lost"), AmiRefusedError("The provided cache does not exist")])
async def test_what_asterisk_does_not_take_is_told_and_not_believed(paper: Paper, error: TelephonyError) -> None:
    await paper.slowing.look()
    paper.asterisk.fails = error
    paper.guess()
    await paper.slowing.look()
    assert paper.slowing.slowed == []
    assert f"; not slowed: Asterisk did not take it: {error}" in paper.alarms[0]
    assert paper.asterisk.database == {}
    paper.asterisk.fails = None
    paper.guess()
    await paper.slowing.look()
    assert paper.asterisk.denied == {"203.0.113.5/32"}


async def test_nobody_is_slowed_while_nobody_says_where_phones_are(paper: Paper) -> None:
    paper.asterisk.fails, paper.asterisk.fails_at = AmiDownError("link lost"), "PJSIPShowContacts"
    paper.guess()
    await paper.slowing.look()
    assert paper.slowing.slowed == []
    assert "; not slowed: Asterisk does not say where phones are: link lost" in paper.alarms[0]


async def test_another_asterisk_is_told_at_once(paper: Paper) -> None:
    paper.guess()
    await paper.slowing.look()
    paper.asterisk.denied.clear()
    paper.clock.at_ms += 1_000
    await paper.slowing.look()
    assert not paper.asterisk.denied
    paper.slowing.say_again()
    await paper.slowing.look()
    assert paper.asterisk.denied == {"203.0.113.5/32"}


async def test_where_phones_are_is_asked_once_in_ten_seconds(paper: Paper) -> None:
    for number, (after_ms, times) in enumerate(((0, 1), (9_999, 1), (1, 2), (-60_000, 3))):
        paper.clock.at_ms += after_ms
        paper.guess(f"203.0.113.{number}")
        await paper.slowing.look()
        assert paper.asterisk.listed == times, "a clock that was set back is looked at, too"


async def test_who_is_slowed_is_told_by_the_end_until_which_it_lasts(paper: Paper) -> None:
    paper.guess("203.0.113.6")
    await paper.slowing.look()
    paper.clock.at_ms += 60_000
    paper.guess("203.0.113.5")
    await paper.slowing.look()
    assert [one.address for one in paper.slowing.slowed] == ["203.0.113.6", "203.0.113.5"]
    paper.clock.at_ms = paper.slowing.slowed[0].until_ms
    assert [one.address for one in paper.slowing.slowed] == ["203.0.113.5"]


async def test_words_and_haste_between_two_looks_are_both_kept(paper: Paper) -> None:
    paper.guess(times=HASTY + 5)  # told after twenty, to be slowed after a hundred
    await paper.slowing.look()
    assert len(paper.asterisk.denied) == 1
    assert paper.alarms[0].startswith("203.0.113.5: 20 requests refused")


async def test_an_administrator_lets_an_address_in(paper: Paper) -> None:
    paper.guess("2001:db8:1:2:3::4")
    paper.guess()
    await paper.slowing.look()
    assert await paper.slowing.lift("203.0.113.9", "cli:aliya") is None
    lifted = await paper.slowing.lift("2001:db8:1:2:ffff::1", "cli:aliya")
    assert lifted is not None and lifted.address == "2001:db8:1:2::/64"
    assert paper.asterisk.denied == {"203.0.113.5/32"}
    (note,) = paper.notes
    assert (note["fact"], note["subject"], note["by"]) == (Fact.CHANGED, "2001:db8:1:2::/64", "cli:aliya")
    paper.asterisk.fails = AmiDownError("link lost")
    with pytest.raises(UnavailableError, match="as soon as it does"):
        await paper.slowing.lift("203.0.113.5", "cli:aliya")
    paper.asterisk.fails = None
    await paper.slowing.look()
    assert paper.asterisk.denied == set()


async def test_a_thousand_are_said_in_lines_that_asterisk_takes(paper: Paper) -> None:
    for number in range(1_000):
        paper.guess(f"198.51.{number // 250}.{number % 250}", times=HASTY + 5)
    await paper.slowing.look()
    assert len(paper.asterisk.denied) == 1_000
    assert paper.asterisk.database == {}


async def test_with_nought_seconds_it_is_an_alarm_and_no_more() -> None:
    paper = Paper(slow_s=0)
    paper.guess()
    await paper.slowing.look()
    assert paper.asterisk.denied == set()
    assert paper.alarms == ["203.0.113.5: 20 requests refused, among others as 0, 1, 2, 3, 4"]
