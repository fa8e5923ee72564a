import socket
from pathlib import Path

import pytest

from config.load import load
from config.ports_free import ports_in_use
from config.problems import ConfigError

SHIPPED = Path("config/hotline.toml")


def wrong(**api: str) -> list[str]:
    """What is said of these settings of the API."""
    env = {f"BAILANYS_API__{key.upper()}": value for key, value in api.items()}
    with pytest.raises(ConfigError) as told:
        load(SHIPPED, env)
    return [f"{problem.key}: {problem.message}" for problem in told.value.problems]


def test_the_api_is_on_loopback_unless_told_otherwise() -> None:
    api = load(SHIPPED, {}).api
    assert (api.enabled, api.bind) == (True, "127.0.0.1")


def test_its_port_is_its_own_and_its_address_an_address() -> None:
    assert wrong(port="5038") == ["BAILANYS_API__PORT: port 5038 is ports.ami already"]
    assert wrong(bind="localhost") == ['BAILANYS_API__BIND: must be an IPv4 address such as 127.0.0.1, not "localhost"']


def test_a_port_in_use_is_told_unless_the_api_is_off() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        env = {"BAILANYS_API__PORT": str(taken.getsockname()[1])}
        assert "api.port" in [problem.key for problem in ports_in_use(load(SHIPPED, env))]
        off = load(SHIPPED, {**env, "BAILANYS_API__ENABLED": "false"})
        assert "api.port" not in [problem.key for problem in ports_in_use(off)]
