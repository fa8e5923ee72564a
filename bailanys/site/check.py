"""All that can be found out about a configuration before a start: its files and folders, and what others must give."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bailanys.processes.asterisk_keeper import holder_of
from bailanys.site.folders_fit import folder_findings, state_findings
from bailanys.site.half_restored import restored_findings
from bailanys.site.own_ports import ports_of
from bailanys.site.state_files import state_file_findings
from bailanys.site.tls_files import tls_findings, tls_remarks
from config.object_store import StoreAddress
from config.ownership import as_owner_alone
from config.path_signs import paths_unfit
from config.places import Places
from config.ports_free import ports_in_use
from config.problems import Finding, Problem, suggestion
from config.settings import Settings
from config.source import Source
from config.workable import crippling, unworkable
from recordings.vault.uploader import store_unreached
from recordings.vault.vault import Vault
from speech.catalogue import catalogue
from speech.sources import Prompt, Sources, missing_prompts
from storage.objects import StoreKeyError, secrets_of
from storage.reachable import unreached
from telephony.process import running_pid


def start_problems(settings: Settings, source: Source, places: Places, root: Path, program: Path) -> list[Problem]:
    """What no hotline is started with. `root`: where we lie; `program`: where Asterisk does."""
    findings = [
        *crippling(settings.model_dump(mode="json")),
        *state_findings(places.state, root),
        *restored_findings(places.state),
        *tls_findings(settings.sip, places.state),
        *_prompts(settings, places),
        *_account(settings),
    ]
    return [*paths_unfit(settings, root, (program,), source), *source.problems(findings)]


def doubts(settings: Settings, source: Source, places: Places) -> list[Problem]:
    """What has to be mended, and most calls are answered with: a start only tells it."""
    document = settings.model_dump(mode="json")
    known = crippling(document)
    findings = [one for one in unworkable(document) if one not in known] + folder_findings(settings, places)
    findings += _command(settings)
    if places.state.is_dir():
        findings += state_file_findings(settings, places)
    if places.remote is not None:
        try:
            secrets_of(places.remote.secrets_file)
        except StoreKeyError as error:
            findings.append(Finding(("recordings", "store_secrets"), str(error)))
    return list(source.problems(findings))


def outside_problems(settings: Settings, source: Source, places: Places, root: Path) -> list[Problem]:
    """What others would not let us do: ports, the object storage, the database; each is tried out."""
    ours = ports_of(_ours(places))
    ports = [one for one in ports_in_use(settings, source) if not any(f"port {port} " in one.message for port in ours)]
    with as_owner_alone():
        reason = unreached(places.database_url, Vault(places).ledger_begun)
    database = [source.problem(Finding(("storage", "database_url"), reason))] if reason else []
    store = [] if places.remote is None or _keyless(places.remote) else store_unreached(settings, root, source)
    return [*ports, *store, *database]


def _keyless(store: StoreAddress) -> bool:
    """Whether there is no key to ask the store with, which is told apart."""
    try:
        secrets_of(store.secrets_file)
    except StoreKeyError:
        return True
    return False


def remarks(settings: Settings, source: Source, places: Places) -> tuple[Problem, ...]:
    """What works, and somebody should know."""
    return source.problems(tls_remarks(settings.sip, places.state))


def _prompts(settings: Settings, places: Places) -> list[Finding]:
    """Prompts without a sound: those that the menu names, each with its line, and what our own catalogue lacks."""
    missing: defaultdict[str, list[Prompt]] = defaultdict(list)
    for prompt in missing_prompts(settings, Sources(studio=places.override)):
        missing[prompt.id].append(prompt)
    findings = []
    for name, prompts in missing.items():
        languages = ", ".join(prompt.language for prompt in prompts)
        wav = places.override / prompts[0].language / f"{name}.wav"
        words = f'no sound for the prompt "{name}" in {languages}{suggestion(name, catalogue(prompts[0].language))}'
        remedy = f"put a WAV at {wav}, or its text into speech/catalogues and run `bailanys prompts build`"
        named = [nth for nth, choice in enumerate(settings.menu.choices) if choice.prompt == name]
        paths: list[tuple[str | int, ...]] = [("menu", "choices", nth, "prompt") for nth in named]
        findings += [Finding(path, f"{words}: {remedy}") for path in paths or [("speech", "override_dir")]]
    return findings


def _account(settings: Settings) -> Iterator[Finding]:
    """The account of Asterisk, which only root can give it."""
    user = settings.asterisk.user
    if user and os.geteuid() == 0:
        try:
            pwd.getpwnam(user)
        except KeyError:
            meant = suggestion(user, (one.pw_name for one in pwd.getpwall()))
            words = f'there is no account "{user}" on this machine{meant}: useradd --system {user}'
            yield Finding(("asterisk", "user"), words)


def _command(settings: Settings) -> Iterator[Finding]:
    """The program that hands alarms on."""
    if command := settings.alarms.command:
        program = shlex.split(command)[0]
        if shutil.which(program) is None:
            what = "cannot be run: chmod +x" if Path(program).is_file() else "is not there: write its whole path"
            yield Finding(("alarms", "command"), f'the program "{program}" {what}')


def _ours(places: Places) -> list[int]:
    """Asterisk and the supervisor of the hotline that is up on this state folder."""
    pids = []
    if places.asterisk_conf.exists() and (asterisk := running_pid(places.asterisk_conf)) is not None:
        pids.append(asterisk)
    if (supervisor := holder_of(places.state)) is not None:
        pids.append(supervisor)
    return pids
