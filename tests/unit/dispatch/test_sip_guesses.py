"""Who guesses at SIP accounts is told of, by address, and not every packet; the hasty ones are to be slowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.sip_guesses import (
    GUESSES,
    HASTY,
    MOST_ADDRESSES,
    MOST_OURS,
    MOST_STRANGERS,
    PHONE_TRIES_MS,
    QUIET_MS,
    UNKNOWN,
    WINDOW_MS,
    Guesses,
    address_of,
    sender,
)

OURS = tuple(f"op{number}" for number in range(101, 200))
HERE = {"SessionID": "1-2@203.0.113.5", "LocalAddress": "IPV4/UDP/192.0.2.1/5060"}


def refused(address: str = "203.0.113.5", account: str = "admin") -> dict[str, str]:
    return {**HERE, "RemoteAddress": f"IPV4/UDP/{address}/5062", "AccountID": account}


def test_a_scanner_is_told_once_an_hour() -> None:
    guesses = Guesses()
    told = [
        said.words
        for number in range(10_000)
        if (said := guesses.heard("InvalidAccountID", refused(account=f"{100 + number}"), number)) is not None
        and said.words
    ]
    assert told == [f"203.0.113.5: {GUESSES} requests refused, among others as 100, 101, 102, 103, 104"]
    assert guesses.refused == 10_000
    again = guesses.heard("ChallengeResponseFailed", refused(), QUIET_MS + 10_000)
    assert again is None  # alone in its window
    words = ""
    for number in range(GUESSES):
        said = guesses.heard("ChallengeResponseFailed", refused(), QUIET_MS + 10_000 + number)
        words = said.words if said else words
    assert words.startswith("203.0.113.5: 1")


def test_a_scanner_is_to_be_slowed_after_a_hundred() -> None:
    guesses, hasty = Guesses(OURS), []
    for number in range(3 * HASTY):
        said = guesses.heard("InvalidAccountID", refused(account=f"{100 + number}"), number)
        if said is not None and said.hasty:
            hasty.append(number + 1)
    assert hasty == [HASTY + MOST_STRANGERS, 2 * HASTY + MOST_STRANGERS]


def test_a_hundred_in_exactly_the_window_are_hasty_and_in_a_little_longer_not() -> None:
    for longer_ms, hasty in ((0, True), (1, False)):
        guesses, said = Guesses(OURS), None
        guesses.heard("InvalidPassword", refused(account="op101"), 0)
        for number in range(HASTY - 1):
            guesses.heard("InvalidPassword", refused(account="op101"), 1 + number)
        said = guesses.heard("InvalidPassword", refused(account="op101"), WINDOW_MS + 1 + longer_ms)
        assert said is None, "a phone waits between its tries"
        said = guesses.heard("InvalidPassword", refused(account="op101"), WINDOW_MS + 1 + longer_ms)
        assert bool(said and said.hasty) is hasty


def test_whoever_tries_more_accounts_of_ours_than_an_office_has_is_to_be_slowed() -> None:
    guesses = Guesses([f"op{number}" for number in range(1000)])
    said = [
        guesses.heard("InvalidPassword", refused(account=f"op{number}"), number) for number in range(MOST_OURS + HASTY)
    ]
    assert [number + 1 for number, one in enumerate(said) if one is not None and one.hasty] == [MOST_OURS + HASTY]


def test_of_too_many_addresses_those_heard_longest_ago_are_forgotten() -> None:
    guesses = Guesses()

    def hears(address: str, times: int) -> list[str]:
        found = [guesses.heard("InvalidAccountID", refused(address, "a"), 0) for _ in range(times)]
        return [one.words for one in found if one is not None]

    hears("203.0.113.5", GUESSES - 1)
    hears("203.0.113.6", GUESSES - 1)
    for number in range(MOST_ADDRESSES - 1):
        hears(f"198.51.{number // 250}.{number % 250}", 1)
    assert (len(hears("203.0.113.6", 1)), hears("203.0.113.5", 1)) == (1, [])


def test_an_address_is_slowed_when_the_manual_says_so() -> None:
    """`docs/operations.md`: a hundred hasty requests within ten minutes."""
    assert (HASTY, WINDOW_MS) == (100, 600_000)


def test_an_alarm_comes_again_after_exactly_an_hour() -> None:
    def words_after(pause_ms: int) -> int:
        guesses, told = Guesses(), 0
        for at_ms in (*range(GUESSES), *range(pause_ms, pause_ms + GUESSES)):
            said = guesses.heard("InvalidAccountID", refused(), at_ms)
            told += bool(said and said.words)
        return told

    assert (words_after(QUIET_MS), words_after(QUIET_MS - GUESSES)) == (2, 1)


def test_twenty_in_exactly_ten_minutes_are_told_and_in_a_little_longer_not() -> None:
    for longer_ms, told in ((0, True), (1, False)):
        guesses = Guesses()
        for at_ms in (0, *range(1, GUESSES - 1)):
            guesses.heard("InvalidAccountID", refused(), at_ms)
        said = guesses.heard("InvalidAccountID", refused(), WINDOW_MS + longer_ms)
        assert bool(said and said.words) is told


def test_what_was_tried_is_shown_in_order_cut_short_and_without_signs() -> None:
    guesses, said = Guesses(), None
    for number in range(GUESSES):
        account = ("zz", "a\nb;c", "x" * 50, "o.k_-+@")[number % 4]
        said = guesses.heard("InvalidAccountID", refused(account=account), number)
    assert said is not None
    assert said.words.endswith(f"among others as a?b?c, o.k_-+@, {'x' * 32}, zz")


@pytest.mark.parametrize("missing", ["SessionID", "LocalAddress"])
def test_an_event_that_was_cut_short_came_from_an_unknown_address(missing: str) -> None:
    whole = refused()
    assert sender(whole) == "203.0.113.5"
    assert sender({key: value for key, value in whole.items() if key != missing}) == UNKNOWN


def test_whoever_tries_one_password_after_the_other_is_to_be_slowed() -> None:
    guesses = Guesses(OURS)
    said = [guesses.heard("ChallengeResponseFailed", refused(account="op101"), 10 * number) for number in range(200)]
    assert any(one is not None and one.hasty for one in said)


def test_a_phone_with_a_wrong_password_is_no_guesser() -> None:
    guesses = Guesses(OURS)
    assert not any(guesses.heard("ChallengeResponseFailed", refused(), at_ms) for at_ms in range(0, 86_400_000, 60_000))


@pytest.mark.parametrize("every_ms", [PHONE_TRIES_MS, 30_000])
def test_an_office_whose_passwords_have_changed_is_told_and_not_slowed(every_ms: int) -> None:
    """Fifty phones behind one address, each with a wrong password, and one of an operator who has left."""
    guesses, told = Guesses(OURS), 0
    for at_ms in range(0, 3_600_000, every_ms):
        for account in (*OURS[:50], "op999"):
            said = guesses.heard("ChallengeResponseFailed", refused(account=account), at_ms)
            assert said is None or not said.hasty
            told += said is not None
    assert told == 1


@given(st.lists(st.tuples(st.integers(PHONE_TRIES_MS, 60_000), st.sampled_from(OURS[:30])), max_size=400))
def test_phones_that_try_no_more_often_than_phones_do_are_never_slowed(tries: list[tuple[int, str]]) -> None:
    guesses, now_ms = Guesses(OURS), 0
    for after_ms, account in tries:
        now_ms += after_ms
        said = guesses.heard("InvalidPassword", refused(account=account), now_ms)
        assert said is None or not said.hasty


def test_each_address_counts_for_itself_and_their_number_is_bounded() -> None:
    guesses = Guesses()
    for number in range(5 * MOST_ADDRESSES):
        address = f"198.51.{number // 256}.{number % 256}"
        assert guesses.heard("FailedACL", refused(address), number) is None
    assert len(guesses._sources) == MOST_ADDRESSES


def test_other_events_are_nothing() -> None:
    guesses = Guesses()
    assert guesses.heard("Hangup", {}, 0) is None
    assert guesses.refused == 0


def test_a_strangers_text_is_shown_as_letters() -> None:
    guesses, words = Guesses(), ""
    for number in range(GUESSES):
        said = guesses.heard("InvalidAccountID", refused(account='x\r\nEvent: "y";$(z)'), number)
        words = said.words if said else words
    assert "x??Event???y????z?" in words


def test_a_network_of_ipv6_is_one_address() -> None:
    assert sender({**HERE, "RemoteAddress": "IPV6/TCP/2001:db8:1:2:aa::7/5060"}) == "2001:db8:1:2::/64"
    assert sender({**HERE, "RemoteAddress": "IPV6/UDP/2001:db8::7/5060"}) == "2001:db8::/64"
    assert sender({**HERE, "RemoteAddress": "IPV6/TLS/::ffff:192.0.2.1/5060"}) == "192.0.2.1"
    assert sender({**HERE, "RemoteAddress": "IPV4/UDP/192.0.2.1/5060"}) == "192.0.2.1"
    assert (address_of("[2001:db8::7]"), address_of("192.0.2.300"), address_of("")) == ("2001:db8::/64", "", "")
    assert WINDOW_MS < QUIET_MS


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {**HERE, "RemoteAddress": "nonsense"},
        {**HERE, "RemoteAddress": "///203.0.113.9/"},
        {**HERE, "RemoteAddress": "IPV4/UDP/203.0.113.9/5060\r\n"},
        {**HERE, "RemoteAddress": "IPV4/UDP/0.0.0.0/0/5060"},
        {"AccountID": "", "RemoteAddress": "IPV4/UDP/9.9.9.9/1"},  # the account ended the event
        {**HERE},  # the account named an address, too: twice is in no field
    ],
)
def test_an_address_that_the_account_may_have_brought_is_none(fields: dict[str, str]) -> None:
    assert sender(fields) == UNKNOWN
