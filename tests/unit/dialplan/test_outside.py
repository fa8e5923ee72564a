"""A dialplan in which what a phone or a carrier sends could be more than text is not taken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.load import load
from dialplan.dialled import dialled_by_operators, operator_patterns
from dialplan.outside import DEADLY_MODULES, unsafe_server, unsafe_text
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


def test_ours_is_safe(files: dict[str, str]) -> None:
    assert list(unsafe_text("".join(files[name] for name in DIALPLAN))) == []
    assert list(unsafe_server(files)) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("lswitch => Loopback/${EXTEN}@transfer-to", "a switch may lead to a context of ours alone"),
        ("lswitch => Loopback/@${EXTEN}", "a switch"),
        ("lswitch => Loopback/@transfer-${IF(${EXTEN}?nowhere:to)}", "(EXTEN) stands unfiltered"),
        (
            "lswitch => Loopback/${FILTER(0-9+,${EXTEN})}@dialled-${IF($[1]?number:nothing)}",
            "a colon in what was dialled",
        ),
        (
            f"lswitch => Loopback/${{FILTER(0-9+,{'(' * 80}${{EXTEN}})}}@dialled-"
            "${IF($[${LEN(${EXTEN})} = 4]?number:nothing)}",
            "a colon in what was dialled could cut it",
        ),
        ("switch => Realtime/extensions@numbers", "a switch"),
        ("exten => _X!,1,NoOp()", "takes more than so many digits"),
        ("exten => _X.,1,NoOp()", "takes more than so many digits"),
        ("exten => _[a-z].,1,NoOp()", "takes more than so many digits"),
        ("exten => _[0-9*]!,1,NoOp()", "takes more than so many digits"),
        ("exten => s,1,System(echo ${UNIQUEID})", "System is not for a dialplan"),
        ('exten => s,1,ExecIf($["${A}" = "1"]?TrySystem(id))', "TrySystem is not for a dialplan"),
        ("exten => s,1,Set(A=${SHELL(id)})", "SHELL is not for a dialplan"),
        ("exten => s,1,Set(A=${EVAL(${B})})", "EVAL is not for a dialplan"),
        ("exten => s,1,Set(FILE(/tmp/x)=1)", "FILE is not for a dialplan"),
        ("exten => s,1,Set(A=${CURL(http://127.0.0.1:80/x)})", "CURL asks Asterisk's own manager"),
        ("exten => s,1,Set(A=${CURL(${B})})", "CURL asks Asterisk's own manager"),
        (
            "exten => s,1,Set(A=${IMPORT(${B},CHANNEL(rtcp,rxcount))})",
            "IMPORT holds the channel whose",
        ),
        (
            "exten => s,1,Set(A=${IMPORT(${B},CHANNEL(pjsip,secure))})",
            "IMPORT holds the channel whose",
        ),
        (
            "exten => s,1,Set(A=${IMPORT(${B},PJSIP_DIAL_CONTACTS(op1))})",
            "IMPORT holds the channel whose",
        ),
        ("exten => s,1,AGI(/usr/bin/menu)", "AGI runs a program"),
        ("exten => s,1,EAGI(menu.py)", "EAGI is not for a dialplan"),
        ("exten => s,1,MixMonitor(a.raw,b,/usr/bin/convert)", "third argument runs a program"),
        ("exten => s,1,Set(A=${CALLERID(num)})", "(CALLERID) stands unfiltered"),
        ('exten => s,1,GotoIf($["${CALLERID(name)}" = ""]?end)', "(CALLERID) stands unfiltered"),
        ("exten => s,1,Set(A=${PJSIP_HEADER(read,Diversion)})", "(PJSIP_HEADER) stands unfiltered"),
        ("exten => s,1,Set(A=${SIPREFERTOHDR})", "(SIPREFERTOHDR) stands unfiltered"),
        ("exten => s,1,Set(A=${REDIRECTING(from-num)})", "(REDIRECTING) stands unfiltered"),
        ("exten => s,1,Set(A=${CHANNEL(pjsip,request_uri)})", "stands unfiltered"),
        ("exten => s,1,Set(A=${IMPORT(${BLN_CALLER},EXTEN)})", "(EXTEN) stands unfiltered"),
        ("exten => s,1,Set(A=${MASTER_CHANNEL(EXTEN)})", "(EXTEN) stands unfiltered"),
        ("exten => s,1,WaitForCondition(#,#[#{EXTEN} = 1],5,0.1)", "(EXTEN) stands unfiltered"),
        ("exten => _XX.,1,Set(GLOBAL(A_${EXTEN})=1)", "(EXTEN) stands unfiltered"),
        ("exten => s,1,Goto(${BLN_WHERE},s,1)", "put together from text (${BLN_WHERE})"),
        ("exten => s,1,Gosub(on-${BLN_TO},s,1)", "put together from text"),
        ('exten => s,1,GotoIf($["${A}" = ""]?${B},s,1)', "put together from text (${B})"),
        ("exten => s,1,ChannelRedirect(${BLN_PEER},${BLN_TO},s,1)", "put together from text (${BLN_TO})"),
        ("exten => s,1,Originate(Local/s@${BLN_TO}/n,app,Wait,1)", "put together from text (${BLN_TO})"),
    ],
)
def test_what_could_lead_astray_is_named(line: str, said: str) -> None:
    faults = list(unsafe_text(f"[somewhere]\n{line}\n same => n,Hangup()\n"))
    assert any(said in fault and fault.startswith("[somewhere]") for fault in faults), faults


@pytest.mark.parametrize(
    "line",
    [
        f"lswitch => Loopback/${{FILTER(0-9+,{'(' * 80}${{EXTEN}})}}@dialled-${{IF($[1]?number:nothing)}}",
        "exten => s,1,Set(A=${FILTER(0-9,${EXTEN})})",
        "exten => 101,1,Set(A=${EXTEN})",
        "exten => s,1,Set(A=${IMPORT(${B},CHANNEL(onhold))})",
        "exten => s,1,Set(A=${IMPORT(${B},BLN_FILE)}${CHANNEL(rtcp,rxcount)})",
        "exten => _XXX,1,Dial(PJSIP/op${EXTEN},15)",
        "exten => s,1,Set(CALLERID(num)=1414)",
        "exten => s,1,CELGenUserEvent(a,caller=${URIENCODE(${REPLACE(CALLERID(num),:,A)})})",
        "exten => s,1,CELGenUserEvent(a,from=${URIENCODE(${PJSIP_HEADER(read,From)})})",
        'exten => s,1,GotoIf($["${BLN_GROUP}" != ""]?enter,s,1)',
        'exten => s,1,GotoIf($[${LEN(${EXTEN})} = 3 & "${CHANNEL(pjsip,secure)}" = "1"]?enter,s,1:net,s,in)',
    ],
)
def test_what_is_only_text_is_taken(line: str) -> None:
    assert list(unsafe_text(f"[somewhere]\n{line}\n")) == []


@pytest.mark.parametrize(
    ("file", "safe", "unsafe", "said"),
    [
        ("modules.conf", "load = func_uri.so", "load = func_shell.so", "func_shell must not be there"),
        ("modules.conf", "autoload = no", "autoload = yes", "loads more than it names"),
        ("asterisk.conf", "live_dangerously = no", "live_dangerously = yes", "live_dangerously must be no"),
        ("manager.conf", "write = call,", "write = command,call,", "nobody needs the right `command`"),
    ],
)
def test_a_server_that_could_run_programs_is_not_taken(
    files: dict[str, str], file: str, safe: str, unsafe: str, said: str
) -> None:
    assert safe in files[file]
    with pytest.raises(DialplanError, match=re.escape(said)):
        verify({**files, file: files[file].replace(safe, unsafe)}, SETTINGS)


def test_a_fault_is_not_installed(files: dict[str, str]) -> None:
    broken = files["transfers.conf"].replace("Loopback/@transfer-", "Loopback/${EXTEN}@transfer-")
    with pytest.raises(DialplanError, match=r"\[transfer\].*a switch"):
        verify({**files, "transfers.conf": broken}, SETTINGS)


def test_nothing_deadly_is_loaded() -> None:
    assert not set(MODULES) & set(DEADLY_MODULES)


def test_whoever_calls_over_the_internet_may_dial_what_the_others_may(files: dict[str, str]) -> None:
    contexts = dict(re.findall(r"^\[([a-z-]+)\]\n(.*?)(?=^\[|\Z)", "".join(files[n] for n in DIALPLAN), re.M | re.S))
    inside = [
        number
        for name in ("operators", "dialled-number", "consult")
        for number in re.findall(r"exten => ([^,]+),1,", contexts[name])
    ]
    outside = re.findall(r"exten => ([^,]+),1,", contexts["operators-outside"])
    assert sorted(inside) == sorted(outside) == sorted(dialled_by_operators(SETTINGS))


def test_patterns_of_operators_take_each_length_there_is() -> None:
    longer = SETTINGS.operators[0].model_copy(update={"number": "20401"})
    assert operator_patterns(SETTINGS.model_copy(update={"operators": (*SETTINGS.operators, longer)})) == (
        "_XXX", "_XXXXX",
    )  # fmt: skip


def test_no_call_out_is_led_elsewhere_by_whoever_is_called(files: dict[str, str]) -> None:
    """A 3xx of a phone or a carrier would be followed into our own dialplan, or anywhere: option `i` of both."""
    dialplan = "".join(files[name] for name in DIALPLAN)
    options = re.findall(r"\bDial\(PJSIP/[^,]+,[^,]+,([a-z]+)", dialplan) + re.findall(
        r"\bQueue\([^,]+,([a-z]+)", dialplan
    )
    assert len(options) == len(re.findall(r"\b(?:Dial|Queue)\(", dialplan))
    assert all("i" in option for option in options), options
