"""A caller's line during an AGI session: fulfils `calls.ports.CallerLine`."""

from __future__ import annotations

import structlog

from calls.ids import CallId
from calls.journal import Fact
from calls.journal_lines import format_fields
from calls.ports import CallerGoneError
from telephony.agi_reply import AgiReply
from telephony.agi_wire import GuardedRequest
from telephony.quoting import agi_command, application_arguments, application_name, keypad, sound_name, variable_name

SOUNDS = "bailanys"
"""Folder of our sounds under each of Asterisk's language folders."""

log = structlog.get_logger(__name__)


class AgiLine:
    """One session of one call. Every method may raise CallerGoneError; arguments that cannot be sent are ValueErrors.

    The keys pressed are counted in `keys_pressed` and never logged.
    """

    def __init__(self, request: GuardedRequest) -> None:
        self._request = request
        self.variables = dict(request.headers)
        self.call_id = CallId(self.variables.get("agi_uniqueid", ""))
        self.keys_pressed = 0

    async def play(self, sound: str, keys: str) -> str | None:
        """Play a sound in the caller's language; one of `keys` cuts it short and is returned.

        A sound that is missing is logged, and the menu goes on without it: nobody is turned away for a lost file.
        """
        path = f"{SOUNDS}/{sound_name(sound)}"
        reply = await self._request.ask(agi_command("STREAM FILE", arguments=[path, keypad(keys)]))
        if reply.end_position > 0 or reply.result not in ("-1", "0"):
            return self._key(reply)
        # Asterisk 22 says -1 to a missing file and to a hang-up alike. A wait of a millisecond tells them apart, since
        # it looks for the hang-up first; a key that it meets is one pressed now.
        key = await self.wait_key(0)
        log.error("sound missing", call_id=self.call_id, sound=sound)
        return key if key is not None and key in keys else None

    async def wait_key(self, seconds: float) -> str | None:
        """Wait in silence for any key; at least one millisecond, since zero would be no wait at all."""
        return self._key(await self._command("WAIT FOR DIGIT", str(max(1, round(seconds * 1000)))))

    async def speak_language(self, language: str) -> None:
        """From now on play sounds in this language."""
        await self.set_variable("CHANNEL(language)", language)

    async def step(self, step: str, detail: str = "") -> None:
        """Log a step of the session with the call id, and keep it in the journal.

        A caller who is gone is no error here: the step is logged, and the next command will tell.
        """
        log.info("step", call_id=self.call_id, step=step, detail=detail)
        fields = format_fields({"step": step, "detail": detail})
        try:
            await self.execute("CELGenUserEvent", Fact.STEP.value, fields)
        except CallerGoneError:
            log.info("step not in the journal: the caller is gone", call_id=self.call_id, step=step)

    async def get_variable(self, name: str) -> str | None:
        """Return a channel variable or the result of a function, None if it is not set.

        Asterisk cuts the value at 1,023 bytes.
        """
        reply = await self._command("GET VARIABLE", variable_name(name))
        return reply.word if reply.result == "1" else None

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable, or write to a function such as `CHANNEL(language)`."""
        await self._command("SET VARIABLE", variable_name(name), value)

    async def execute(self, application: str, *arguments: str) -> str:
        """Run a dialplan application with these arguments, each taken as it is; return AGI's result.

        Raises AgiRefusedError if Asterisk does not know the application.
        """
        return (await self._command("EXEC", application_name(application), application_arguments(arguments))).result

    def _key(self, reply: AgiReply) -> str | None:
        """Return the key in a result, which is its ASCII code, or 0 for none. Raises CallerGoneError."""
        if reply.is_hangup:
            self._request.gone = True
            raise CallerGoneError("the caller hung up")
        code = int(reply.result or 0)
        if code <= 0:
            return None
        self.keys_pressed += 1
        return chr(code)

    async def _command(self, words: str, *arguments: str) -> AgiReply:
        return await self._request.send_command(agi_command(words, arguments=arguments))
