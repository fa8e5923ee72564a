"""What is handed over: whole, signed, and checked by a plain Python that has nothing installed (promises 8, 9, 13)."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import random
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import asdict
from pathlib import Path, PureWindowsPath
from typing import Any, BinaryIO

import numpy as np
import pytest
import soundfile

from calls.audit import Note, chained
from calls.demand import Also
from demands.mp3 import Mp3
from demands.offline import verify
from demands.package_zip import Item, build
from demands.protocol import protocol
from demands.protocol_pdf import pdf
from phones.tones import hears
from recordings.errors import AudioDiffersError, CopyFailedError
from recordings.vault.signing import Signer, first_signer
from tests.small_disk import FILLING, small_disk
from tests.unit.recordings.raw_talk import CALLER_HZ, OPERATOR_HZ, two_voices

MADE_MS = 1_764_000_000_000


def flac(seconds: float) -> bytes:
    made = io.BytesIO()
    soundfile.write(made, two_voices(seconds), 8000, format="FLAC", subtype="PCM_16")
    return made.getvalue()


def item(file: str, content: bytes, **facts: Any) -> Item:
    known = {
        "file": file,
        "flac_sha256": hashlib.sha256(content).hexdigest(),
        "call": "hl1-1764000000.12",
        "segment": 1,
        "match": "exact",
        "number_as_presented": "77012345678",
        "operator": "101",
        "arrived_ms": MADE_MS - 90_000,
        "answered_ms": MADE_MS - 60_000,
        "duration_ms": 2000,
    }

    def opened() -> BinaryIO:
        return io.BytesIO(content)

    return Item(known | facts, opened)


def about(exact: int = 2) -> dict[str, Any]:
    return {
        "format": 1,
        "made_ms": MADE_MS,
        "time_zone": "Asia/Almaty",
        "demand": {
            "id": "D-2025-0001", "authority": "service-quality", "letter": "14-2/118 от 20.11.2025",
            "ground": "Правила № 83, п. 14", "day": "2025-11-20", "phone": "8 (701) 234-56-78",
            "received_ms": MADE_MS - 3_600_000, "deadline_ms": MADE_MS + 3 * 3_600_000,
            "registered_ms": MADE_MS - 3_500_000, "registered_by": "Айгүл", "scan_sha256": "cd" * 32,
        },
        "channels": {"left": "caller", "right": "operator"},
        "searched": {
            "from_ms": MADE_MS - 86_400_000, "to_ms": MADE_MS, "journal_unread_bytes": 0, "archive_without_row": 0,
            "talks": {"talks": 9, "recorded": 7, "unfinished": 1, "gaps": {"missing": 1}}, "more_gaps": False,
            "gaps": [
                {"call": "hl1-1.2", "segment": 1, "operator": "102", "from_ms": MADE_MS - 9_000, "to_ms": MADE_MS,
                 "reason": "disk-full"},
            ],
        },
        "search": {"exact": exact, "possible": 0, "adjacent": 0, "without_recording": 1},
        "gaps": [{"call": "hl1-1.2", "arrived_ms": MADE_MS, "operator": "102", "status": "missing"}],
        "persons": {"selected_by": "аудитор", "approved_by": "начальник", "alone": ""},
    }  # fmt: skip


def proof() -> list[dict[str, Any]]:
    first = chained(Note("finaliser", "recording.kept", "a", {"sha256": "ab"}), 5, None)
    return [asdict(first), asdict(chained(Note("Әсел", "demand.packaged", "D-2025-0001", {}), 6, first))]


def protocol_texts() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(verify.__file__).parents[1] / "texts/protocol.toml").read_text(encoding="utf-8"))


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return first_signer(tmp_path / "keys" / "signing.pem")


@pytest.fixture
def package(tmp_path: Path, signer: Signer) -> Path:
    target = tmp_path / "D-2025-0001.zip"
    items = [item("hl1-1764000000.12-1-1", flac(2.0)), item("hl1-1764000000.12-2-2", flac(3.0), segment=2)]
    sha256 = build(target, about(), items, proof(), signer)
    assert sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    return target


def checked(where: Path) -> subprocess.CompletedProcess[str]:
    """As the authority does it: a bare Python, isolated from everything that is installed here."""
    script = where.parent / "verify.py"
    script.write_bytes(Path(verify.__file__).read_bytes())
    command = [sys.executable, "-I", "-S", str(script), str(where)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_package_holds_every_sample_and_verifies_offline(package: Path, signer: Signer, tmp_path: Path) -> None:
    said = checked(package)
    assert (said.returncode, said.stderr) == (0, "")
    assert signer.public_key in said.stdout
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(package) as opened:
        opened.extractall(folder)
    wav = folder / "audio" / "hl1-1764000000.12-2-2.wav"
    info = soundfile.info(wav)
    assert (info.format, info.channels, info.frames) == ("WAV", 2, 24_000)
    assert hears(wav, CALLER_HZ, channel=0, share=0.9) and hears(wav, OPERATOR_HZ, channel=1, share=0.9)
    unpacked = subprocess.run([sys.executable, "-I", "-S", "verify.py"], cwd=folder, capture_output=True, timeout=60)
    assert unpacked.returncode == 0
    assert (folder / "protocol-kk.pdf").read_bytes().startswith(b"%PDF")
    assert sorted(path.suffix for path in package.parent.iterdir() if path.suffix == ".part") == []
    assert package.stat().st_mode & 0o777 == 0o600


def test_an_mp3_lies_beside_each_wav_where_it_is_asked_for(tmp_path: Path, signer: Signer) -> None:
    """Of the same samples and length, listed, hashed, in the protocol, and checked by the verifier like the others."""
    target, talk = tmp_path / "D-2025-0001.zip", flac(65.3)  # no whole number of seconds, nor of MP3's frames
    items = [item("hl1-1764000000.12-1-1", talk), item("hl1-1764000000.12-2-2", flac(2.0), segment=2)]
    build(target, about(), items, proof(), signer, (Also.MP3,))
    assert [path.name for path in tmp_path.iterdir() if path.name != "keys"] == [target.name]
    assert (checked(target).returncode, checked(target).stderr) == (0, "")
    held = contents(target)
    manifest, signed = json.loads(held["manifest.json"]), json.loads(held["protocol.json"])
    for number, one in enumerate(manifest["recordings"]):
        name, wav = one["mp3"], soundfile.info(io.BytesIO(held[one["audio"]]))
        assert name == one["audio"].replace(".wav", ".mp3")
        assert manifest["files"][name] == one["mp3_sha256"] == hashlib.sha256(held[name]).hexdigest()
        heard = soundfile.info(io.BytesIO(held[name]))
        assert (heard.format, heard.channels, heard.samplerate) == ("MP3", 2, 8000)
        assert 0 <= heard.frames - wav.frames < 2 * 1152
        (tmp_path / f"{number}.mp3").write_bytes(held[name])
        assert hears(tmp_path / f"{number}.mp3", CALLER_HZ, channel=0, share=1.0)
        assert hears(tmp_path / f"{number}.mp3", OPERATOR_HZ, channel=1, share=1.0)
        assert not hears(tmp_path / f"{number}.mp3", CALLER_HZ, channel=1, share=0.1)
        assert noise_db(held[one["audio"]], held[name]) < -30
        for text in signed["text"].values():
            told = json.dumps(text, ensure_ascii=False)
            assert name in told and one["mp3_sha256"] in told
        assert len(held[name]) < 0.3 * len(held[one["audio"]])
    name = "audio/hl1-1764000000.12-2-2.mp3"
    for changed in ({name: held[name][:-1] + b"\0"}, {name: None}):
        with zipfile.ZipFile(target, "w") as made:
            for one, data in (held | changed).items():
                if data is not None:
                    made.writestr(one, data)
        said = checked(target)
        assert said.returncode == 1 and f"FAULT  {name}: is" in said.stdout


def noise_db(wav: bytes, mp3: bytes) -> float:
    """How far below the sound its coding's noise is, in the worse of the two sides."""
    (plain, _), (coded, _) = soundfile.read(io.BytesIO(wav)), soundfile.read(io.BytesIO(mp3))
    inner = slice(4000, len(plain) - 4000)
    noise = np.mean((coded[: len(plain)] - plain)[inner] ** 2, axis=0)
    return float(np.max(10 * np.log10(noise / np.mean(plain[inner] ** 2, axis=0))))


def test_without_being_asked_for_there_is_no_mp3(package: Path) -> None:
    assert not [name for name in contents(package) if name.endswith(".mp3")]
    assert "mp3" not in json.loads(contents(package)["manifest.json"])["recordings"][0]


NO_ROOM = r"No space left|no MP3 could be written there"


def test_a_disk_that_gets_full_while_the_mp3_is_made_leaves_nothing(tmp_path: Path, signer: Signer) -> None:
    items = [item("hl1-1764000000.12-1-1", flac(50.0))]  # 1.6 MB of WAV, 0.4 MB of MP3
    with small_disk(1) as disk:
        target = disk.path / "D-2025-0001.zip"
        with pytest.raises((OSError, CopyFailedError), match=NO_ROOM):
            build(target, about(), items, proof(), signer, (Also.MP3,))
        disk.fill()
        with pytest.raises((OSError, CopyFailedError), match=NO_ROOM):
            build(target, about(), [item("hl1-1764000000.12-1-1", flac(2.0))], proof(), signer, (Also.MP3,))
        assert [path.name for path in disk.path.iterdir()] == [FILLING]


def test_what_libsndfile_meets_in_the_file_of_the_mp3_is_told(tmp_path: Path) -> None:
    with small_disk(1) as disk, Mp3(disk.path) as mp3:
        disk.fill()
        with pytest.raises(CopyFailedError, match="no MP3 could be written there"):
            for second in two_voices(20.0).reshape(20, 8000, 2):
                mp3.add(second, 8000)


def test_one_changed_byte_anywhere_is_found(package: Path, tmp_path: Path) -> None:
    """Promise 9: a thousand mutations, a thousand found."""
    whole, chance, target = package.read_bytes(), random.Random(14), tmp_path / "changed.zip"
    with zipfile.ZipFile(package) as opened:
        content = {info.filename: opened.read(info) for info in opened.infolist()}
    assert not list(verify.faults(verify.Package(package)))
    for _ in range(950):  # in what the files hold, the ZIP's own checksums made right again
        name = chance.choice(sorted(content))
        data = bytearray(content[name])
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        with zipfile.ZipFile(target, "w") as made:
            for one, kept in content.items():
                made.writestr(one, bytes(data) if one == name else kept)
        assert list(verify.faults(verify.Package(target))), name
    for cut in range(50):  # in the ZIP itself
        target.write_bytes(whole[: -1 - cut * 7])
        assert checked(target).returncode == 1


def test_a_bit_of_the_zip_itself_is_found_or_changes_nothing_of_what_it_holds(package: Path, tmp_path: Path) -> None:
    """Promise 9: and whatever a broken ZIP makes Python raise is told in one line."""
    whole, chance, target = package.read_bytes(), random.Random(5), tmp_path / "changed.zip"
    held, refused = contents(package), 0
    for number in range(400):
        data = bytearray(whole)
        directory = len(whole) - 1_200
        data[chance.randrange(directory if number % 2 else 0, len(whole))] ^= 1 << chance.randrange(8)
        target.write_bytes(bytes(data))
        try:
            found = list(verify.faults(verify.Package(target)))
        except verify.UNREADABLE:  # `main` tells it
            refused += 1
            assert not holds(target, held), number  # nothing that can be read is refused
            continue
        assert found or contents(target) == held, number
    assert 0 < refused < 300


def holds(package: Path, held: dict[str, bytes]) -> bool:
    try:
        return contents(package) == held
    except verify.UNREADABLE:
        return False


def contents(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as opened:
        return {info.filename: opened.read(info) for info in opened.infolist()}


def test_the_verifier_is_for_any_python_from_3_8_on_and_any_console(package: Path, tmp_path: Path) -> None:
    """Promise 13: whatever the authority has; only the standard library, no path of ours, no letter it cannot print."""
    source = Path(verify.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
    assert not {"asyncio", "http", "socket", "ssl", "urllib"} & {name.partition(".")[0] for name in imported}

    folder = tmp_path / "Құжаттар мен файлдар"  # blanks and letters in the path, as on a person's machine
    with zipfile.ZipFile(package) as opened:
        opened.extractall(folder)
    console = {"PYTHONIOENCODING": "cp1251:strict", "PYTHONUTF8": "0", "LC_ALL": "C"}
    command = [sys.executable, "-S", str(folder / "verify.py")]
    said = subprocess.run(command, capture_output=True, env=console, timeout=60)
    assert (said.returncode, said.stderr) == (0, b"")
    (folder / "audio" / "қосылған әуен.wav").write_bytes(b"RIFF")
    said = subprocess.run(command, capture_output=True, env=console, timeout=60)
    assert said.returncode == 1 and said.stderr == b"" and said.stdout.startswith(b"FAULT  audio/")
    names = [PureWindowsPath(folder.name, *name.split("/")) for name in contents(package)]
    assert not any(set(path.name) & set('<>:"|?*') or path.name.endswith((".", " ")) for path in names)


@pytest.mark.parametrize("deed", ["add", "remove", "swap", "resign", "twice"])
def test_a_file_added_removed_swapped_or_signed_by_another_is_found(package: Path, tmp_path: Path, deed: str) -> None:
    with zipfile.ZipFile(package) as opened:
        content = [(info.filename, opened.read(info)) for info in opened.infolist()]
    names = [name for name, _ in content]
    first, second = names.index("audio/hl1-1764000000.12-1-1.wav"), names.index("audio/hl1-1764000000.12-2-2.wav")
    match deed:
        case "add":
            content.append(("audio/other.wav", b"RIFF"))
        case "remove":
            del content[first]
        case "swap":
            content[first], content[second] = (names[first], content[second][1]), (names[second], content[first][1])
        case "twice":
            content.append(content[first])
        case _:
            other = first_signer(tmp_path / "other.pem")
            signed = content[names.index("manifest.json")][1]
            forged = f"{other.public_key}\n{other.sign(signed)}\n".encode()
            content[names.index("manifest.sig")] = ("manifest.sig", forged)
    target = tmp_path / "changed.zip"
    with zipfile.ZipFile(target, "w") as made:
        for name, data in content:
            if deed == "twice" and name in made.namelist():
                with pytest.warns(UserWarning, match="Duplicate"):
                    made.writestr(name, data)
            else:
                made.writestr(name, data)
    said = checked(target)
    assert said.returncode == 1 and "FAULT" in said.stdout


def test_a_signature_is_spelt_in_one_way_only(package: Path, tmp_path: Path) -> None:
    held = contents(package)
    key, signature = held["manifest.sig"].decode().split()
    for other in (
        f"{key}\n{signature}",
        f"{key} {signature}\n",
        f"{key.upper()}\n{signature}\n",
        f"{key}\n{signature}\n\n",
    ):
        target = tmp_path / "changed.zip"
        with zipfile.ZipFile(target, "w") as made:
            for name, data in (held | {"manifest.sig": other.encode()}).items():
                made.writestr(name, data)
        assert list(verify.faults(verify.Package(target))) == ["the signature is not of this manifest.json"], other


def test_what_the_ledger_does_not_know_is_never_packed(tmp_path: Path, signer: Signer) -> None:
    target = tmp_path / "package.zip"
    wrong = item("hl1-1764000000.12-1-1", flac(2.0), flac_sha256="00" * 32)
    with pytest.raises(AudioDiffersError):
        build(target, about(), [wrong], proof(), signer)
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def test_nothing_found_is_a_signed_protocol_too(tmp_path: Path, signer: Signer) -> None:
    """Promise 8."""
    target = tmp_path / "nothing.zip"
    build(target, about(exact=0), [], proof(), signer)
    assert checked(target).returncode == 0
    with zipfile.ZipFile(target) as opened:
        manifest = json.loads(opened.read("manifest.json"))
        signed = json.loads(opened.read("protocol.json"))
    assert manifest["recordings"] == [] and manifest["gaps"][0]["status"] == "missing"
    for language, words, why in (("kk", "табылған жоқ", "дискіде орын"), ("ru", "не найдено", "не было места")):
        told = signed["text"][language]
        assert words in told["result"]
        assert any(why in cell for section in told["sections"] for line in section["lines"] for cell in line)
    assert signed["searched"]["talks"] == {"talks": 9, "recorded": 7, "unfinished": 1, "gaps": {"missing": 1}}


def test_the_protocol_says_everything_in_both_languages(package: Path) -> None:
    with zipfile.ZipFile(package) as opened:
        manifest = json.loads(opened.read("manifest.json"))
    for language in ("kk", "ru"):
        text = json.dumps(asdict(protocol(manifest, language)), ensure_ascii=False)
        assert "{" not in text.replace('{"', "")
        for fact in ("D-2025-0001", "14-2/118", "8 (701) 234-56-78", "hl1-1764000000.12-2-2", "77012345678", "аудитор"):
            assert fact in text
        assert manifest["recordings"][0]["sha256"] in text and manifest["public_key"] in text
        # The program in the package is as good as the package: by which hash, and where it is to be had apart.
        assert hashlib.sha256(Path(verify.__file__).read_bytes()).hexdigest() in text
        assert {"kk": "орталықтан бөлек алыңыз", "ru": "у центра отдельно от пакета"}[language] in text


def test_the_protocol_alone_is_signed_too(package: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(package) as opened:
        for name in ("protocol.json", "protocol.sig"):
            (tmp_path / name).write_bytes(opened.read(name))
    said = checked(tmp_path / "protocol.json")
    assert (said.returncode, said.stderr) == (0, "") and "as it was signed" in said.stdout
    told = (tmp_path / "protocol.json").read_text()
    (tmp_path / "protocol.json").write_text(told.replace("14-2/118", "14-2/119"))
    said = checked(tmp_path / "protocol.json")
    assert said.returncode == 1 and "FAULT" in said.stdout


def test_a_protocol_that_says_something_else_than_the_manifest_is_found(package: Path, signer: Signer) -> None:
    """Even one that the hotline's own key has signed."""
    with zipfile.ZipFile(package) as opened:
        content = {info.filename: opened.read(info) for info in opened.infolist()}

    def signed(name: str, value: Any) -> None:
        content[name] = (json.dumps(value, ensure_ascii=False) + "\n").encode()
        signature = f"{signer.public_key}\n{signer.sign(content[name])}\n"
        content[name.replace(".json", ".sig")] = signature.encode()

    protocol_, manifest = json.loads(content["protocol.json"]), json.loads(content["manifest.json"])
    signed("protocol.json", protocol_ | {"recordings": []})
    for name in ("protocol.json", "protocol.sig"):
        manifest["files"][name] = hashlib.sha256(content[name]).hexdigest()
    signed("manifest.json", manifest)
    target = package.with_name("other.zip")
    with zipfile.ZipFile(target, "w") as made:
        for name, data in content.items():
            made.writestr(name, data)
    assert list(verify.faults(verify.Package(target))) == ["protocol.json: recordings is not what the manifest says"]


def test_the_same_facts_make_the_same_pages(package: Path) -> None:
    with zipfile.ZipFile(package) as opened:
        manifest = json.loads(opened.read("manifest.json"))
        for language in ("kk", "ru"):
            assert pdf(protocol(manifest, language), MADE_MS) == opened.read(f"protocol-{language}.pdf")


def section(told: Any, head: str) -> dict[str, str]:
    (found,) = [one for one in told.sections if head in dict(one.rows)]
    return dict(found.rows)


def test_who_talked_is_named_and_nobody_is_a_dash(package: Path) -> None:
    manifest = json.loads(contents(package)["manifest.json"])
    (first, second), words = manifest["recordings"], protocol_texts()["ru"]
    manifest["recordings"] = [first | {"operator": "101"}]
    assert section(protocol(manifest, "ru"), words["operator"])[words["operator"]] == "101"
    manifest["recordings"] = [second | {"operator": None, "answered_ms": None, "number_as_presented": ""}]
    told = section(protocol(manifest, "ru"), words["operator"])
    assert [told[words[name]] for name in ("operator", "answered", "presented")] == ["–", "–", "–"]


@pytest.mark.parametrize(("count", "more"), [(499, False), (500, False), (501, True)])
def test_a_table_on_paper_has_five_hundred_rows_and_says_that_there_are_more(count: int, more: bool) -> None:
    manifest = about() | {"recordings": [], "public_key": "ab" * 32}
    manifest["searched"]["gaps"] *= count
    (table,) = [one for one in protocol(manifest, "ru").sections if len(one.lines) > 400]
    assert len(table.lines) == min(count, 500)
    assert (protocol_texts()["ru"]["more_rows"].format(shown=500, all=count) in table.text) is more


@pytest.mark.parametrize(("unknown", "words"), [(0, "есть в реестре"), (3, "нет в реестре: 3"), (None, "недоступен")])
def test_the_protocol_says_what_is_known_of_the_archive(unknown: int | None, words: str) -> None:
    manifest = about() | {"recordings": [], "public_key": "ab" * 32}
    manifest["searched"] |= {"archive_without_row": unknown}
    assert words in json.dumps(asdict(protocol(manifest, "ru")), ensure_ascii=False)


@pytest.mark.parametrize(
    ("exact", "possible", "words"),
    [
        (0, 0, "не найдено"),
        (1, 0, "Ни одна из найденных"),
        (0, 1, "Ни одна из найденных"),
        (2, 3, "Ни одна из найденных"),
    ],
)
def test_nothing_found_and_nothing_chosen_are_two_answers(exact: int, possible: int, words: str) -> None:
    manifest = about(exact) | {"recordings": [], "public_key": "ab" * 32}
    manifest["search"] |= {"possible": possible}
    assert words in protocol(manifest, "ru").result, protocol(manifest, "ru").result
