"""`bailanys prompts`: what callers hear, rendered from the catalogues or recorded in a studio."""

from __future__ import annotations

from typing import Annotated

import typer

from bailanys.cli.context import DEFAULT_CONFIG, ROOT, ConfigOption, JsonOption, centre, show

app = typer.Typer(help="Prompts: render what changed, list what is spoken.", no_args_is_help=True)


@app.command()
def build() -> None:
    """Render every prompt whose text or voice changed (needs RHVoice and espeak-ng)."""
    from rich.progress import Progress

    from speech.music import write_hold_music
    from speech.render import SOUNDS, changed, render

    write_hold_music(SOUNDS / "music" / "hold.wav")
    todo = changed()
    if not todo:
        typer.echo("Every prompt is as its text says.")
        return
    with Progress() as progress:
        bar = progress.add_task("Rendering", total=len(todo))
        for made in render():
            progress.update(bar, advance=1, description=str(made))


@app.command("list")
def list_(
    config: ConfigOption = DEFAULT_CONFIG,
    synthetic: Annotated[bool, typer.Option(help="Only those that no studio recording replaces yet.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List every prompt with its text and whether a studio recording replaces the synthetic voice."""
    from bailanys.site import places_of
    from speech.catalogue import catalogue
    from speech.sources import Sources, needed_prompts, synthetic_prompts

    settings = centre(config).settings
    sources = Sources(studio=places_of(settings, ROOT).override)
    still = set(synthetic_prompts(settings, sources))
    rows = [
        {
            "language": prompt.language,
            "id": prompt.id,
            "voice": "synthetic" if prompt in still else "studio",
            "text": catalogue(prompt.language).get(prompt.id, ""),
        }
        for prompt in needed_prompts(settings)
        if prompt in still or not synthetic
    ]
    show(rows, as_json=as_json, title="Prompts")
