"""Alarms are handed on: to a command without a shell, by mail, each once, a flood as one line."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from bailanys.alarms import hook as alarm_hook
from bailanys.alarms.hook import MANY, MOST_A_MINUTE, AlarmHook, sentence
from calls.journal import Fact
from config.settings import LANGUAGES, Alarms
from storage.journal.writer import ControllerJournal, raise_alarm

WRITES = """
import json, os, sys
told = json.loads(sys.stdin.readline())
told["kind_in_env"] = os.environ["BAILANYS_ALARM_KIND"]
told["detail_in_env"] = os.environ["BAILANYS_ALARM_DETAIL"]
with open(sys.argv[1], "a") as out:
    out.write(json.dumps(told) + "\\n")
"""


class Site:
    def __init__(self, folder: Path) -> None:
        (folder / "wake.py").write_text(WRITES)
        self.journal = ControllerJournal(folder / "controller.csv")
        self.asterisk = ControllerJournal(folder / "journal.csv")
        self.out, self.kept = folder / "out", folder / "told.json"
        self.wanted = Alarms(command=f"{sys.executable} {folder / 'wake.py'} {self.out}")

    def hook(self) -> AlarmHook:
        return AlarmHook(self.wanted, (self.asterisk.path, self.journal.path), self.kept)

    def told(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.out.read_text().splitlines()] if self.out.exists() else []


async def test_each_alarm_is_handed_on_once_over_restarts_and_not_those_of_long_ago(tmp_path: Path) -> None:
    site = Site(tmp_path)
    raise_alarm(site.journal, "phone-failed", "long ago")
    hook = site.hook()
    await hook.look()
    assert site.told() == []
    hostile = "$(touch /tmp/x); `id` \"'&|\n\0 \x1b[2J\u202e Әлия"
    raise_alarm(site.journal, "spool-full", hostile, 1_764_000_000_123)
    site.journal.write(Fact.PRESENCE, 1, {"operator": "101", "state": "ready"})
    await hook.look()
    await site.hook().look()
    (one,) = site.told()
    assert (one["kind"], one["kind_in_env"], one["at"]) == ("spool-full", "spool-full", "2025-11-24T16:00:00.123+00:00")
    assert one["detail"] == hostile
    assert one["detail_in_env"] == hostile.replace("\0", "\\x00").replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
    assert one["text_kk"] == sentence("kk", "spool-full")


async def test_what_was_raised_while_nobody_looked_is_handed_on(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.journal.write(Fact.PRESENCE, 1, {"operator": "101", "state": "ready"})
    await site.hook().look()
    raise_alarm(site.journal, "back-office", "ended")
    await site.hook().look()
    assert [one["kind"] for one in site.told()] == ["back-office"]


async def test_what_the_dialplan_raises_is_handed_on(tmp_path: Path) -> None:
    site = Site(tmp_path)
    hook = site.hook()
    await hook.look()
    raise_alarm(site.asterisk, "recording-not-paused", "hl1-1.1-1-1")
    await hook.look()
    assert [(one["kind"], one["detail"]) for one in site.told()] == [("recording-not-paused", "hl1-1.1-1-1")]


async def test_a_flood_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path)
    hook = site.hook()
    await hook.look()
    for number in range(MOST_A_MINUTE + 25):
        raise_alarm(site.journal, "recording-missing", f"talk {number}")
    await hook.look()
    assert len(site.told()) == MOST_A_MINUTE
    monkeypatch.setattr(hook, "_minute_ends_s", 0.0)
    await hook.look()
    assert (site.told()[-1]["kind"], site.told()[-1]["detail"][:3]) == (MANY, "25 ")


async def test_a_command_that_fails_is_tried_again_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarm_hook, "AGAIN_S", 0.0)
    monkeypatch.setattr(alarm_hook, "PATIENCE_S", 0.5)
    site, tried = Site(tmp_path), tmp_path / "tried"
    script = tmp_path / "wake-me"
    script.write_text(f"#!/bin/sh\necho x >> {tried}\nexit 1\n")
    script.chmod(0o700)
    for command in ("/nowhere/wake-me", "sleep 30", str(script)):
        site.wanted = Alarms(command=command)
        hook = site.hook()
        await hook.look()
        raise_alarm(site.journal, "bug", "x")
        await hook.look()
        await hook.look()
    assert tried.read_text() == "x\n" * 3  # then it is given up


async def test_mail_is_sent_in_three_languages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            if line.upper().startswith(b"DATA"):
                writer.write(b"354 go on\r\n")
                received.append(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 taken\r\n")
            elif line.upper().startswith(b"QUIT"):
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 yes\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    monkeypatch.setattr(alarm_hook, "MAIL_SERVER", ("127.0.0.1", server.sockets[0].getsockname()[1]))
    site = Site(tmp_path)
    site.wanted = Alarms(mail_to="duty@example.kz")
    hook = site.hook()
    await hook.look()
    raise_alarm(site.journal, "keys-away", "no file\r\nBcc: a@b")
    await hook.look()
    server.close()
    from email import message_from_bytes, policy

    (mail,) = [message_from_bytes(one, policy=policy.default) for one in received]
    assert (mail["To"], mail["Bcc"]) == ("duty@example.kz", None)
    assert sentence("kk", "keys-away") in mail["Subject"]
    body = mail.get_content()
    assert all(sentence(one, "keys-away") in body for one in LANGUAGES)
    assert "no file" in body


async def test_without_a_wish_nothing_is_read(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.wanted = Alarms()
    await site.hook().look()
    assert not site.kept.exists()


def test_every_kind_has_its_words_in_every_language() -> None:
    kinds = [set(alarm_hook._words(one)) for one in LANGUAGES]
    assert kinds[0] == kinds[1] == kinds[2]
    assert all(word for one in LANGUAGES for word in alarm_hook._words(one).values())


def test_a_command_with_an_open_quote_is_refused() -> None:
    with pytest.raises(ValueError, match="quotation"):
        Alarms(command="wake 'me")
