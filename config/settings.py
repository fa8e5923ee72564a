"""What `hotline.toml` may say: frozen, typed, with the unit in each name.

Every field's description is the configuration reference (`docs/configuration.md` is generated from it).
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Language = Literal["kk", "ru", "en"]
"""All that the hotline speaks, in the order of their keys. A new one is its code here, and what is its own beside: its
texts and its voice (`speech/catalogues/`), its numbers (`speech/numbers_<code>.py`), its words for alarms.
"""
LANGUAGES: tuple[Language, ...] = get_args(Language)
Port = Annotated[int, Field(ge=1, le=65535)]
Key = Annotated[str, Field(pattern=r"^[0-9]$")]
GroupName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
PromptId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
Level = Annotated[int, Field(ge=1, le=5)]
Number = Annotated[str, Field(pattern=r"^[0-9]{2,6}$")]

OPERATOR_DIGIT = "7"
"""Dialled before an operator's number to transfer a call to that operator: `7101` (rule 11)."""


class Section(BaseModel):
    """A table of `hotline.toml`: unknown keys are errors, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Hotline(Section):
    """The numbers that are answered and the languages they are answered in (rules 4, 6, 7)."""

    node: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,15}$")] = Field(
        default="hl1", description="Name of this Asterisk node; the first part of every call id."
    )
    numbers: tuple[Annotated[str, Field(pattern=r"^\+?[0-9]{3,15}$")], ...] = Field(
        default=("1414", "88000807777", "78000807777", "+78000807777"),
        min_length=1,
        description="Every dialled form that reaches the hotline; anything else is answered 404.",
    )
    languages: tuple[Language, ...] = Field(
        default=LANGUAGES, min_length=1, description="In the order of their keys: 1, 2, 3."
    )
    default_language: Language = Field(default=LANGUAGES[0], description="For a caller who presses nothing.")
    default_group: GroupName = Field(description="For a caller who presses nothing in the menu.")
    time_zone: str = Field(default="Asia/Almaty", description="Local dates in searches and statistics.")


class Sip(Section):
    """Where Asterisk listens for calls and carries voice."""

    bind: str = Field(default="127.0.0.1", description="IPv4 address for SIP and RTP.")
    port: Port = Field(default=5060, description="SIP port, UDP and TCP.")
    external_address: str = Field(
        default="",
        description="Public IPv4 address that phones outside `local_networks` are told, where this machine is behind "
        "a router that forwards its ports (`port`, `tls_port`, `rtp_first` to `rtp_last`).",
    )
    local_networks: tuple[str, ...] = Field(
        default=("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        description="Networks where this machine's own address is reached as it is, its own one among them.",
    )
    tls_port: Port | None = Field(
        default=None, description="SIP over TLS, e.g. 5061, for operators at home; without it there is none."
    )
    tls_certificate: Path = Field(
        default=Path("keys/sip.pem"), description="The certificate's file, its chain in it; within the state folder."
    )
    tls_key: Path = Field(default=Path("keys/sip.key"), description="The certificate's private key.")
    rtp_first: Port = Field(default=10000, description="First RTP port.")
    rtp_last: Port = Field(default=19999, description="Last RTP port.")
    phone_look_s: int = Field(
        default=5,
        ge=1,
        le=60,
        description="How often an operator's phone is asked whether it is there. One that dies in a talk is noticed "
        "within 5 s more, and its caller goes on.",
    )
    silent_s: float = Field(
        default=60.0,
        gt=0,
        le=400,
        description="A side that has sent no voice for so long, in whatever state, is asked whether it is there: "
        "who is muted or on hold answers and stays, who does not answer is gone 64 s later.",
    )
    slow_guesses_s: int = Field(
        default=600,
        ge=0,
        le=3600,
        description="An address from which accounts or passwords are guessed is refused unread for so long, and for "
        "twice as long each time that it goes on, an hour at most. Never carriers, nor where a phone is registered or "
        "was within seven days. `0`: guesses are an alarm, and no more.",
    )
    codecs: tuple[Literal["alaw", "ulaw", "opus", "g722"], ...] = Field(
        default=("alaw", "ulaw"),
        min_length=1,
        description="Offered and accepted, best first. Recordings are the same with any. `g722` and `opus` are for "
        "operators over the internet: Opus bears losses, and costs Asterisk the most.",
    )


class Asterisk(Section):
    """The Asterisk that `bailanys run` starts."""

    user: Annotated[str, Field(pattern=r"^([a-z_][a-z0-9_.-]{0,31})?$")] = Field(
        default="",
        description="Account that Asterisk runs as where root starts the hotline. Empty: `asterisk` if there is one, "
        "else the number 61414, which no account has; as root only if that cannot be, which is told. A name: that one "
        "or none. `root`: as root. Where another user starts the hotline, Asterisk is that user's.",
    )


class Ports(Section):
    """Loopback ports between Asterisk and the controller."""

    ami: Port = Field(default=5038, description="Asterisk Manager Interface, on 127.0.0.1 only.")
    agi: Port = Field(default=4573, description="FastAGI server of the controller, on 127.0.0.1 only.")


class Api(Section):
    """The HTTP API, for programs with a token (`bailanys tokens add`)."""

    enabled: bool = Field(default=True, description="Without it the controller serves no HTTP at all.")
    bind: str = Field(
        default="127.0.0.1",
        description="IPv4 address. It is plain HTTP: beyond this machine put a proxy with TLS before it.",
    )
    port: Port = Field(default=8414, description="HTTP port.")


class Trunk(Section):
    """A carrier, known by its address."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")] = Field(description="As logs and reports call it.")
    addresses: tuple[str, ...] = Field(
        min_length=1, description="Addresses or networks its calls come from, e.g. `192.0.2.0/28`."
    )
    tones: bool = Field(
        default=True,
        description="Keys are heard in the voice where a call has no `telephone-event` (RFC 4733). `false` for a "
        "carrier that sends SIP INFO and leaves the tones in the voice, where each key would count twice.",
    )


class Group(Section):
    """A skill group of operators."""

    name: GroupName = Field(description="As the menu and the operators name it; also the name of its queue.")
    title: dict[Language, str] = Field(description="As people read it, per language.")
    transfer_number: Number = Field(description="What an operator dials to transfer a call here.")
    target_s: float = Field(default=30.0, gt=0, description="Target of the average wait, from the arrival (rule 7).")
    wrap_up_s: float | None = Field(
        default=None, ge=0, le=600, description="After a talk of this group; else `wrap_up_s` of `[offers]`."
    )
    helpers: tuple[Number, ...] = Field(
        default=(),
        description="Operators without this skill who help when the group is in danger of missing its target.",
    )


class Choice(Section):
    """One key of the menu: either a group or the repeat."""

    key: Key = Field(description="The key to press.")
    group: GroupName | None = Field(default=None, description="The group that the key leads to.")
    repeat: bool = Field(default=False, description="The key says the menu again.")
    prompt: PromptId = Field(description="Catalogue id of what is spoken for this key.")


class Menu(Section):
    """What the caller is asked, and how long we wait for a key."""

    choices: tuple[Choice, ...] = Field(min_length=1, description="In the order spoken; most wanted first.")
    change_language_key: Annotated[str, Field(pattern=r"^[0-9*#]$")] = Field(
        default="0", description="For a known caller: go back to the choice of language."
    )
    answer_s: float = Field(default=4.0, gt=0, le=30, description="Wait for a key after the last word.")
    tries: int = Field(default=3, ge=1, le=5, description="How often a question is asked before the default is taken.")


class Operator(Section):
    """An operator's account (the SIP account is `op` + number)."""

    number: Number = Field(description="Told to the caller; the SIP account is `op` and this number.")
    name: str = Field(min_length=1, max_length=80, description="As colleagues know the operator.")
    groups: tuple[GroupName, ...] = Field(
        min_length=1, description="The skill groups the operator serves; those in `skills` need not be repeated here."
    )
    skills: dict[GroupName, Level] = Field(
        default={}, description="How well the operator knows a group, 1 (best) to 5; a group that is not named: 1."
    )
    languages: tuple[Language, ...] = Field(
        default=LANGUAGES, min_length=1, description="The languages the operator speaks."
    )

    internet: bool = Field(
        default=False,
        description="The phone is at home, over the internet: voice in SRTP only, its keys over `[sip] tls_port`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _serve_what_is_known(cls, given: Any) -> Any:
        """Count the groups of `skills` among the operator's groups."""
        if not isinstance(given, dict) or not isinstance(given.get("skills"), dict):
            return given
        groups = given.get("groups", ())
        if not isinstance(groups, list | tuple):
            return given
        return {**given, "groups": [*groups, *(name for name in given["skills"] if name not in groups)]}


class Step(Section):
    """Who may serve a caller once they have waited so long."""

    after_s: float = Field(default=0.0, ge=0, description="The caller's own wait from which the step holds.")
    level: Level = Field(default=5, description="Operators of this level in the group, or a better one, may serve.")
    any_language: bool = Field(
        default=True, description="Operators who do not speak the caller's language may serve when no other is idle."
    )


class Routing(Section):
    """Which caller a free operator takes, which operator takes a call, and who may (rule 7)."""

    policy: Literal["foresight", "longest_wait", "recommended", "balanced", "queue_ratio"] = Field(
        default="foresight",
        description="`foresight`: the shortest average wait over all groups, and the groups alike, sooner those with a "
        "lower `target_s`. `longest_wait`: who waits longest, who is idle longest. `recommended`: short, but small "
        "groups wait longer. `balanced`: the averages still nearer to their due, a longer wait in all. `queue_ratio`: "
        "each queue in proportion to its traffic and `target_s`. With one group all do the same.",
    )
    steps: tuple[Step, ...] = Field(
        default=(Step(),), min_length=1, description="How eligibility widens while a caller waits, narrowest first."
    )


class Target(Section):
    """When a group is in danger of missing its target, and what follows (rule 7)."""

    widen: bool = Field(
        default=True, description="Lend operators to a group in danger; without it there are figures and alarms alone."
    )
    every_s: float = Field(default=10.0, gt=0, le=300, description="How often the day is looked at.")
    danger: float = Field(default=0.9, gt=0, le=2, description="Of the target: from this average on in danger.")
    calm: float = Field(default=0.7, gt=0, le=2, description="Of the target: down to this average calm again.")
    stay_s: float = Field(
        default=60.0, ge=0, description="How long a group stays at least as it is; danger is at once."
    )
    settle_calls: int = Field(
        default=5, ge=0, description="Calls at half the target that are imagined before the day's first one."
    )
    ahead_s: float = Field(
        default=1800.0, ge=0, description="A group is judged by its average so much later, at the present rate."
    )
    recent_s: float = Field(
        default=1800.0, gt=0, le=7200, description="The present rate of calls is that of so many last seconds."
    )
    remind_s: float = Field(
        default=1800.0, gt=0, le=86_400, description="An alarm lasts so long at least, and is repeated then."
    )
    mend_within_s: float = Field(
        default=7200.0,
        gt=0,
        description="How soon the operators that an alarm asks for mend an average over its target.",
    )


class Offers(Section):
    """How a call is offered to operators, and what a failing phone costs."""

    ring_s: float = Field(default=15.0, gt=0, le=120, description="How long an operator's phone rings.")
    wrap_up_s: float = Field(
        default=5.0,
        ge=0,
        le=600,
        description="After a talk, before the next offer; a group may have its own.",
    )
    wrap_up_extension_s: float = Field(
        default=60.0, gt=0, le=600, description="What `*3` adds to the wrap-up, again and again."
    )
    wrap_up_most_s: float = Field(default=300.0, ge=0, le=3600, description="Longest wrap-up with all that was added.")
    pause_reasons: dict[Annotated[str, Field(pattern=r"^[0-9]$")], Annotated[str, Field(max_length=80)]] = Field(
        default={},
        description="What `*20` … `*29` say, by their last digit; `reason-3` and the like where none is given.",
    )
    missed_before_pause: int = Field(
        default=1, ge=1, le=20, description="So many offers in a row that nobody answered pause the operator."
    )
    refusal_rest_s: float = Field(
        default=10.0, ge=0, le=600, description="Pause after an offer that was refused, or missed."
    )
    backoff_first_s: float = Field(
        default=5.0, gt=0, le=86_400, description="First back-off of a phone that failed; doubles."
    )
    backoff_last_s: float = Field(default=300.0, gt=0, le=86_400, description="Longest back-off.")


class Waiting(Section):
    """What a waiting caller hears, and when the safety net takes over."""

    announce_first_s: float = Field(default=10.0, gt=0, le=86_400, description="First announcement of the position.")
    announce_every_s: float = Field(default=30.0, gt=0, le=86_400, description="Then every so many seconds.")
    net_after_s: int = Field(default=2, ge=1, le=30, description="Beats missed before `app_queue` takes a caller.")
    net_spread_s: int = Field(
        default=2, ge=0, le=30, description="Random spread on top, so that not all fall in at once."
    )


class Callback(Section):
    """The callback that keeps the caller's place; offered only when `outbound` says where to call."""

    outbound: Annotated[str, Field(pattern=r"^([A-Za-z0-9.-]+(:[0-9]{1,5})?)?$")] = Field(
        default="", description="Carrier's address for calls out, `host` or `host:port`; empty: no callbacks."
    )
    trunk: Annotated[str, Field(pattern=r"^([a-z][a-z0-9-]{0,31})?$")] = Field(
        default="", description="Name of the trunk that carries them; empty: the first one."
    )
    shown_number: Annotated[str, Field(pattern=r"^\+?[0-9]{3,15}$")] = Field(
        default="1414", description="The number that the called person sees."
    )
    prefixes: tuple[Annotated[str, Field(pattern=r"^\+[0-9]{1,10}$")], ...] = Field(
        default=("+77",), min_length=1, description="Numbers that may be called begin so: the hotline pays."
    )
    after_s: float = Field(default=120.0, ge=0, description="Offered when the expected wait is at least so long.")
    from_hour: int = Field(default=8, ge=0, le=23, description="Nobody is called before this local hour.")
    until_hour: int = Field(default=21, ge=1, le=24, description="Nobody is called from this local hour on.")
    tries: int = Field(default=2, ge=1, le=5, description="How often the caller is called.")
    most_per_number: int = Field(
        default=4, ge=1, le=50, description="How often one number is called within 24 hours, whoever asked for it."
    )
    retry_s: float = Field(default=300.0, gt=0, le=86_400, description="Pause before the next try.")
    ring_s: int = Field(default=30, ge=5, le=120, description="How long the caller's phone rings.")
    keep_hours: int = Field(default=24, ge=1, le=168, description="After so long the place is given up.")


class Rating(Section):
    """The offer to rate the operator 1-5 (rule 13)."""

    tries: int = Field(default=2, ge=1, le=5, description="How often the caller is asked.")
    answer_s: float = Field(default=5.0, gt=0, le=30, description="Wait for a key after the last word.")
    low: int = Field(
        default=2, ge=1, le=4, description="`bailanys ratings --low` lists the talks that were given at most so much."
    )


class Alarms(Section):
    """Who is told of what a person should look at; `bailanys alarms` shows it in any case."""

    command: str = Field(
        default="",
        max_length=500,
        description="Run for each alarm, without a shell: `/usr/local/bin/wake-me --hotline 1414`. It has the alarm as "
        "`BAILANYS_ALARM_KIND`, `_DETAIL`, `_AT`, `_TEXT_KK`, `_TEXT_RU`, `_TEXT_EN` in its environment and as a line "
        "of JSON on standard input, and 20 seconds. Over ten in a minute are told as one.",
    )
    mail_to: Annotated[str, Field(pattern=r"^([^\s@,<>\"]{1,64}@[A-Za-z0-9.-]{1,190})?$")] = Field(
        default="", description="Mail for each alarm to this address, by the mail server on 127.0.0.1, port 25."
    )

    @field_validator("command")
    @classmethod
    def _has_words(cls, command: str) -> str:
        """See that the command can be run. Raises ValueError."""
        try:
            words = shlex.split(command)
        except ValueError:
            raise ValueError("must be a command as a shell takes it: a quotation mark is missing in it") from None
        if command and not words:
            raise ValueError("must be a command, or empty")
        return command


class Storage(Section):
    """Where everything is kept. Relative paths are under the state folder."""

    state_dir: Path = Field(
        default=Path("var"),
        description="State: database, journals, spool, secrets, Asterisk's files. Of its path's signs letters, digits, "
        "blanks and `._-+=@~` alone: the others mean something to Asterisk.",
    )
    database_url: str = Field(default="", description="SQLAlchemy URL; empty is SQLite in the state folder.")
    archive_dir: Path = Field(default=Path("archive"), description="Finished recordings.")
    retention_days: int = Field(
        default=3653,
        ge=1,
        le=36_525,
        description="How long recordings are kept, unless on hold; once it was longer it is never shorter.",
    )


class Recordings(Section):
    """How finished recordings are kept (rule 14)."""

    encrypt: bool = Field(
        default=True, description="Recordings are encrypted at rest, AES-256-GCM with a key of its own for each."
    )
    pause_most_s: int = Field(
        default=120, ge=5, le=600, description="A recording that was paused (`*7`) goes on by itself after so long."
    )
    keys_file: Path = Field(
        default=Path("keys/archive.json"),
        description="The keys that open them, outside the archive. Back it up apart: without it nothing can be heard.",
    )
    store: str = Field(
        default="",
        description="S3-compatible object storage for the archive, `s3://bucket/prefix`; finished recordings wait in "
        "`storage.archive_dir` until they are there. Empty: they stay in that folder.",
    )
    store_endpoint: str = Field(
        default="", description="URL of the object storage, `https://s3.example.kz`; empty: Amazon's own of the region."
    )
    store_region: str = Field(default="us-east-1", min_length=1, description="Region that requests are signed for.")
    store_secrets: Path = Field(
        default=Path("keys/store.json"),
        description='`{"access_key_id": "…", "secret_access_key": "…"}`, mode 0600; `AWS_ACCESS_KEY_ID` and '
        "`AWS_SECRET_ACCESS_KEY` in the environment win over it.",
    )


class Person(Section):
    """Somebody who works on demands (rule 14): the same person at the command line and over the API.

    Without any `[[people]]` everybody is who their account or token is called.
    """

    name: str = Field(
        min_length=1, max_length=80, pattern=r"^\S(.*\S)?$", description="As protocols and the audit log name them."
    )
    roles: tuple[Literal["clerk", "auditor", "approver", "administrator"], ...] = Field(
        min_length=1,
        description="`clerk` enters letters and hands over; `auditor` listens and selects; `approver` approves; "
        "`administrator` keeps keys and tokens. See roles.md.",
    )
    accounts: tuple[Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_.-]{0,31}$")], ...] = Field(
        default=(), description="Accounts of the system that are theirs alone."
    )
    tokens: tuple[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$")], ...] = Field(
        default=(), description="Names of the API's tokens that are theirs alone."
    )


class Speech(Section):
    """Prompts."""

    override_dir: Path = Field(
        default=Path("studio"),
        description="A studio's `<language>/<id>.wav`, which win over the rendered ones: `bailanys prompts import`.",
    )


class Settings(Section):
    """The whole of `hotline.toml`."""

    hotline: Hotline
    sip: Sip = Sip()
    asterisk: Asterisk = Asterisk()
    ports: Ports = Ports()
    api: Api = Api()
    trunks: tuple[Trunk, ...] = Field(min_length=1)
    groups: tuple[Group, ...] = Field(min_length=1)
    menu: Menu
    operators: tuple[Operator, ...] = Field(min_length=1)
    people: tuple[Person, ...] = ()
    routing: Routing = Routing()
    target: Target = Target()
    offers: Offers = Offers()
    waiting: Waiting = Waiting()
    callback: Callback = Callback()
    rating: Rating = Rating()
    alarms: Alarms = Alarms()
    storage: Storage = Storage()
    recordings: Recordings = Recordings()
    speech: Speech = Speech()
