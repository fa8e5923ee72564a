"""Operators at home: behind a router's address translation, and over TLS with encrypted voice, on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from home_phone import PRIVATE, HomePhone
from hotline import OPERATOR_HZ, Centre, open_centre
from mortal import until
from raw_sip import raw_caller

from bailanys.site.free_ports import own_place
from calls.journal import Fact
from phones import tones
from phones.registration import digest, register
from phones.sip_text import header
from recordings.vault.vault import Vault
from telephony.process import rx
from tests.unit.storage.own_authority import issued

pytestmark = pytest.mark.asyncio(loop_scope="module")

OUTSIDE = "203.0.113.5"
"""The address that the hotline's own router has, where its ports are forwarded."""
AT_HOME = json.dumps(
    [
        {"number": "101", "name": "Айгүл", "groups": ["state-services", "portal", "ict"]},
        {"number": "102", "name": "Нұрлан", "groups": ["state-services"], "internet": True},
    ]
)
HOME = "127.0.0.9"
"""Not among the local networks of this centre: a phone there is outside."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    made = issued(tmp_path_factory.mktemp("tls"))
    return made.certificate, made.key


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    tls_port = own_place(tmp_path_factory.mktemp("ports"))["BAILANYS_SIP__PORT"]
    pem, key = certificate
    async with open_centre(
        sip__tls_port=tls_port,
        sip__tls_certificate=pem,
        sip__tls_key=key,
        sip__local_networks='["127.0.0.1/32"]',
        sip__external_address=OUTSIDE,
        operators=AT_HOME,
    ) as made:
        yield made


async def test_phone_behind_a_router_is_rung_and_heard_though_its_own_address_leads_nowhere(centre: Centre) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as trial:
        trial.bind((HOME, 0))
        port = trial.getsockname()[1]
    password = centre.up.secrets.operators["101"]
    await register({"op101": password}, centre.port, port, address=HOME, believed=PRIVATE)
    loop = asyncio.get_running_loop()
    _, phone = await loop.create_datagram_endpoint(lambda: HomePhone(HOME), local_addr=(HOME, port))
    try:
        await centre.duty("101", ready=True)
        visit = await centre.visit()
        await visit.enters()
        async with asyncio.timeout(10):
            asked = await phone.invited
            await phone.talking.wait()
        assert f"c=IN IP4 {OUTSIDE}" in asked
        assert f"@{OUTSIDE}:" in (header(asked, "Contact") or "")
        await phone.talk("127.0.0.1")
        assert phone.heard > 50  # at the address that the voice came from, not at the one that the phone named
        await visit.fact(Fact.TALKING, operator="101")
        await visit.call.hang_up()
    finally:
        phone.close()
        await centre.asked("POST /operators/{number}/pause", "101", reason="off")


async def test_phone_over_tls_has_encrypted_voice_and_is_an_operator_like_any_other(centre: Centre) -> None:
    tls_port = centre.up.settings.sip.tls_port
    assert tls_port is not None
    password = centre.up.secrets.operators["102"]
    centre.operators["102"] = await centre.fleet.operator(
        "102", password, tls_port, tone_hz=OPERATOR_HZ["102"], secure=True
    )
    said = await centre.operators["102"].dial("*1", tls_port)  # a call of its own
    await said.ended()
    await centre.until_state("102", "ready")
    visit = await centre.visit()
    await visit.enters()
    talk = await centre.talk("102", visit)
    await talk.hang_up()
    await visit.fact(Fact.RATING_OFFERED, operator="102")
    await visit.call.hang_up()
    story = await visit.recorded()
    path = Vault(centre.up.places).recording(story.recordings[0].path)
    assert tones.hears(path, visit.hz, channel=0)
    assert tones.hears(path, OPERATOR_HZ["102"], channel=1)


async def test_phone_that_comes_by_the_plain_port_is_neither_rung_nor_let_through(centre: Centre) -> None:
    """Who listens on the way would read the keys of the voice."""
    if "102" in centre.operators:
        await centre.operators.pop("102").stop()
    password = centre.up.secrets.operators["102"]
    with socket.socket(type=socket.SOCK_DGRAM) as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    await register({"op102": password}, centre.port, port)
    loop = asyncio.get_running_loop()
    _, phone = await loop.create_datagram_endpoint(lambda: HomePhone("127.0.0.1"), local_addr=("127.0.0.1", port))
    try:
        await centre.asked("POST /operators/{number}/ready", "102")

        async def was_asked() -> bool:
            return "Unavail" in await rx(centre.up.asterisk, centre.up.places.asterisk_conf, "pjsip show contacts")

        await until(was_asked, 10)  # though it answers all
        assert (await centre.state("102"))[0] == "unreachable"
    finally:
        phone.close()
    async with raw_caller(centre.port) as line:
        for dialled in ("*1", "1414"):
            challenged = await line.invite(b"<sip:op102@127.0.0.1>", dialled=dialled, srtp=True)
            assert challenged.status == 401
            challenge = header(challenged.answer, "WWW-Authenticate") or ""
            uri = f"sip:{dialled}@127.0.0.1:{centre.port}"
            said = f"Authorization: {digest(challenge, 'INVITE', uri, 'op102', password)}".encode()
            call = await line.invite(b"<sip:op102@127.0.0.1>", said, dialled=dialled, srtp=True)
            assert call.status == 403
