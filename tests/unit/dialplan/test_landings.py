"""A dialplan in which a move could be lost, or hang a caller up, is not taken (ADR 15)."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import load
from dialplan.landings import unsafe_moves
from dialplan.render import MODULES, Site, render
from dialplan.verify import DIALPLAN, DialplanError, verify

SETTINGS = load(Path("config/hotline.toml"), {"BAILANYS_CALLBACK__OUTBOUND": "198.51.100.7"})
HERE = Path("/nowhere")
SITE = Site(
    asterisk=(22, 10, 1), available=frozenset(MODULES), etc=HERE, modules=HERE, lib=HERE, data=HERE, spool=HERE,
    run=HERE, log=HERE, music=HERE, tls_certificate=HERE, tls_key=HERE, ami_secret="secret",
    passwords={operator.number: "secret" for operator in SETTINGS.operators},
)  # fmt: skip


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return render(SETTINGS, SITE)


@pytest.fixture(scope="module")
def dialplan(files: dict[str, str]) -> str:
    return "".join(files[name] for name in DIALPLAN)


def test_ours_is_safe(dialplan: str) -> None:
    assert list(unsafe_moves(dialplan)) == []


@pytest.mark.parametrize(
    ("safe", "unsafe", "said"),
    [
        ("[net]\nexten => s,1,NoOp()\n", "[net]\nexten => s,1,Set(A=1)\n", "[net] s: the first two"),
        ("Goto(rating,s,in)", "Goto(rating,s,1)", "goes to the first step of [rating]"),
        ("?callback-ask,s,in)", "?callback-ask,s,1)", "goes to the first step of [callback-ask]"),
        ("StartMusicOnHold(hold)\n", "Gosub(music,s,1)\n", "[waiting] s: must tell"),
        ("UserEvent(BailanysWaiting", "UserEvent(Another", "[waiting] s: must tell"),
    ],
)
def test_what_could_lose_a_caller_is_named(dialplan: str, safe: str, unsafe: str, said: str) -> None:
    assert safe in dialplan
    assert said in next(unsafe_moves(dialplan.replace(safe, unsafe)))


def test_it_is_not_installed(files: dict[str, str]) -> None:
    verify(files, SETTINGS)
    broken = files["extensions.conf"].replace("Goto(rating,s,in)", "Goto(rating,s,1)")
    with pytest.raises(DialplanError, match=r"first step of \[rating\]"):
        verify({**files, "extensions.conf": broken}, SETTINGS)
