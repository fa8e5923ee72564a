"""A path that would lead Asterisk elsewhere, or nowhere, is refused before anything is started."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from config.load import load
from config.path_signs import paths_unfit, unfit_sign
from config.source import read
from dialplan.render import MODULES, Site, render
from dialplan.verify import DialplanError, verify

SHIPPED = Path("config/hotline.toml")


@pytest.mark.parametrize("name", ["var", "a b", "Менің сервер", "айгүл", "a-b_c.d+e=f@g~h", "1414", "ünïcode"])
def test_a_path_of_letters_and_blanks_is_fit(name: str) -> None:
    assert unfit_sign(Path("/srv") / name / "state") is None


@pytest.mark.parametrize("sign", [*",;&|$\"'`\\()[]{}<>!?*#%^:", "\n", "\t", "\x1b", "\u2028"])
def test_a_path_with_a_sign_that_means_something_is_not(sign: str) -> None:
    assert unfit_sign(Path(f"/srv/a{sign}b/state"))


@pytest.mark.parametrize("name", [" a", "a "])
def test_a_name_that_begins_or_ends_with_a_blank_is_not(name: str) -> None:
    assert unfit_sign(Path("/srv") / name / "state")


def test_the_line_that_names_the_folder_is_told(tmp_path: Path) -> None:
    config = tmp_path / "hotline.toml"
    config.write_text(SHIPPED.read_text() + '\n[storage]\nstate_dir = "/srv/a;b"\n')
    settings, source = load(config, {}), read(config, {})
    (problem,) = paths_unfit(settings, tmp_path, (), source)
    line = config.read_text().splitlines().index('state_dir = "/srv/a;b"') + 1
    assert str(problem) == (
        f"{config}:{line}: storage.state_dir: /srv/a;b has `;` in it, which Asterisk's files cannot name: "
        "choose another folder"
    )


def test_the_variable_that_names_the_folder_is_told() -> None:
    env = {"BAILANYS_STORAGE__STATE_DIR": "/srv/a,b"}
    (problem,) = paths_unfit(load(SHIPPED, env), Path("/srv"), (), read(SHIPPED, env))
    assert str(problem).startswith("environment: BAILANYS_STORAGE__STATE_DIR: /srv/a,b has `,` in it")


def test_the_clones_own_path_is_looked_at() -> None:
    base = Path("/home/x/a:b")
    problems = paths_unfit(load(SHIPPED, {}), base, (base / ".cache",))
    assert [str(problem) for problem in problems] == [
        f"storage.state_dir: {base}/var has `:` in it, which Asterisk's files cannot name: choose another folder",
        f"{base}/.cache: has `:` in it, which Asterisk's files cannot name: move the project to a folder without it",
    ]


def test_certificates_count_where_there_is_tls() -> None:
    env = {"BAILANYS_SIP__TLS_KEY": "/etc/a#b.key"}
    assert paths_unfit(load(SHIPPED, env), Path("/srv")) == []
    (problem,) = paths_unfit(load(SHIPPED, env | {"BAILANYS_SIP__TLS_PORT": "5061"}), Path("/srv"))
    assert problem.key == "sip.tls_key"


def test_what_only_we_read_may_be_called_anything() -> None:
    env = {"BAILANYS_STORAGE__ARCHIVE_DIR": "/mnt/a;b", "BAILANYS_SPEECH__OVERRIDE_DIR": "/mnt/a,b"}
    assert paths_unfit(load(SHIPPED, env), Path("/srv")) == []


def test_rendered_files_are_not_installed_with_such_a_path() -> None:
    settings, here = load(SHIPPED, {}), Path("/srv/a b")
    site = Site(
        asterisk=(22, 10, 1), available=frozenset(MODULES), etc=here, modules=here, lib=here, data=here, spool=here,
        run=here, log=here, music=here, tls_certificate=here, tls_key=here, ami_secret="secret",
        passwords={operator.number: "secret" for operator in settings.operators},
    )  # fmt: skip
    verify(render(settings, site), settings)
    broken = render(settings, dataclasses.replace(site, spool=Path("/srv/a;b")))
    with pytest.raises(DialplanError, match="astspooldir: /srv/a;b has ;"):
        verify(broken, settings)
