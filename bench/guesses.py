"""What guesses at accounts cost Asterisk and the controller, unslowed and slowed; what every other request pays for it.

`guess_us`: the CPU time of both for one wrong password, while nobody is slowed. `refused_us`: for the same from an
address that is slowed, as the last of a thousand. `request_us_N`: for a request that is answered (a REGISTER without a
password) while so many addresses are slowed. Each is of so many requests, twenty on their way at a time.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import secrets
import socket
from collections.abc import Sequence
from ipaddress import ip_address

from bench.centre import Centre, MediaPorts, centre
from bench.cpu import used_s
from bench.figures import Run, Target
from bench.report import Tell, run
from dialplan import names
from dispatch.slowed_addresses import MOST_SLOWED, denied
from dispatch.slowing import LONGEST_TEXT
from telephony import commands
from telephony.ami import AmiLink
from telephony.ami_event import LinkItem, LinkUp

REQUESTS, RUNS = 4_000, 7
QUICK_REQUESTS, QUICK_RUNS = 1_500, 3
ON_THEIR_WAY = 20
ANSWER_S = 5.0
GUESSER, OTHER = "127.0.0.21", "127.0.0.22"
OVER = {"BAILANYS_SIP__SLOW_GUESSES_S": "0"}  # who is slowed is said by us

TARGETS = (Target("refused_over_guess", 0.5), Target("request_over_none", 1.75))

_TICKET = itertools.count(1)


async def measure(quick: bool, tell: Tell) -> Sequence[Run]:
    """Guess, have the guesser slowed, and guess again; with other requests in between."""
    requests, runs = (QUICK_REQUESTS, QUICK_RUNS) if quick else (REQUESTS, RUNS)
    inbox, found = asyncio.Queue[LinkItem](), list[Run]()
    async with centre(20, MediaPorts(), OVER) as stage:
        link = AmiLink("127.0.0.1", stage.up.settings.ports.ami, "bailanys", stage.up.secrets.ami, inbox)
        await link.start()
        async with asyncio.timeout(10):
            while not isinstance(await inbox.get(), LinkUp):
                pass
        drained = asyncio.create_task(_drain(inbox))
        await _us(stage, OTHER, requests, guesses=False)  # as warm as those after it
        for turn in range(1, runs + 1):
            tell(f"Run {turn} of {runs}: 5 × {requests} requests")
            await _slow(link, [])
            guess_us = await _us(stage, GUESSER, requests, guesses=True)
            figures = {"guess_us": guess_us}
            for number in (0, 1, MOST_SLOWED):
                await _slow(link, _others(number))
                figures[f"request_us_{number}"] = await _us(stage, OTHER, requests, guesses=False)
            await _slow(link, [*_others(MOST_SLOWED - 1), GUESSER])
            figures["refused_us"] = await _us(stage, GUESSER, requests, guesses=True, answer="403")
            figures["refused_over_guess"] = figures["refused_us"] / guess_us
            figures["request_over_none"] = figures[f"request_us_{MOST_SLOWED}"] / figures["request_us_0"]
            found.append(figures)
        drained.cancel()
        await link.close()
    return found


async def _drain(inbox: asyncio.Queue[LinkItem]) -> None:
    while True:
        await inbox.get()


def _others(number: int) -> list[str]:
    return [str(ip_address(0x0A000000 + at)) for at in range(number)]


async def _slow(link: AmiLink, addresses: Sequence[str]) -> None:
    """As `dispatch.slowing` says it."""
    for number, text in enumerate(denied(addresses, LONGEST_TEXT)):
        value = json.dumps({names.GUESSERS_MARK: "yes", "deny": text}, separators=(",", ":"))
        await link.send(commands.db_put(f"{names.GUESSERS_FAMILY}/acl", str(number), value))
    await link.send(commands.populate(names.GUESSERS_CACHE))
    if addresses:
        await link.send(commands.db_del_tree(names.GUESSERS_FAMILY))


async def _us(stage: Centre, address: str, requests: int, *, guesses: bool, answer: str = "401") -> float:
    """CPU time of Asterisk and the controller for one request from this address, each answered so."""
    controller = stage.up.supervisor.pid
    assert controller is not None
    pids = (stage.asterisk_pid(), controller)
    before_s = sum(map(used_s, pids))
    await asyncio.to_thread(_send, address, stage.up.settings.sip.port, requests, guesses, answer)
    await asyncio.sleep(0.5)  # what is still to be logged and counted
    return (sum(map(used_s, pids)) - before_s) / requests * 1e6


def _send(address: str, port: int, requests: int, guesses: bool, answer: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, 0))
        sock.settimeout(ANSWER_S)
        proof = _proof(sock, port) if guesses else ""
        messages = [_register(sock.getsockname(), port, proof) for _ in range(requests)]
        sent = answered = 0
        while answered < requests:
            while sent < requests and sent - answered < ON_THEIR_WAY:
                sock.sendto(messages[sent], ("127.0.0.1", port))
                sent += 1
            status = sock.recv(65535)[8:11].decode()
            assert status == answer, status
            answered += 1


def _proof(sock: socket.socket, port: int) -> str:
    """A wrong answer to the challenge that Asterisk gives this very address (good for half a minute), or to none."""
    sock.sendto(_register(sock.getsockname(), port, ""), ("127.0.0.1", port))
    asked = re.search(r"^WWW-Authenticate: Digest (.*)\r$", sock.recv(65535).decode(), re.MULTILINE)
    challenge = asked[1] if asked else f'realm="asterisk", nonce="{secrets.token_hex(24)}", algorithm=MD5'
    given = ", ".join(one.strip() for one in challenge.split(",") if not one.strip().startswith("qop"))
    wrong = f'username="op201", uri="sip:127.0.0.1:{port}", response="{secrets.token_hex(16)}"'
    return f'Authorization: Digest {given}, {wrong}, qop=auth, nc=00000001, cnonce="x"\r\n'


def _register(own: tuple[str, int], port: int, proof: str) -> bytes:
    ticket, server = f"{next(_TICKET):x}{secrets.token_hex(4)}", f"127.0.0.1:{port}"
    return (
        f"REGISTER sip:{server} SIP/2.0\r\nVia: SIP/2.0/UDP {own[0]}:{own[1]};branch=z9hG4bK{ticket};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:op201@127.0.0.1>;tag={ticket}\r\nTo: <sip:op201@127.0.0.1>\r\n"
        f"Call-ID: {ticket}\r\nCSeq: 1 REGISTER\r\nContact: <sip:op201@{own[0]}:{own[1]}>\r\n"
        f"{proof}Content-Length: 0\r\n\r\n"
    ).encode()


if __name__ == "__main__":
    run("guesses", "what guesses at accounts cost, unslowed and slowed, and what others pay", measure, TARGETS)
