"""The commands of one session as Asterisk reads them, and its answers as we do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from fake_asterisk import FakeCall

from calls.ports import CallerGoneError, CallerLine
from telephony.agi import AgiServer
from telephony.agi_line import AgiLine
from telephony.errors import AgiRefusedError


@asynccontextmanager
async def session(
    script: Callable[[AgiLine], Awaitable[object]],
) -> AsyncIterator[tuple[FakeCall, asyncio.Future[object]]]:
    """Run a script for one call; the future has what it returned or raised."""
    outcome: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    async def handle(line: AgiLine) -> None:
        try:
            outcome.set_result(await script(line))
        except Exception as error:
            outcome.set_exception(error)
            raise

    server = AgiServer("127.0.0.1", 0, handle)
    await server.start()
    try:
        async with FakeCall(server.port) as call:
            yield call, outcome
    finally:
        await server.close()


async def test_header_tells_the_call() -> None:
    async def script(line: AgiLine) -> object:
        port: CallerLine = line
        assert port is line
        return line.call_id, line.variables["agi_calleridname"], line.variables["agi_arg_1"]

    async with session(script) as (call, outcome):
        assert await outcome == ("hl1-1764000000.12", "Қайрат", "kk")
        assert await call.over()


@pytest.mark.parametrize(
    ("answer", "key"),
    [("200 result=0 endpos=8000", None), ("200 result=49 endpos=800", "1"), ("200 result=35 endpos=0", "#")],
)
async def test_a_key_cuts_the_sound_short(answer: str, key: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    async with session(lambda line: line.play("kk/menu", "123#")) as (call, outcome):
        await call.expect('STREAM FILE "bailanys/kk/menu" "123#"', answer)
        assert await outcome == key
        assert await call.over()
    assert f"keys={0 if key is None else 1}" in capsys.readouterr().out


@pytest.mark.parametrize("answer", ["200 result=-1 endpos=0", "200 result=0 endpos=0"])
@pytest.mark.parametrize(("pressed", "key"), [(0, None), (ord("2"), "2"), (ord("9"), None)])
async def test_missing_sound_is_logged_and_the_session_goes_on(
    answer: str, pressed: int, key: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asterisk 22 answers -1 to a missing file as to a hang-up."""
    async with session(lambda line: line.play("nothing", "12")) as (call, outcome):
        await call.expect('STREAM FILE "bailanys/nothing" "12"', answer)
        await call.expect('WAIT FOR DIGIT "1"', f"200 result={pressed}")
        assert await outcome == key
    assert "sound missing" in capsys.readouterr().out


async def test_hang_up_at_the_first_sample_is_no_missing_sound(capsys: pytest.CaptureFixture[str]) -> None:
    async with session(lambda line: line.play("menu", "12")) as (call, outcome):
        await call.expect('STREAM FILE "bailanys/menu" "12"', "200 result=-1 endpos=0")
        await call.expect('WAIT FOR DIGIT "1"', "200 result=-1")
        with pytest.raises(CallerGoneError):
            await outcome
    assert "sound missing" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "key"), [("200 result=0", None), ("200 result=42", "*"), ("200 result= (timeout)", None)]
)
async def test_wait_for_a_key(answer: str, key: str | None) -> None:
    """Trap 3: panoramisk loses the word of `result= (timeout)`."""
    async with session(lambda line: line.wait_key(2.5)) as (call, outcome):
        await call.expect('WAIT FOR DIGIT "2500"', answer)
        assert await outcome == key


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("200 result=0", None),
        ("200 result=1 ()", ""),
        ("200 result=1 (kk)", "kk"),
        ("200 result=1 (hangup)", "hangup"),
        ("200 result=1 (a (b) c)", "a (b) c"),
        ("200 result=1 (Қайрат)", "Қайрат"),
        (b"200 result=1 (\xcf\xf0)", r"\xcf\xf0"),
        ("200 result=1 (two\nlines)", "two\nlines"),
        ("100 result=0 Trying...\n200 result=1 (late)", "late"),
    ],
)
async def test_values_come_as_they_are(answer: str | bytes, value: str | None) -> None:
    async with session(lambda line: line.get_variable("X")) as (call, outcome):
        await call.expect('GET VARIABLE "X"', answer)
        assert await outcome == value


async def test_answers_stay_in_step_after_a_value_with_lines_like_answers() -> None:
    async def script(line: AgiLine) -> object:
        return await line.get_variable("X"), await line.get_variable("Y")

    async with session(script) as (call, outcome):
        await call.expect('GET VARIABLE "X"', "200 result=1 (a)\nb)")
        await call.expect('GET VARIABLE "Y"', "200 result=1 (y)")
        assert await outcome == ("a", "y")


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ("plain", '"plain"'),
        ("", '""'),
        ('say "yes"', r'"say \"yes\""'),
        ("back\\slash\\", r'"back\\slash\\"'),
        ("${EVIL} $(rm)", '"${EVIL} $(rm)"'),
        ("a,b c", '"a,b c"'),
    ],
)
async def test_values_are_quoted(value: str, wire: str) -> None:
    async with session(lambda line: line.set_variable("CHANNEL(language)", value)) as (call, outcome):
        await call.expect(f'SET VARIABLE "CHANNEL(language)" {wire}', "200 result=1")
        await outcome


async def test_language_is_the_channels() -> None:
    async with session(lambda line: line.speak_language("ru")) as (call, outcome):
        await call.expect('SET VARIABLE "CHANNEL(language)" "ru"', "200 result=1")
        await outcome


async def test_arguments_of_an_application_arrive_one_by_one() -> None:
    async with session(lambda line: line.execute("Set", "A=1,2", 'B="(x)"', "")) as (call, outcome):
        await call.expect(r'EXEC "Set" "A=1\\,2,B=\\\"\\(x\\)\\\","', "200 result=0")
        assert await outcome == "0"


async def test_step_is_kept_in_the_journal() -> None:
    async with session(lambda line: line.step("menu", "state services & more, \n")) as (call, outcome):
        await call.expect(
            'EXEC "CELGenUserEvent" "step,step=menu&detail=state%20services%20%26%20more%2C%20%0A"', "200 result=0"
        )
        await outcome


async def test_step_of_a_caller_who_is_gone_is_no_error() -> None:
    async with session(lambda line: line.step("menu")) as (call, outcome):
        await call.expect('EXEC "CELGenUserEvent" "step,step=menu&detail="', "200 result=-1")
        assert await outcome is None


@pytest.mark.parametrize(
    "call_to_make",
    [
        lambda line: line.set_variable("X", "a\nHANGUP"),
        lambda line: line.set_variable("X", "a\r"),
        lambda line: line.set_variable("X", "a\0"),
        lambda line: line.set_variable("X Y", "a"),
        lambda line: line.set_variable("X", "y" * 3000),
        lambda line: line.get_variable("X)"),
        lambda line: line.execute("Set,x", "a"),
        lambda line: line.play("../../etc/passwd", ""),
        lambda line: line.play("Menu", ""),
        lambda line: line.play("menu", "1 2"),
    ],
)
async def test_what_cannot_be_sent_is_refused(call_to_make: Callable[[AgiLine], Awaitable[object]]) -> None:
    async def script(line: AgiLine) -> object:
        with pytest.raises(ValueError, match=r"."):
            await call_to_make(line)
        return await line.get_variable("NEXT")

    async with session(script) as (call, outcome):
        await call.expect('GET VARIABLE "NEXT"', "200 result=1 (fine)")
        assert await outcome == "fine"


@pytest.mark.parametrize(
    "answer",
    [
        "200 result=-1 endpos=160",
        "HANGUP\n200 result=49 endpos=0",
        "511 Command Not Permitted on a dead channel or intercept routine",
        "200 result=0 (hangup)",
    ],
)
async def test_hang_up_ends_the_session(answer: str) -> None:
    """Trap 2: a `HANGUP` line is an answer to panoramisk, and every later command gets the one before its own."""

    async def script(line: AgiLine) -> object:
        with pytest.raises(CallerGoneError):
            await line.set_variable("X", "1")
        for _ in range(2):
            with pytest.raises(CallerGoneError):
                await line.play("menu", "1")
        return "gone"

    async with session(script) as (call, outcome):
        await call.expect('SET VARIABLE "X" "1"', answer)
        assert await outcome == "gone"
        assert await call.over()


async def test_close_in_the_middle_of_a_command() -> None:
    """Trap 3: a `ValueError` in panoramisk."""
    async with session(lambda line: line.play("menu", "1")) as (call, outcome):
        await call.command()
        call.writer.write(b"200 res")
        call.writer.close()
        with pytest.raises(CallerGoneError):
            await outcome


@pytest.mark.parametrize(
    "answer",
    [
        "510 Invalid or unknown command",
        "520-Invalid command syntax.  Proper usage follows:\nUsage: GET VARIABLE\n520 End of proper usage.",
        "520 Invalid command syntax.  Proper usage not available.",
        "200 result=-2",
    ],
)
async def test_our_own_mistakes_are_told_and_the_session_goes_on(answer: str) -> None:
    async def script(line: AgiLine) -> object:
        with pytest.raises(AgiRefusedError):
            await line.execute("NoSuchThing")
        return await line.get_variable("NEXT")

    async with session(script) as (call, outcome):
        await call.expect('EXEC "NoSuchThing" ""', answer)
        await call.expect('GET VARIABLE "NEXT"', "200 result=1 (fine)")
        assert await outcome == "fine"


async def test_answer_without_an_end_is_the_end_of_the_session() -> None:
    async with session(lambda line: line.get_variable("X")) as (call, outcome):
        await call.expect('GET VARIABLE "X"', b"200 result=1 (" + b"x" * 200_000)
        with pytest.raises(CallerGoneError):
            await outcome


async def test_noise_without_an_end_is_the_end_of_the_session() -> None:
    async with session(lambda line: line.get_variable("X")) as (call, outcome):
        await call.expect('GET VARIABLE "X"', b"noise\n" * 200)
        with pytest.raises(CallerGoneError):
            await outcome
