import socket
from pathlib import Path

from config.load import load
from config.ports_free import ports_in_use
from config.settings import Settings
from config.source import read

SHIPPED = Path("config/hotline.toml")


def free_ports() -> tuple[int, int, int]:
    """Three ports that nobody has at the moment."""
    holders = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(3)]
    for holder in holders:
        holder.bind(("127.0.0.1", 0))
    sip, ami, agi = (holder.getsockname()[1] for holder in holders)
    for holder in holders:
        holder.close()
    return sip, ami, agi


def centre(sip: int, ami: int, agi: int, bind: str = "127.0.0.1") -> tuple[Settings, dict[str, str]]:
    env = {
        "BAILANYS_SIP__PORT": str(sip),
        "BAILANYS_SIP__BIND": bind,
        "BAILANYS_SIP__RTP_FIRST": "1024",
        "BAILANYS_SIP__RTP_LAST": "1100",
        "BAILANYS_PORTS__AMI": str(ami),
        "BAILANYS_PORTS__AGI": str(agi),
    }
    return load(SHIPPED, env), env


def test_free_ports_are_no_problem() -> None:
    settings, _ = centre(*free_ports())
    assert ports_in_use(settings) == []


def test_a_port_in_use_is_told_with_file_and_key() -> None:
    sip, ami, agi = free_ports()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", ami))
        taken.listen()
        settings, env = centre(sip, ami, agi)
        assert [str(problem) for problem in ports_in_use(settings)] == [
            f"ports.ami: port {ami} on 127.0.0.1 is in use by another program"
        ]
        (problem,) = ports_in_use(settings, read(SHIPPED, env))
        assert (problem.file, problem.key) == ("environment", "BAILANYS_PORTS__AMI")
        (problem,) = ports_in_use(settings, read(SHIPPED, {}))
        assert (problem.file, problem.key) == ("config/hotline.toml", "ports.ami")


def test_sip_over_udp_alone_is_enough_and_told_once() -> None:
    sip, ami, agi = free_ports()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket(socket.AF_INET) as tcp:
        udp.bind(("127.0.0.1", sip))
        settings, _ = centre(sip, ami, agi)
        assert [problem.key for problem in ports_in_use(settings)] == ["sip.port"]
        tcp.bind(("127.0.0.1", sip))
        tcp.listen()
        assert [problem.key for problem in ports_in_use(settings)] == ["sip.port"]


def test_an_address_of_another_machine() -> None:
    settings, _ = centre(*free_ports(), bind="192.0.2.1")
    (problem,) = ports_in_use(settings)
    assert str(problem) == "sip.bind: 192.0.2.1 is not an address of this machine"
