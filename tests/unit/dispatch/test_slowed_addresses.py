"""Who is slowed, until when, and who never is."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.load import load
from dispatch.slowed_addresses import (
    GOES_ON_MS,
    LONGEST_MS,
    MOST_PHONES,
    MOST_SLOWED,
    OF_LATE_MS,
    SlowedAddresses,
    Spared,
    denied,
)

CONFIG = Path(__file__).resolve().parents[3] / "config" / "hotline.toml"
MINUTE_MS = 60_000
GUESSER = "203.0.113.5"


def test_slowed_for_ten_minutes_then_for_longer_as_it_goes_on_and_for_an_hour_at_most() -> None:
    slowed, now_ms, minutes = SlowedAddresses(600), 0, []
    for _ in range(6):
        begun = slowed.begin(GUESSER, now_ms)
        minutes.append((begun.until_ms - begun.from_ms) // MINUTE_MS)
        assert slowed.end(begun.until_ms - 1) == []
        now_ms = begun.until_ms
        assert slowed.end(now_ms) == [begun]
        assert list(slowed) == []
        now_ms += MINUTE_MS
    assert minutes == [10, 20, 40, 60, 60, 60]
    assert slowed.begin(GUESSER, now_ms + GOES_ON_MS).times == 1


def test_what_comes_while_it_is_slowed_makes_it_no_longer() -> None:
    slowed = SlowedAddresses(600)
    begun = slowed.begin(GUESSER, 0)
    assert slowed.begin(GUESSER, MINUTE_MS) is begun


def test_who_is_lifted_begins_anew() -> None:
    slowed = SlowedAddresses(600)
    slowed.begin(GUESSER, 0)
    assert slowed.lift(GUESSER) is not None
    assert slowed.lift(GUESSER) is None
    assert slowed.begin(GUESSER, 1).times == 1


def test_a_clock_that_was_set_back_keeps_nobody_shut_out() -> None:
    slowed = SlowedAddresses(600)
    slowed.begin(GUESSER, 10 * LONGEST_MS)
    assert len(slowed.end(0)) == 1
    assert len(slowed) == 0


def test_an_address_that_is_longer_than_a_text_has_one_of_its_own() -> None:
    assert list(denied(["203.0.113.5", "203.0.113.6"], 5)) == ["203.0.113.5/32", "203.0.113.6/32"]
    assert list(denied([], 5)) == []


def test_to_the_millisecond_who_goes_on_is_slowed_for_longer() -> None:
    for later_ms, times in ((3_600_000, 2), (3_600_001, 1)):
        slowed = SlowedAddresses(600)
        until_ms = slowed.begin(GUESSER, 0).until_ms
        assert slowed.end(0) == [], "it has just begun"
        slowed.end(until_ms)
        assert slowed.begin(GUESSER, until_ms + later_ms).times == times


def test_a_phone_of_a_week_ago_still_spares_its_address_and_an_older_one_does_not() -> None:
    spared = Spared(load(CONFIG, {}))
    spared.phone_at("sip:op101@203.0.113.5:5062", 0)
    assert spared.why(GUESSER, 7 * 86_400_000) == "a phone is registered there, or was of late"
    assert spared.why(GUESSER, 7 * 86_400_000 + 1) == ""


def test_of_too_many_addresses_the_last_ones_are_remembered() -> None:
    slowed, spared = SlowedAddresses(600), Spared(load(CONFIG, {}))
    for number in range(MOST_SLOWED + 1):
        until_ms = slowed.begin(str(ip_address(0x0A000000 + number)), 0).until_ms
        slowed.end(until_ms)
    assert slowed.begin("10.0.0.0", until_ms).times == 1
    assert slowed.begin("10.0.0.1", until_ms).times == 2
    for number in range(MOST_PHONES + 1):
        spared.phone_at(f"sip:a@{ip_address(0x0B000000 + number)}", 0)
        spared.phone_at("sip:a@11.0.0.0", 0)  # still there
    assert spared.why("11.0.0.0", 0) != ""
    assert spared.why("11.0.0.1", 0) == ""
    assert spared.why("11.0.0.2", 0) != ""


def test_texts_are_as_long_as_may_be_and_no_longer() -> None:
    both = list(denied(["203.0.113.5", "203.0.113.6"], 30))
    assert both == ["203.0.113.5/32,203.0.113.6/32"]
    assert list(denied(["203.0.113.5", "203.0.113.6"], 28)) == ["203.0.113.5/32", "203.0.113.6/32"]


def test_a_thousand_are_slowed_and_no_more() -> None:
    slowed = SlowedAddresses(600)
    for number in range(MOST_SLOWED + 500):
        slowed.begin(str(ip_address(0x0A000000 + number)), number)
    assert len(slowed) == MOST_SLOWED
    assert "10.0.0.0" not in {one.address for one in slowed}  # which would have ended first
    assert str(ip_address(0x0A000000 + MOST_SLOWED + 499)) in {one.address for one in slowed}


@given(st.lists(st.tuples(st.integers(0, 40 * MINUTE_MS), st.sampled_from(["192.0.2.1", "192.0.2.2"])), max_size=60))
def test_whatever_comes_each_ends_within_an_hour(guesses: list[tuple[int, str]]) -> None:
    slowed, now_ms = SlowedAddresses(600), 0
    for after_ms, address in guesses:
        now_ms += after_ms
        slowed.end(now_ms)
        slowed.begin(address, now_ms)
        assert all(now_ms < one.until_ms <= now_ms + LONGEST_MS for one in slowed)
    slowed.end(now_ms + LONGEST_MS)
    assert list(slowed) == []


@pytest.fixture
def spared() -> Spared:
    settings = load(CONFIG, {})
    trunk = settings.trunks[0].model_copy(update={"addresses": ("198.51.100.0/28", "2001:db8:5:5::9")})
    sip = settings.sip.model_copy(update={"bind": "192.0.2.10", "external_address": "192.0.2.11"})
    return Spared(settings.model_copy(update={"trunks": (trunk,), "sip": sip}))


@pytest.mark.parametrize(
    "address",
    [*("198.51.100.1", "198.51.100.15", "2001:db8:5:5::/64", "127.0.0.1", "::/64", "192.0.2.10", "192.0.2.11"),
     *("an unknown address", "")],
)  # fmt: skip
def test_carriers_and_this_machine_are_never_slowed(spared: Spared, address: str) -> None:
    assert spared.why(address, 0)


@pytest.mark.parametrize("address", ["198.51.100.16", "203.0.113.5", "2001:db8:5:6::/64", "192.0.2.12"])
def test_others_may_be(spared: Spared, address: str) -> None:
    assert spared.why(address, 0) == ""


@pytest.mark.parametrize(
    ("contact", "address"),
    [
        ("sip:op101@203.0.113.5:5062;ob", "203.0.113.5"),
        ("sips:op101@203.0.113.5;transport=tls", "203.0.113.5"),
        ("sip:203.0.113.5", "203.0.113.5"),
        ("sip:op101@[2001:db8:7:7:1::2]:5060", "2001:db8:7:7::/64"),
    ],
)
def test_where_a_phone_is_registered_or_was_of_late_nobody_is_slowed(
    spared: Spared, contact: str, address: str
) -> None:
    spared.phone_at(contact, 0)
    assert "a phone is registered there" in spared.why(address, OF_LATE_MS)
    assert spared.why(address, OF_LATE_MS + 1) == ""


@pytest.mark.parametrize("contact", ["", "sip:op101@phone.example", "tel:+77010000000", "sip:op101@999.1.1.1", "\r\n"])
def test_a_contact_without_an_address_is_nobodys(spared: Spared, contact: str) -> None:
    spared.phone_at(contact, 0)
    assert not spared._phones


@given(
    st.lists(st.one_of(st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(lambda one: f"{one}/128")), max_size=300)
)
def test_asterisk_gets_every_address_in_lines_that_it_takes(addresses: list[str]) -> None:
    texts = list(denied(addresses, 900))
    assert all(0 < len(text) <= 900 for text in texts)
    assert [one for text in texts for one in text.split(",")] == [str(ip_network(one)) for one in addresses]


def test_what_is_no_address_is_never_said_to_asterisk() -> None:
    """It would refuse everybody: "There is an error in ACL configuration. Blocking ALL SIP traffic"."""
    with pytest.raises(ValueError, match="an unknown address"):
        list(denied(["an unknown address"], 900))
