"""Who guesses at SIP accounts is told of, by address, and not every packet."""

from __future__ import annotations

from dispatch.sip_guesses import GUESSES, MOST_ADDRESSES, QUIET_MS, WINDOW_MS, Guesses, address_of


def refused(address: str = "203.0.113.5", account: str = "admin") -> dict[str, str]:
    return {"RemoteAddress": f"IPV4/UDP/{address}/5062", "AccountID": account}


def test_a_scanner_is_told_once_an_hour() -> None:
    guesses = Guesses()
    told = [
        said
        for number in range(10_000)
        if (said := guesses.heard("InvalidAccountID", refused(account=f"{100 + number}"), number)) is not None
    ]
    assert told == [f"203.0.113.5: {GUESSES} requests refused, among others as 100, 101, 102, 103, 104"]
    assert guesses.refused == 10_000
    again = guesses.heard("ChallengeResponseFailed", refused(), QUIET_MS + 10_000)
    assert again is None  # alone in its window
    for number in range(GUESSES):
        again = guesses.heard("ChallengeResponseFailed", refused(), QUIET_MS + 10_000 + number) or again
    assert again is not None
    assert again.startswith("203.0.113.5: 1")


def test_a_phone_with_a_wrong_password_is_no_guesser() -> None:
    guesses = Guesses()
    assert not any(guesses.heard("ChallengeResponseFailed", refused(), at_ms) for at_ms in range(0, 86_400_000, 60_000))


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
    guesses, said = Guesses(), None
    for number in range(GUESSES):
        said = guesses.heard("InvalidAccountID", refused(account='x\r\nEvent: "y";$(z)'), number) or said
    assert said is not None
    assert "x??Event???y????z?" in said


def test_a_network_of_ipv6_is_one_address() -> None:
    assert address_of("IPV6/TCP/2001:db8:1:2:aa::7/5060") == "2001:db8:1:2::/64"
    assert address_of("IPV4/UDP/192.0.2.1/5060") == "192.0.2.1"
    assert address_of("nonsense") == "an unknown address"
    assert WINDOW_MS < QUIET_MS
