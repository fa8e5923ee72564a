"""Bad input from the wire: who may call, and caller IDs that want more than to be shown."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio
from hotline import Centre, open_centre
from journal_watch import Journal
from raw_sip import raw_caller

from calls.journal import Fact
from phones.call import CallEndedError
from phones.phone import PhoneError
from storage.record import CallRow

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre() as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder of a short name: Asterisk cuts a caller's number and name at 79 bytes."""
    with tempfile.TemporaryDirectory(prefix="") as folder:
        yield Path(folder)


async def test_call_from_an_unknown_address_is_refused_and_logged(centre: Centre) -> None:
    stranger = await centre.fleet.caller("77010000001", source_address="127.0.0.9")
    for number in ("1414", "88000807777", "61", "*1"):
        with pytest.raises(CallEndedError) as refused:
            await (await stranger.dial(number, centre.port)).answered()
        assert refused.value.status in (401, 403)
    for transport in ("UDP", "TCP"):
        for user in ("op101", "carrier", "101", "anonymous"):
            async with raw_caller(centre.port, transport, "127.0.0.9") as caller:
                call = await caller.invite(f"<sip:{user}@127.0.0.9>".encode())
            assert call.status in (401, 403), user
    assert not list(centre.journal.facts(fact=Fact.ARRIVED))
    log = _log(centre)
    assert "77010000001" in log
    assert "127.0.0.9" in log


async def test_operators_account_without_its_password_is_refused_and_logged(centre: Centre) -> None:
    async with raw_caller(centre.port) as caller:  # from the trunk's own address
        for number in ("1414", "*1", "61"):
            call = await caller.invite(b"<sip:op101@127.0.0.1>", dialled=number)
            assert call.status == 401
    with pytest.raises(PhoneError, match=r"401|403"):
        await centre.fleet.operator("101", "guessed", centre.port)
    assert not list(centre.journal.facts(fact=Fact.ARRIVED))
    assert not list(centre.journal.facts(fact=Fact.PRESENCE))
    async with asyncio.timeout(5):  # Asterisk writes its log from a thread of its own
        while "op101" not in _log(centre):
            await asyncio.sleep(0.05)


async def test_whoever_guesses_at_accounts_is_alarmed_by_address_once(centre: Centre) -> None:
    async with raw_caller(centre.port, "UDP", "127.0.0.11") as caller:
        for number in range(60):  # Asterisk tells of strangers from the sixth request on
            call = await caller.invite(b"<sip:%d@127.0.0.11>" % (100 + number))
            assert call.status in (401, 403)
    journal = Journal(centre.up.places.journals[1])

    def told() -> list[str]:
        alarms = [seen.fields for seen in journal.facts(fact=Fact.ALARM) if seen.fields["kind"] == "sip-guesses"]
        return [one["detail"] for one in alarms if one["detail"].startswith("127.0.0.11: ")]

    async with asyncio.timeout(5):
        while not told():
            await asyncio.sleep(0.05)
    assert len(told()) == 1


QUOTES = b'"An\\"na \\\\ \'`; \xd0\x90\xd0\xb9\xd0\xb3\xd2\xaf\xd0\xbb" <sip:77010000100@127.0.0.1>'


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
async def test_hostile_caller_ids_are_answered_kept_escaped_and_never_executed(
    centre: Centre, short_path: Path, transport: str
) -> None:
    canary = short_path / "canary"
    touch = f"touch {canary}"
    # An event of the manager interface, in 79 bytes, that would make a phone reachable which is not there.
    lines = "%0d%0a%0d%0aEvent: DeviceStateChange%0d%0aDevice: PJSIP/op106%0d%0aState: NOT_INUSE%0d%0a%0d%0a"
    # The same with a stamp such as Asterisk's own: the caller's other fields end it.
    stamped = "%0d%0a%0d%0aEvent:DeviceStateChange%0d%0aDevice:PJSIP/op106%0d%0aState:NOT_INUSE%0d%0aTimestamp:9"
    senders: dict[str, bytes] = {
        "quotes": QUOTES,
        "folded": b'"Anna"\r\n <sip:77010000101@127.0.0.1>',
        "dollar": f'"${{SHELL({touch})}}" <sip:77010000102@127.0.0.1>'.encode(),
        "dollar user": f"<sip:{quote(f'${{SHELL({touch})}}')}@127.0.0.1>".encode(),
        "backticks": f'"`{touch}` $({touch})" <sip:{quote(f"$({touch})")}@127.0.0.1>'.encode(),
        "commas": b'"a,b,c)Hangup()" <sip:1%2C2%2C3%29%26b%3Dc@127.0.0.1>',
        "lines in the user": f"<sip:{quote(lines, safe='%')}@127.0.0.1>".encode(),
        "stamped lines in the user": f"<sip:{quote(stamped, safe='%')}@127.0.0.1>".encode(),
        "lines in the name": f'"{lines}" <sip:77010000104@127.0.0.1>'.encode(),
        "a fact of ours": b'"x&operator=101&score=5" <sip:7701%26caller%3Dother%26dialled%3D112@127.0.0.1>',
        "no UTF-8": b'"\xff\xfe\xc3( \xed\xa0\x80" <sip:77010000105@127.0.0.1>',
        "no UTF-8 in the user": b"<sip:%ff%fe%c3(@127.0.0.1>",
        "nothing": b"<sip:127.0.0.1>",
        "empty name": b'"" <sip:77010000106@127.0.0.1>',
        "anonymous": b'"Anonymous" <sip:anonymous@anonymous.invalid>',
        "a zero": b"<sip:7701%00rest@127.0.0.1>",
        "a control": b'"\x01\x1b[2J\x7f" <sip:77010000107@127.0.0.1>',
        "expression": b'"$[1+1] ${CALLERID(num)} %{x}" <sip:%24%5B2%2A3%5D@127.0.0.1>',
        "long name": b'"' + b"A" * 10_000 + b'" <sip:77010000108@127.0.0.1>',
        "long user": b"<sip:" + b"7" * 10_000 + b"@127.0.0.1>",
        "long and escaped": b'"' + b"\xd2\xaf" * 5_000 + b'" <sip:77010000109@127.0.0.1>',
        "tel": b"<tel:+77010000110>",
    }
    kept: dict[str, CallRow] = {}
    async with raw_caller(centre.port, transport) as caller:
        for name, sender in senders.items():
            known = {seen.call for seen in centre.journal.facts(fact=Fact.STEP)}
            call_up = await caller.invite(sender)
            assert call_up.status == 200, (name, call_up.answer)
            arrived = await _newly_in_the_menu(centre, known, name)
            await call_up.hang_up()
            story = await centre.ledger_shows(arrived, lambda story: story.record.call.ended_ms is not None)
            kept[name] = story.record.call
    assert not canary.exists()
    assert {row.dialled for row in kept.values()} == {"1414"}
    assert (await centre.state("106"))[0] == "unreachable"
    assert kept["quotes"].caller_name_raw == "An\\\"na \\\\ '`; Айгүл"  # as it came, escapes and all
    assert kept["dollar"].caller_name_raw == f"${{SHELL({touch})}}"
    assert kept["dollar user"].caller_raw == f"${{SHELL({touch})}}"
    assert kept["commas"].caller_raw == "1,2,3)&b=c"
    assert kept["a fact of ours"].caller_raw == "7701&caller=other&dialled=112"
    assert kept["expression"].caller_raw == "$[2*3]"
    assert kept["expression"].caller_name_raw == "$[1+1] ${CALLERID(num)} %{x}"
    assert kept["anonymous"].caller_key == kept["nothing"].caller_key == "anonymous"
    assert (kept["long name"].caller_name_raw or "").startswith("AAAA")
    assert kept["long name"].caller_key == "+77010000108"
    assert (kept["long user"].caller_raw or "").startswith("7777")
    assert kept["lines in the user"].caller_raw == lines.replace("%0d", "\\r").replace("%0a", "\\n")
    assert kept["no UTF-8 in the user"].caller_raw == "\\xff\\xfe\\xc3("
    assert kept["a control"].caller_name_raw == "\\x01\\x1b[2J\\x7f"
    assert kept["tel"].caller_key == "+77010000110"
    for row in kept.values():
        for text in (row.caller_raw, row.caller_name_raw):
            assert text is None or text.isprintable()
    await _still_in_order(centre)


async def test_number_of_the_network_wins_over_the_phones_own(centre: Centre) -> None:
    """The carrier asserts who calls; what asserts it may be as hostile as any other header."""
    async with raw_caller(centre.port) as caller:
        for asserted, raw in (
            (b"<sip:+77017654321@carrier.example>", "+77017654321"),
            (b'"${SHELL(id)}" <sip:%22%3B%0d%0aX@carrier.example>', None),
        ):
            known = {seen.call for seen in centre.journal.facts(fact=Fact.STEP)}
            call = await caller.invite(b"<sip:77010000200@127.0.0.1>", b"P-Asserted-Identity: " + asserted)
            assert call.status == 200
            arrived = await _newly_in_the_menu(centre, known, "asserted")
            await call.hang_up()
            story = await centre.ledger_shows(arrived, lambda story: story.record.call.ended_ms is not None)
            assert raw in (None, story.record.call.caller_raw)


async def test_every_header_that_tells_who_calls_is_kept_and_none_is_executed(centre: Centre, short_path: Path) -> None:
    """ADR 27: one is the caller's key, the others find the call as well; a long name hides no number."""
    canary = short_path / "canary"
    hostile = f'"):0:3 ${{SHELL(touch {canary})}} ,;&source=from $[1/0] <sip:+79990000000@x>"'.encode()
    long = b'"' + b"\xd2\xaf" * 900 + b'"'
    pai, rpid, way = b"P-Asserted-Identity: ", b"Remote-Party-ID: ", (b"P-Preferred-Identity: ", b"Diversion: ")
    senders: dict[str, tuple[bytes, ...]] = {
        "name, then number": (
            b"<sip:aigul@ministry.example>",
            pai + b'"A" <sip:aigul@ministry.example>, <tel:+77015550213>',
        ),
        "withheld by the network": (
            b"<sip:+77015550216@127.0.0.1>",
            pai + b"<sip:anonymous@anonymous.invalid>",
        ),
        "fields behind the number": (
            b"<sip:+77015550208;tgrp=kt01;trunk-context=telecom.example@127.0.0.1;user=phone>",
        ),
        "all of them": (
            hostile + b" <sip:+77015550301@127.0.0.1>",
            pai + hostile + b" <sip:+77172501234@kt.kz>",
            pai + b"<tel:+77015550302>",
            rpid + hostile + b" <sip:+77015550303@x>;party=calling;screen=yes",
            way[0] + b"<sip:+77015550304@x>",
            way[1] + b"<sip:+77015550305@x>;reason=unconditional",
            way[1] + b"<sip:+77015550306@x>",
            b"History-Info: <sip:+77015550307@x>;index=1, <sip:1414@x>;index=1.1",
        ),
        "long": tuple(
            header + long + f" <sip:+7701555040{at}@x>".encode()
            for at, header in enumerate((b"", pai, pai, rpid, *way, way[1], b"History-Info: "))
        ),
    }
    kept: dict[str, tuple[str | None, dict[str, str]]] = {}
    async with raw_caller(centre.port) as caller:
        for name, (sender, *more) in senders.items():
            known = {seen.call for seen in centre.journal.facts(fact=Fact.STEP)}
            call_up = await caller.invite(sender, *more)
            assert call_up.status == 200, (name, call_up.answer)
            arrived = await _newly_in_the_menu(centre, known, name)
            await call_up.hang_up()
            record = (await centre.ledger_shows(arrived, lambda story: story.record.call.ended_ms is not None)).record
            kept[name] = record.call.caller_key, {row.key: row.source for row in record.identities.values()}
    assert not canary.exists()
    assert kept["name, then number"] == ("+77015550213", {"sip:aigul": "asserted"})
    assert kept["withheld by the network"] == ("+77015550216", {})
    assert kept["fields behind the number"] == ("+77015550208", {})
    assert kept["all of them"] == (
        "+77172501234",
        {
            "+77015550301": "from",
            "+77015550302": "asserted",
            "+77015550303": "remote-party",
            "+77015550304": "preferred",
            "+77015550305": "diversion",
            "+77015550306": "diversion",
            "+77015550307": "history",
        },
    )
    sure, others = kept["long"]
    assert {sure, *others} == {f"+7701555040{at}" for at in range(8)}
    assert sure == "+77015550401"  # the network's, however long the name before it
    said = [line for line in _log(centre).splitlines() if "ERROR" in line or "WARNING" in line]
    assert not [line for line in said if "header" in line.casefold() or "PJSIP_HEADER" in line], said[:3]


async def test_an_operators_phone_is_who_its_account_says(centre: Centre) -> None:
    """Whatever its headers assert: nobody's network stands behind them."""
    known = {seen.call for seen in centre.journal.facts(fact=Fact.STEP)}
    password = centre.up.secrets.operators["102"]
    async with raw_caller(centre.port) as caller:
        asserted = b"P-Asserted-Identity: <tel:+77015550213>"
        call = await caller.invite(b"<sip:op102@127.0.0.1>", asserted, password=password)
        assert call.status == 200
        arrived = await _newly_in_the_menu(centre, known, "an operator")
        await call.hang_up()
    record = (await centre.ledger_shows(arrived, lambda story: story.record.call.ended_ms is not None)).record
    assert (record.call.caller_key, record.identities) == ("short:102", {})


async def test_hostile_caller_is_offered_and_talks_like_anybody(centre: Centre) -> None:
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    name = "><${CHANNEL} $(id) ;,|&"
    visit = await centre.visit("7701&a=b", display=name)
    await visit.enters()
    talk = await centre.talk("101", visit)
    assert talk.caller_name == name
    await talk.hang_up()
    await visit.call.hang_up()
    assert (await visit.recorded()).record.call.caller_raw == "7701&a=b"


async def test_who_cancels_at_once_takes_nobodys_phone_away_by_line_breaks_in_the_number(centre: Centre) -> None:
    """Before the dialplan has looked at the number, Asterisk puts it into `Hangup` as it came."""
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    forged = "\r\n\r\nEvent: DeviceStateChange\r\nTimestamp: 9\r\nDevice: PJSIP/op101\r\n\r\n"
    assert len(forged) <= 79
    sender, statuses = f"<sip:{quote(forged, safe='')}@127.0.0.1>".encode(), set()
    async with raw_caller(centre.port) as caller:
        for number in range(20):
            statuses.add(await caller.cancelled(sender, after_s=number % 4 / 1000))
            assert (await centre.state("101"))[0] == "ready"
    assert 487 in statuses
    await _still_in_order(centre)


async def test_junk_on_the_port_changes_nothing(centre: Centre) -> None:
    for transport in ("UDP", "TCP"):
        for junk in (
            b"\x00" * 2000,
            b"\xff" * 60_000,
            b"INVITE sip:1414 SIP/2.0\r\n\r\n",
            b"INVITE sip:1414@127.0.0.1 SIP/2.0\r\nContent-Length: 99999999\r\n\r\n",
            # Broken for SIP itself: a line break in a quoted name, a byte that is no letter in a user.
            _invite(b'"a\nb" <sip:7701@127.0.0.1>'),
            _invite(b'"Anna\r\n Event: UserEvent" <sip:7701@127.0.0.1>'),
            _invite(b"<sip:77\xff\xfe@127.0.0.1>"),
            b"GET / HTTP/1.0\r\n\r\n",
            b"BYE sip:1414@127.0.0.1 SIP/2.0\r\nVia: \r\nFrom: \r\nTo: \r\nCall-ID: \r\nCSeq: x BYE\r\n\r\n",
        ):
            async with raw_caller(centre.port, transport) as caller:
                await caller.put(junk)
    await _still_in_order(centre)


async def _newly_in_the_menu(centre: Centre, known: set[str], name: str) -> str:
    """The call id of the caller who is being asked now: the controller's menu has taken the call."""
    async with asyncio.timeout(5):
        while True:
            fresh = [seen.call for seen in centre.journal.facts(fact=Fact.STEP) if seen.call not in known]
            if fresh:
                return fresh[0]
            await asyncio.sleep(0.02)
    raise AssertionError(name)


async def _still_in_order(centre: Centre) -> None:
    pid = centre.up.keeper.pid
    visit = await centre.visit()
    await visit.enters("portal")
    await visit.call.hang_up()
    assert (await visit.story()).record.call.group_first == "portal"
    assert centre.up.keeper.pid == pid
    assert centre.up.supervisor.restarts == 0


def _invite(sender: bytes) -> bytes:
    return (
        b"INVITE sip:1414@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKj\r\nFrom: "
        + sender
        + b";tag=1\r\nTo: <sip:1414@127.0.0.1>\r\nCall-ID: junk\r\nCSeq: 1 INVITE\r\nContact: <sip:j@127.0.0.1:9>\r\n"
        + b"Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )


def _log(centre: Centre) -> str:
    return (centre.up.places.log / "messages.log").read_text(errors="replace")
