"""Processes beside each other never choose the same port."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from bailanys.site.free_ports import own_place
from phones.own_ports import OwnPorts, own_ports

ROOT = Path(__file__).resolve().parents[3]
TELL = "from phones.own_ports import own_ports; print(own_ports().number, flush=True); input()"


def another() -> tuple[subprocess.Popen[str], int]:
    """Another process, and its number."""
    process = subprocess.Popen(
        [sys.executable, "-c", TELL], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_processes_have_numbers_of_their_own_and_the_dead_give_theirs_back() -> None:
    beside = [another() for _ in range(3)]
    try:
        assert len({own_ports().number, *(number for _, number in beside)}) == 4
        dead, freed = beside.pop()
        dead.send_signal(signal.SIGKILL)
        dead.communicate()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as lease:
            lease.bind(f"\0bailanys-ports-{freed}")
    finally:
        for process, _ in beside:
            process.communicate("\n")


def test_hotlines_of_one_process_share_no_port(tmp_path: Path) -> None:
    ports = [int(own_place(tmp_path)[name]) for _ in range(5) for name in own_place(tmp_path) if name.endswith("PORT")]
    assert len(set(ports)) == len(ports) == 10


def test_ranges_of_two_numbers_have_no_port_in_common() -> None:
    first, second = ({*many.asterisk, *(many.voice() for _ in range(15))} for many in map(numbered, (3, 4)))
    assert not first & second


def test_a_port_in_use_is_passed_over() -> None:
    free = numbered(own_ports().number).server()
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", free))
        assert numbered(own_ports().number).server() > free


def test_where_all_are_in_use_it_is_told() -> None:
    ports = numbered(own_ports().number)
    with ExitStack() as held:
        for port in range(first := 20_000 + 100 * ports.number, first + 100):
            with suppress(OSError):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
        with pytest.raises(OSError, match=r"no port of 127\.0\.0\.1 is free"):
            ports.server()


def numbered(number: int) -> OwnPorts:
    return OwnPorts(number, None)
