"""What the wire sends is text: hostile user parts, in every place of SIP and to every context of the rendered dialplan.

The contexts are read from the files that Asterisk has, so that a new one is tried by itself.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio
from hotline import OPERATOR_HZ, Centre, Visit, open_centre
from raw_sip import raw_caller

from calls.journal import Fact
from dialplan import names
from dialplan.verify import DIALPLAN
from phones.call import Call

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGNS = "@/,$[]{}()\"'&|#%\\`<>?!=~^:"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_hotline() -> AsyncIterator[Centre]:
    async with open_centre(callback__outbound="127.0.0.1:9") as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(open_hotline: Centre) -> AsyncIterator[Centre]:
    yield open_hotline
    await open_hotline.closed_down()


@pytest.fixture
def canary() -> Iterator[Path]:
    """A file that an executed command would make; its name is short, since Asterisk cuts a user part at 79 bytes."""
    with tempfile.TemporaryDirectory(prefix="") as folder:
        Path(folder).chmod(0o777)  # whoever Asterisk runs as must be able to
        yield Path(folder) / "c"


def hostile(canary: Path) -> tuple[str, ...]:
    """User parts that lead nowhere, and would lead far if any of them were more than text."""
    return (
        *(f"61{sign}" for sign in SIGNS),
        *(f"{sign}61" for sign in "@/,$"),
        "99;61",
        "61\nforged",
        "6" * 79,
        "61" + "A" * 77,
        "алпыс бір",
        "٦١",
        "６１",
        f"${{SHELL(touch {canary})}}",
        f"$(touch {canary})",
        f"`touch {canary}`",
        f'";touch {canary};#',
        f"61,FILTER$[&touch {canary} #](Q",
        "${EXTEN}",
        "$[1+1]",
        "103@connect",
        "103@connect:1/_X!",
        "61@transfer-to",
        "s,1)&Hangup(",
        "_X!",
        "_XX",
        "../../c",
    )


async def test_refer_to_hostile_text_is_answered_404_and_the_talk_goes_on(centre: Centre, canary: Path) -> None:
    visit, talk = await _talk(centre)
    escapes = [
        form.format(context=context, id=visit.id, canary=canary)
        for context in _contexts(centre)
        for form in (
            "103@{context}/_X!",
            "s@{context}/_.",
            "{id},FILTER$[&touch {canary} #](Q@{context}/_.",
        )
    ]
    for user in (*escapes, *hostile(canary)):
        status = await talk.refer(f"sip:{quote(user, safe='')}@127.0.0.1:{centre.port}", timeout_s=5)
        assert status == 404, user
    await _unmoved(centre, visit, talk, canary)


async def test_refer_that_replaces_what_is_not_there_is_answered_404_and_the_talk_goes_on(
    centre: Centre, canary: Path
) -> None:
    visit, talk = await _talk(centre)
    for text in hostile(canary):
        for replaces in (f"{text};to-tag=a;from-tag=b", f"a;to-tag={text};from-tag=b", text):
            uri = f"sip:62@127.0.0.1:{centre.port}?Replaces={quote(replaces, safe='')}"
            assert await talk.refer(f"<{uri}>", timeout_s=5) in (400, 404), replaces
    await _unmoved(centre, visit, talk, canary)


async def test_dialled_numbers_of_a_trunk_and_of_an_operator_are_numbers(centre: Centre, canary: Path) -> None:
    visit, talk = await _talk(centre)
    tried = [*hostile(canary), *(f"103@{context}/_X!" for context in _contexts(centre))]
    password = centre.up.secrets.operators["102"]
    async with raw_caller(centre.port) as phone:
        for user in (*tried, "61", "*1", "7103", "101"):
            call = await phone.invite(b"<sip:77010000001@127.0.0.1>", dialled=quote(user, safe="*"))
            assert call.status == 404, (user, call.answer)
        for user in (*tried, "101", "*9", "*8"):
            call = await phone.invite(b"<sip:op102@127.0.0.1>", dialled=quote(user, safe="*"), password=password)
            assert call.status == 404, (user, call.answer)
    await _unmoved(centre, visit, talk, canary)


async def test_hostile_headers_of_a_call_are_no_more_than_text(centre: Centre, canary: Path) -> None:
    visit, talk = await _talk(centre)
    arrived = len(list(centre.journal.facts(fact=Fact.ARRIVED)))
    async with raw_caller(centre.port) as trunk:
        for text in hostile(canary):
            user, name = quote(text, safe="").encode(), text.replace("\\", "").replace('"', "").replace("\n", " ")
            shown = f'"{name}" <sip:'.encode() + user + b"@127.0.0.1>"
            call = await trunk.invite(
                shown,
                b"P-Asserted-Identity: " + shown,
                b"Remote-Party-ID: " + shown + b";party=calling",
                b"Diversion: " + shown + b";reason=unconditional",
                b"History-Info: <sip:" + user + b"@127.0.0.1>;index=1",
                b"Referred-By: <sip:" + user + b"@127.0.0.1>",
                b"Join: " + user + b";to-tag=a;from-tag=b",
                b"Subject: " + name.encode(),
                b"X-Bailanys: " + name.encode(),
            )
            assert call.status == 200, (text, call.answer)
            for key in (text.replace("\n", " "), "${SHELL(touch c)}", "1&operator=101"):
                keys = f"Signal={key}\r\nDuration=100\r\n".encode()
                await call.send("INFO", b"Content-Type: application/dtmf-relay", body=keys)
            await call.hang_up()
    async with asyncio.timeout(5):
        while len(list(centre.journal.facts(fact=Fact.ARRIVED))) < arrived + len(hostile(canary)):
            await asyncio.sleep(0.05)
    await _unmoved(centre, visit, talk, canary)


async def test_a_colon_after_a_bracket_does_not_cut_who_calls(centre: Centre) -> None:
    """Asterisk would take `):0:3` of a caller for an offset and a length of its own function."""
    async with raw_caller(centre.port) as trunk:
        call = await trunk.invite(b'"Anna):0:1" <sip:77010000001%29%3a0%3a3@127.0.0.1>')
        assert call.status == 200
        await call.hang_up()
    arrived = list(centre.journal.facts(fact=Fact.ARRIVED))[-1].fields
    assert (arrived["caller"], arrived["name"]) == ("77010000001):0:3", "Anna):0:1")


async def test_no_context_takes_hostile_text_for_an_extension_or_runs_a_callers_name(
    centre: Centre, canary: Path
) -> None:
    """Past all doors: a channel is put into each context by hand, with such an extension or such a caller ID."""
    visit, talk = await _talk(centre)
    texts = [text for text in hostile(canary) if text.isprintable()]
    arrived = len(list(centre.journal.facts(fact=Fact.ARRIVED)))
    async with _manager(centre) as manager:
        for context in _contexts(centre):
            for text in (*texts, f"103@{context}/_X!", "_.", "_[a-z]."):
                answer = await manager.put(context, text, "77010000001")
                assert "Extension does not exist" in answer, (context, text, answer)
            for text in texts[-15:]:
                await manager.put(context, "s", f'"{text}" <{text}>')
            await asyncio.sleep(0.05)  # they run; nobody tells when they have
            await manager.clear()
    assert len(list(centre.journal.facts(fact=Fact.ARRIVED))) >= arrived + 15  # [hotline] was among them
    await _unmoved(centre, visit, talk, canary)


async def test_asterisk_has_no_rights_of_roots(centre: Centre) -> None:
    """Whatever it is led to do, it is not root, and cannot become it."""
    status, environment = _process(centre.up.keeper.pid)
    ids = {name: re.findall(r"\d+", line) for name, line in re.findall(r"^(\w+):(.*)", status, re.MULTILINE)}
    assert "0" not in ids["Uid"] + ids["Gid"] + ids["Groups"]
    assert re.search(r"^CapEff:\s0+$", status, re.MULTILINE)
    owner = int(ids["Uid"][0])
    assert os.geteuid() != 0 or b"HOME=/\0" in environment  # nothing of root's is in it
    assert (centre.up.places.log / "messages.log").stat().st_uid == owner


def _process(pid: int) -> tuple[str, bytes]:
    place = Path("/proc") / str(pid)
    return (place / "status").read_text(), (place / "environ").read_bytes()


@dataclass
class Manager:
    """The manager interface, past the checks of `telephony.commands`."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, *lines: str) -> str:
        """Send an action and return its response."""
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        while not (answer := (await self.reader.readuntil(b"\r\n\r\n")).decode()).startswith("Response:"):
            pass
        return answer

    async def put(self, context: str, exten: str, caller: str) -> str:
        """Put a channel at an extension of a context, if there is one; returns what Asterisk says to it."""
        return await self.ask(
            *("Action: Originate", "Channel: Local/s@callback-leg/n", f"Context: {context}", f"Exten: {exten}"),
            *("Priority: 1", "Timeout: 2000", "Async: true", f"CallerID: {caller}"),
        )

    async def clear(self) -> None:
        """Hang up what was put."""
        await self.ask("Action: Hangup", "Channel: /^Local\\/s@callback-leg/")


@asynccontextmanager
async def _manager(centre: Centre) -> AsyncIterator[Manager]:
    secret = re.search(r"secret = (\S+)", (centre.up.places.etc / "manager.conf").read_text())
    assert secret is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", centre.up.settings.ports.ami)
    try:
        await reader.readline()
        manager = Manager(reader, writer)
        welcome = await manager.ask("Action: Login", "Username: bailanys", f"Secret: {secret[1]}", "Events: off")
        assert "Success" in welcome
        yield manager
    finally:
        writer.close()
        await writer.wait_closed()


def _contexts(centre: Centre) -> list[str]:
    """Every context of the dialplan as Asterisk has it."""
    text = "".join((centre.up.places.etc / name).read_text() for name in DIALPLAN)
    found = re.findall(r"^\[([^\]]+)\]", text, re.MULTILINE)
    assert {names.TRANSFER, names.CONNECT, names.CALLBACK} <= set(found)
    return [name for name in dict.fromkeys(found) if name != "general"]


async def _talk(centre: Centre) -> tuple[Visit, Call]:
    """101 talks with a caller; 102 and 103 are there and not ready: nothing may ring them."""
    for operator in ("102", "103"):
        await centre.phone_of(operator)
    await centre.phone_of("101")
    await centre.duty("101", ready=True)
    visit = await centre.visit()
    await visit.enters()
    return visit, await centre.talk("101", visit)


async def _unmoved(centre: Centre, visit: Visit, talk: Call, canary: Path) -> None:
    """Nothing was run, nobody was rung, the talk goes on and the hotline takes calls."""
    assert not await asyncio.to_thread(canary.exists)
    for operator in ("102", "103"):
        assert [call for call in centre.operators[operator].calls if call.caller_number] == []
    await asyncio.gather(talk.until_hears(visit.hz, for_s=0.25), visit.call.until_hears(OPERATOR_HZ["101"], for_s=0.25))
    assert [seen.fields["operator"] for seen in visit.facts(Fact.OFFERED)] == ["101"]
    assert visit.facts(Fact.TRANSFERRED) == visit.facts(Fact.TALK_ENDED) == []
    assert (await centre.state("101"))[0] == "talking"
    assert centre.up.supervisor.restarts == 0
    other = await centre.visit()
    await other.enters("portal")
    await other.call.hang_up()
