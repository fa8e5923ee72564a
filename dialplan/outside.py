"""Checks that what a phone, a trunk or a transfer sends is never used as anything but text (SECURITY.md).

Asterisk puts a variable's value into a step before it reads the step, and some places read it once more: an expression
(whose operands may call functions), a function that takes a variable's or a channel's name, a switch, the place that a
call goes to, a condition that is waited for. So the names that hold text from outside stand in few places only, and no
pattern takes more than the digits that were meant. Nothing of the dialplan runs a program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from config.ports_free import HTTP_ADDRESS
from dialplan.dialled import OPEN_BRACKETS

DEADLY_APPLICATIONS = (
    "System", "TrySystem", "EAGI", "DeadAGI", "ExternalIVR", "Exec", "ExecIfTime", "Macro", "Log", "JACK", "ExtenSpy",
    "ChanSpy", "Pickup", "PickupChan", "VoiceMail", "ReceiveFAX", "Monitor", "Stasis", "SendText", "DISA", "Zapateller",
)  # fmt: skip
DEADLY_FUNCTIONS = ("SHELL", "EVAL", "EXEC", "ENV", "FILE", "REALTIME", "ODBC", "TRYLOCK", "AMI_CLIENT")
DEADLY_MODULES = (
    "app_system", "func_shell", "func_env", "func_realtime", "app_externalivr", "app_macro",
    "app_disa", "app_directed_pickup", "app_chanspy", "app_voicemail", "res_monitor",
    "pbx_spool", "pbx_lua", "pbx_ael", "pbx_dundi", "pbx_realtime", "res_ari", "res_stasis", "res_http_websocket",
    "res_clialiases", "res_clioriginate", "res_parking", "res_pjsip_messaging", "res_pjsip_exten_state",
    "res_pjsip_dialog_info_body_generator", "res_pjsip_pidf_body_generator", "res_pjsip_mwi",
    "res_pjsip_one_touch_record_info", "res_pjsip_endpoint_identifier_anonymous", "res_pjsip_transport_websocket",
)  # fmt: skip
"""What could run a program, write a file, hand a call over or tell of one, were a step ever to be led astray."""

# Whatever may hold what was sent: never in the text of a step but as `_sheltered` says.
_OUTSIDE = re.compile(
    r"(?P<open>\$\{|#\{)?\b(?P<name>(?:EXTEN|INVALID_EXTEN|DNID|RDNIS|CALLERIDNUM|CALLERIDNAME|SIP[A-Z]+HDR)\b"
    r"|(?:CALLERID|CALLERPRES|CONNECTEDLINE|REDIRECTING|DIVERSION|PJSIP_HEADERS?|PJSIP_PARSE_URI(?:_FROM)?|SIP_HEADER"
    r"|MESSAGE|MESSAGE_DATA|TRANSFER_DATA)\(|CHANNEL\(pjsip,(?!secure\)))"
)
_FILTERED = re.compile(r"\$\{(?:FILTER\([0-9a-z*+(). -]+,|LEN\()(?:\(*|\$\{(?:REPLACE\(|IMPORT\(\$\{[A-Z_]+\},))$")
_ENCODED = re.compile(r"\$\{URIENCODE\((?:\$\{(?:REPLACE\()?)?$")
_WRITTEN = re.compile(r"\bSet\($")
_BOUNDED = re.compile(r"_[XZN0-9*#+]{1,15}")
_LITERAL = re.compile(r"[A-Za-z0-9*#+-]{1,32}")
_LINE = re.compile(r"(?:exten => (?P<exten>.+?),(?:\d+|n)| same => n)(?:\([a-z-]+\))?,(?P<does>.*)")
_SWITCH = re.compile(r"(?:switch|lswitch|eswitch)\s*=>?\s*(?P<to>.*)", re.IGNORECASE)
_LEADS_TO_US = re.compile(
    r"Loopback/(?P<digits>\$\{FILTER\(0-9\+,\(*\$\{EXTEN\}\)\})?@[a-z]+-\$\{IF\(.*\?[a-z]+:[a-z]+\)\}"
)
_CALLED = re.compile(r"(?<![A-Za-z_])([A-Za-z_]+)\(")
_GOES = re.compile(r"(?<![A-Za-z_])(Goto|GotoIf|Gosub|GosubIf|ChannelRedirect|Originate)\(")
_OUR_MANAGER = re.compile(rf"http://{re.escape(HTTP_ADDRESS)}:\d+/rawman,action=[a-z]+[&)]")
"""What the dialplan may ask over HTTP: Asterisk's own manager, to mute a recording and to count packets."""
_HELD_AND_WAITING = re.compile(r"\bCHANNEL\((?!onhold\))|\bPJSIP_[A-Z_]+\(")
"""Read by the thread that speaks SIP for a channel: who holds the channel meanwhile may wait for ever."""
_DEADLY = frozenset(name.lower() for name in (*DEADLY_APPLICATIONS, *DEADLY_FUNCTIONS))


def unsafe_text(dialplan: str) -> Iterator[str]:
    """What is wrong with the steps, if anything, in words that name the context."""
    context, exten = "", ""
    for raw in dialplan.splitlines():
        line = re.sub(r"\s+;.*", "", raw)
        if header := re.fullmatch(r"\[([a-z-]+)\]", line):
            context, exten = header[1], ""
        elif switch := _SWITCH.fullmatch(line):
            leads = _LEADS_TO_US.fullmatch(switch["to"])
            if leads is None:
                yield f"[{context}] {line}: a switch may lead to a context of ours alone, by the number or its digits"
            elif leads["digits"] and re.search(rf"(?<!{re.escape(OPEN_BRACKETS)})\$\{{EXTEN", switch["to"]):
                yield f"[{context}] {line}: a colon in what was dialled could cut it: so many brackets belong before it"
            yield from (f"[{context}] {line}: {fault}" for fault in _faults(switch["to"], bounded=False))
        elif step := _LINE.fullmatch(line):
            exten = step["exten"] or exten
            bounded = bool(_BOUNDED.fullmatch(exten) or _LITERAL.fullmatch(exten))
            if step["exten"] and not bounded:
                yield f"[{context}] {exten}: takes more than so many digits: name each length there is (_XXX)"
            yield from (f"[{context}] {exten}: {fault}: {step['does']}" for fault in _faults(step["does"], bounded))


def unsafe_server(files: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with Asterisk's own settings, so that a step led astray would find something to run."""
    modules = re.findall(r"^\s*(?:pre)?load\s*=>?\s*(\w+)(?:\.so)?", files["modules.conf"], re.MULTILINE)
    for module in modules:
        if module in DEADLY_MODULES:
            yield f"modules.conf: {module} must not be there"
    if not re.search(r"^autoload\s*=\s*no$", files["modules.conf"], re.MULTILINE):
        yield "modules.conf: loads more than it names"
    if not re.search(r"^live_dangerously\s*=\s*no$", files["asterisk.conf"], re.MULTILINE):
        yield "asterisk.conf: live_dangerously must be no"
    rights = re.findall(r"^write\s*=\s*(.+)$", files["manager.conf"], re.MULTILINE)
    for right in {right.strip() for line in rights for right in line.split(",")} & {"all", "command", "config"}:
        yield f"manager.conf: nobody needs the right `{right}`"


def _faults(text: str, bounded: bool) -> Iterator[str]:
    for called in _CALLED.findall(text):
        if called.lower() in _DEADLY:
            yield f"{called} is not for a dialplan"
    for sent in _OUTSIDE.finditer(text):
        if not _sheltered(text, sent, bounded):
            yield f"what was sent ({sent['name'].rstrip('(')}) stands unfiltered"
    for goes in _GOES.finditer(text):
        for place in _places(goes[1], _argument(text, goes.end())):
            if "${" in place:
                yield f"the place to go to is put together from text ({place})"
    for asks in re.finditer(r"\bCURL\(", text, re.IGNORECASE):
        if not _OUR_MANAGER.match(text, asks.end()):
            yield "CURL asks Asterisk's own manager, and nobody else"
    for taken in re.finditer(r"\bIMPORT\(", text):
        if _HELD_AND_WAITING.search(_argument(text, taken.end())):
            yield "IMPORT holds the channel whose SIP it waits for: ask the manager"
    if re.search(r"(?<![A-Za-z])AGI\((?!agi://127\.0\.0\.1:\d+/)", text):
        yield "AGI runs a program: agi://127.0.0.1 is meant"
    for begun in re.finditer(r"(?<![A-Za-z])MixMonitor\(", text):
        if len(_split(_argument(text, begun.end()), ",")) > 2:
            yield "MixMonitor's third argument runs a program"


def _sheltered(text: str, sent: re.Match[str], bounded: bool) -> bool:
    before = text[: sent.start()]
    if sent["name"] == "EXTEN" and bounded and sent["open"] == "${":
        return True  # no more than the digits of the pattern
    if sent["name"] == "EXTEN" and not sent["open"] and not before.endswith((",", "(")):
        return True  # no variable
    if sent["name"] == "CALLERID(" and _WRITTEN.search(before):
        return True
    return bool(_FILTERED.search(before) or _ENCODED.search(before))


def _places(application: str, argument: str) -> Iterator[str]:
    """The contexts that a step may lead to, as they are written."""
    if application in ("GotoIf", "GosubIf"):
        _, _, branches = argument.partition("]?") if "]?" in argument else argument.partition("}?")
        labels = _split(branches, ":")
    elif application == "ChannelRedirect":
        labels = [",".join(_split(argument, ",")[1:])]
    elif application == "Originate":
        yield argument.partition("@")[2].partition("/")[0].partition(",")[0]
        return
    else:
        labels = [argument]
    for label in labels:
        if len(parts := _split(label, ",")) >= 3:
            yield parts[0]


def _argument(text: str, begin: int) -> str:
    """What stands between this point and the bracket that closes."""
    depth = 1
    for at in range(begin, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return text[begin:at]
    return text[begin:]


def _split(text: str, by: str) -> list[str]:
    """The parts between separators that stand in no bracket."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == by and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts
