"""Prepares one site: its folders, secrets, sounds and every file that Asterisk reads."""

from __future__ import annotations

from pathlib import Path

from bailanys.site.secrets import Secrets, site_secrets
from config.places import Places
from config.settings import Settings
from dialplan.install import install
from dialplan.render import Site, render
from dialplan.verify import verify
from speech.compose import MUSIC_SUBFOLDER, install_sounds
from speech.sources import Sources
from telephony.embedded import AsteriskInstall


def asterisk_site(settings: Settings, places: Places, asterisk: AsteriskInstall, keys: Secrets) -> Site:
    """The values that Asterisk's files are rendered from."""
    return Site(
        asterisk=asterisk.version,
        available=frozenset(path.stem for path in asterisk.module_dir.glob("*.so")),
        etc=places.etc,
        modules=asterisk.module_dir,
        lib=places.state / "lib",
        data=places.state / "data",
        spool=places.spool,
        run=places.state / "run",
        log=places.log,
        music=places.sounds / MUSIC_SUBFOLDER,
        tls_certificate=places.state / settings.sip.tls_certificate,
        tls_key=places.state / settings.sip.tls_key,
        ami_secret=keys.ami,
        passwords=keys.operators,
    )


def prepare(settings: Settings, places: Places, asterisk: AsteriskInstall) -> Secrets:
    """Make the site ready to start.

    Raises OSError, DialplanError, and speech's error for a prompt that is missing or unreadable.
    """
    keys = site_secrets(places.state, (operator.number for operator in settings.operators))
    site = asterisk_site(settings, places, asterisk, keys)
    for folder in (*site.folders, places.archive):
        folder.mkdir(parents=True, exist_ok=True)
    places.state.chmod(0o750)
    install_sounds(settings, site.sounds, Sources(studio=places.override))
    _link(site.data / "documentation", asterisk.data_dir / "documentation")
    files = render(settings, site)
    verify(files, settings)
    install(files, places.etc)
    return keys


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)
