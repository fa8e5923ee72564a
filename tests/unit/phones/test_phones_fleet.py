from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from phones import manners, sip_text
from phones.fleet import Fleet
from phones.phone import Phone, PhoneError

ROOT = Path(__file__).resolve().parents[3]


async def pair(fleet: Fleet) -> tuple[Phone, Phone, int]:
    """A caller and a phone that is called directly, with no exchange between them."""
    operator = await fleet.operator("101", "", 9, register=False, tone_hz=1000)
    caller = await fleet.caller("77011234567", display='Әлия "A"', tone_hz=440)
    return operator, caller, int(operator.address.rpartition(":")[2])


async def test_two_phones_hear_each_other_and_press_keys(tmp_path: Path) -> None:
    async with Fleet(folder=tmp_path, log=True) as fleet:
        operator, caller, port = await pair(fleet)
        call = await caller.dial("op101", port)
        offer = await operator.rung()
        assert (offer.caller_number, offer.caller_name) == ("77011234567", 'Әлия "A"')
        await call.answered()
        await call.until_hears(1000)
        await offer.until_hears(440)
        await call.press("1#")
        await offer.until_keys("1#")
        await call.hang_up()
        assert await offer.ended() == 200
    assert call.hears(1000, share=0.8)
    assert not call.hears(440)
    assert (tmp_path / "01/sip.log").stat().st_size > 0
    assert call.heard().is_relative_to(tmp_path)


async def test_phone_behaves_as_told(tmp_path: Path) -> None:
    async with Fleet(folder=tmp_path) as fleet:
        operator, caller, port = await pair(fleet)
        for manner, status in (
            (manners.Refuse(603), 603),
            (manners.Refuse(486, after_s=0.1), 486),
            (manners.Redirect("sip:nobody@127.0.0.1:9"), 302),
            (manners.Answer(after_s=0.1, talk_s=0.1), 200),
        ):
            await operator.behave(manner)
            await caller.dial("op101", port)
            assert await (await operator.rung()).ended() == status
        await operator.behave(manners.Ring())
        call = await caller.dial("op101", port)
        await call.ringing()
        with pytest.raises(TimeoutError):
            await call.answered(timeout_s=0.2)
        await (await operator.rung()).refuse(480)
        assert await call.ended() == 480
        with pytest.raises(PhoneError, match="over"):
            await call.press("1")


async def test_phone_that_dies_ends_its_calls_for_the_test_only(tmp_path: Path) -> None:
    async with Fleet(folder=tmp_path) as fleet:
        operator, caller, port = await pair(fleet)
        call = await caller.dial("op101", port)
        await call.answered()
        offer = await operator.rung()
        await operator.die()
        assert (offer.over, offer.status) == (True, 0)
        assert not call.over
        with pytest.raises(PhoneError, match="dead"):
            await operator.rung()
        with pytest.raises(PhoneError, match="dead"):
            await operator.behave(manners.Ring())


async def test_phone_ends_when_its_parent_is_killed() -> None:
    program = (
        "import asyncio\nfrom phones.fleet import Fleet\n"
        "async def main():\n"
        "    async with Fleet() as fleet:\n"
        "        print((await fleet.caller()).pid, flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=ROOT, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}
    )
    assert parent.stdout is not None
    handle = os.pidfd_open(int(await parent.stdout.readline()))
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(handle, gone.set)
    try:
        parent.send_signal(signal.SIGKILL)
        await parent.communicate()
        await asyncio.wait_for(gone.wait(), 5)
    finally:
        loop.remove_reader(handle)
        os.close(handle)


@pytest.mark.parametrize(
    "manner",
    [manners.Answer(1.5, 3), manners.Ring(), manners.Refuse(603, 2), manners.Redirect("sip:1@127.0.0.1")],
)
def test_manner_travels_as_json(manner: manners.Manner) -> None:
    assert manners.read(json.loads(json.dumps(manners.written(manner)))) == manner


def test_addresses_are_read_and_written() -> None:
    message = 'INVITE sip:1 SIP/2.0\r\nf: "A \\"B\\"" <sip:7701@192.0.2.1;x=1>;tag=9\r\n\r\nFrom: body'
    found = sip_text.header(message, "From") or ""
    assert (sip_text.display_name(found), sip_text.uri_user(found)) == ('A "B"', "7701")
    assert sip_text.display_name("<sip:1@x>") == ""
    assert sip_text.uri_user("<sip:192.0.2.1>") == ""
    assert sip_text.header(message, "Subject") is None
    assert sip_text.name_addr('A "B"', "*1#", "h") == '"A \\"B\\"" <sip:*1%23@h>'
