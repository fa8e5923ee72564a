"""`bailanys prompts`: what callers hear, rendered from the catalogues or recorded in a studio."""

from __future__ import annotations

import errno
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bailanys.cli.context import (
    DEFAULT_CONFIG,
    ONE_OF_LANGUAGES,
    ROOT,
    ConfigOption,
    JsonOption,
    WideOption,
    centre,
    say,
    show,
)
from config.ownership import as_caller

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from config.places import Places
    from config.settings import Settings
    from speech.levels import Measured
    from speech.sources import Prompt, Sources

app = typer.Typer(help="Prompts: take a studio's, list and hear them, render what changed.", no_args_is_help=True)

LanguageOption = Annotated[str, typer.Option("--language", "-l", help=f"Of the callers: {ONE_OF_LANGUAGES}.")]


@app.command()
def build() -> None:
    """Render every prompt whose text or voice changed (needs RHVoice and espeak-ng)."""
    from rich.progress import Progress

    from speech.music import write_hold_music
    from speech.render import SOUNDS, changed, render

    write_hold_music(SOUNDS / "music" / "hold.wav")
    todo = changed()
    if not todo:
        say("Every prompt is as its text says.")
        return
    with Progress() as progress:
        bar = progress.add_task("Rendering", total=len(todo))
        for made in render():
            progress.update(bar, advance=1, description=str(made))


@app.command("list")
def list_(
    config: ConfigOption = DEFAULT_CONFIG,
    synthetic: Annotated[bool, typer.Option(help="Only those that no studio recording replaces yet.")] = False,
    language: Annotated[str, typer.Option("--language", "-l", help="Only this one.")] = "",
    odd: Annotated[bool, typer.Option("--odd", help="Only those with a remark.")] = False,
    as_json: JsonOption = False,
    wide: WideOption = False,
) -> None:
    """List every prompt: text, voice, length, level, and what is odd about it.

    The level is that of the speech without its pauses, dBFS RMS. Remarks: clipped, 2 dB or more off the language's
    median, silent, as loud all the time, not readable.
    """
    from config.places import places_of
    from speech.sources import Sources, needed_prompts, spoken_language

    settings = centre(config).settings
    sources = Sources(studio=places_of(settings, ROOT).override)
    wanted = (spoken_language(settings, language),) if language else settings.hotline.languages
    rows = _rows([prompt for prompt in needed_prompts(settings) if prompt.language in wanted], sources)
    rows = [row for row in rows if not (synthetic and row["voice"] != "synthetic") and not (odd and not row["remarks"])]
    shown = rows if as_json else [line(row) for row in rows]
    show(shown, as_json=as_json, title="Prompts (dBFS: RMS of the speech)", wide=wide)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A studio's WAV or FLAC: 8 to 192 kHz, mono or stereo.")],
    prompt: Annotated[str, typer.Option("--as", metavar="ID", help="Which prompt it is, as `list` names it.")],
    language: LanguageOption,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of one that is there.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Make a studio's recording a prompt; the next caller hears it, nothing is started anew.

    It is trimmed of silence, brought to the level of the language's other prompts, softened at both ends, and kept in
    the studio folder at 8 kHz, mono, 16 bit.
    """
    from bailanys.cli.person import who
    from calls.people import Action
    from config.places import places_of
    from speech.delivered import delivered
    from speech.levels import usual_level
    from speech.sources import Sources, known_prompt, spoken_language
    from speech.studio import finished, keep

    settings = centre(config).settings
    who(settings, Action.IMPORT_PROMPT)
    wanted = known_prompt(settings, spoken_language(settings, language), prompt)
    places = places_of(settings, ROOT)
    sources = Sources(studio=places.override)
    with as_caller():
        came = delivered(file)
    usual_db = usual_level(settings, sources, wanted.language, but=prompt)
    made, target = finished(came, usual_db), sources.studio_path(wanted)
    keep(made.samples, target, replace=replace)
    laid_out, warnings = _laid_out(settings, places)
    warnings += made.warnings
    if as_json:
        row = {
            "language": wanted.language, "id": wanted.id, "file": str(target), "came_as": came.form,
            "level_dbfs": _tenth(made.figures.level_db), "others_dbfs": _tenth(usual_db),
            "seconds": round(made.figures.seconds, 2), "laid_out": laid_out, "warnings": warnings,
        }  # fmt: skip
        show([row], as_json=True)
        return
    figures = f"{made.figures.seconds:.2f} s, {made.figures.level_db:.1f} dBFS (the others: {usual_db:.1f})"
    say(f"{wanted}: {figures}; from {came.form}\n{target}")
    say("The next caller hears it." if laid_out else "Callers hear it from the next `bailanys run` on.")
    for warning in warnings:
        say(f"warning: {warning}", err=True)


@app.command()
def join(
    names: Annotated[
        list[str], typer.Argument(help="Prompts (hello), composed sounds (menu-first), position=12, wait=2-5.")
    ],
    language: LanguageOption,
    out: Annotated[Path, typer.Option(help="The WAV to write.", dir_okay=False)],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Write what a caller hears, one announcement after the other, to be heard first: as A-law brings it over the line.

    For example: `bailanys prompts join position=12 wait=2-5 --language kk --out /tmp/place.wav`.
    """
    from config.places import places_of
    from speech.announcements import heard, script_of, words
    from speech.files import write
    from speech.levels import measured
    from speech.sources import Sources, spoken_language

    settings = centre(config).settings
    spoken = spoken_language(settings, language)
    said = [script_of(settings, spoken, name) for name in names]
    samples = heard(said, Sources(studio=places_of(settings, ROOT).override))
    with as_caller():
        if not out.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "There is no such folder", str(out.parent))
        write(out, samples)
    figures = measured(samples)
    row = {
        "file": str(out), "seconds": round(figures.seconds, 2), "level_dbfs": _tenth(figures.level_db),
        "text": words(said),
    }  # fmt: skip
    if as_json:
        show([row], as_json=True)
    else:
        say(f"{row['text']}\n{out}: {row['seconds']} s, {row['level_dbfs']} dBFS")


def _rows(prompts: Sequence[Prompt], sources: Sources) -> list[dict[str, Any]]:
    """All that is known of each prompt, held against the others of its language."""
    from speech.catalogue import catalogue
    from speech.levels import oddities, usual

    heard = [(prompt, *_measured(prompt, sources)) for prompt in prompts]
    usual_db = {
        language: usual(one.level_db for prompt, one, _ in heard if one and prompt.language == language)
        for language in {prompt.language for prompt in prompts}
    }
    return [
        {
            "language": prompt.language,
            "id": prompt.id,
            "voice": _voice(prompt, sources),
            "seconds": round(one.seconds, 2) if one else None,
            "level_dbfs": _tenth(one.level_db) if one else None,
            "remarks": oddities(one, usual_db[prompt.language]) if one else [fault],
            "text": catalogue(prompt.language).get(prompt.id, ""),
        }
        for prompt, one, fault in heard
    ]


def _measured(prompt: Prompt, sources: Sources) -> tuple[Measured | None, str]:
    """Its figures, or why there are none."""
    from speech.errors import SpeechError
    from speech.files import read
    from speech.levels import measured

    try:
        return measured(read(sources.path(prompt))), ""
    except SpeechError as error:
        return None, str(error)


def _voice(prompt: Prompt, sources: Sources) -> str:
    if sources.is_studio(prompt):
        return "studio"
    return "synthetic" if sources.find(prompt) is not None else "none"


def line(row: Mapping[str, Any]) -> dict[str, Any]:
    """A prompt as a person reads it."""
    return {
        "prompt": f"{row['language']}/{row['id']}",
        "voice": row["voice"],
        "s": row["seconds"],
        "dBFS": row["level_dbfs"],
        "text": row["text"],
        "remarks": row["remarks"],
    }


def _laid_out(settings: Settings, places: Places) -> tuple[bool, list[str]]:
    """Lay the sounds out for an Asterisk that may be playing them; where none was ever started its start does it."""
    from speech.compose import RECEIPT, install_sounds
    from speech.errors import SpeechError
    from speech.sources import Sources

    if not (places.sounds / RECEIPT).is_file():
        return False, []
    try:
        install_sounds(settings, places.sounds, Sources(studio=places.override))
    except (SpeechError, OSError) as error:
        return False, [f"kept, but not heard yet: {error}; mend that and `bailanys dialplan install`"]
    return True, []


def _tenth(level_db: float) -> float | None:
    return round(level_db, 1) if level_db > -math.inf else None
