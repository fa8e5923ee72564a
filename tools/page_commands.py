"""The commands that a page names: found in its code, and held against the command line and the Makefile.

A page is Markdown. A command stands in a block of code or in a span of it, as people type it or as a manual writes it:
with `[--json]`, `--now | --drain`, `CALL`, `FILE…` and comments. What a person puts in is not looked at; each command,
option, value of a fixed choice and target of make must be there.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt

PROGRAM = "bailanys"
PICTURES = ("mermaid", "text")
"""Blocks that hold no command."""
_WORDS = re.compile(r"[a-z][a-z0-9-]*")
_OPTION = re.compile(r"--[a-z]")
_SPAN = re.compile(r"`([^`]+)`")
_ENDS = re.compile(r"(?:\|\|?|&&?|;|[0-9]?>>?|<)")
_STOPS = ("…", "...")
_BEFORE = ("$", "#", "sudo", "exec", "time", "env", "nice", "nohup", "then", "do", "!")
"""Words that a command may follow."""


@dataclass(frozen=True, slots=True)
class Command:
    """What the command line takes at one place."""

    options: Mapping[str, bool] = field(default_factory=dict)
    """By spelling; whether a value follows."""
    choices: Mapping[str, Collection[str]] = field(default_factory=dict)
    """The values there are, of options with a fixed choice."""
    most: int | None = 0
    """How many arguments; None: any number."""
    commands: Mapping[str, Command] = field(default_factory=dict)

    def every_option(self) -> set[str]:
        """The options of the command and of all below it."""
        return set(self.options).union(*(one.every_option() for one in self.commands.values()))


@dataclass(frozen=True, slots=True)
class Named:
    """Code of a page, one line of it, and where it stands."""

    line: int
    code: str
    span: bool = False
    """Within a text or a comment, where `calls join CALL` is short for the whole command."""


def code_of(page: str) -> Iterator[Named]:
    """All code of a page: lines of blocks, joined where they go on, with the spans in comments; spans in the text."""
    for token in MarkdownIt("commonmark").enable("table").parse(page):
        begins = (token.map or [0])[0] + 1
        if token.type in ("fence", "code_block") and token.info.strip() not in PICTURES:
            at, kept = begins + (token.type == "fence"), ""
            for line in token.content.splitlines():
                if line.endswith("\\"):
                    kept += line[:-1]
                else:
                    yield Named(at, kept + line)
                    yield from (Named(at, span, span=True) for span in _SPAN.findall(line))
                    kept = ""
                at += 1
        for child in token.children or ():
            if child.type == "code_inline":
                yield Named(begins, child.content, span=True)
            elif child.type in ("softbreak", "hardbreak"):
                begins += 1


def faults(
    page: str, root: Command, targets: Collection[str], tools: Collection[str] = ()
) -> Iterator[tuple[int, str]]:
    """What is wrong with the commands that a page names: the line, and what is not there.

    An option that stands alone must be one of any command, or of our own tools (`tools`).
    """
    alone = {*root.every_option(), *tools}
    for named in code_of(page):
        for words in simple_commands(named.code):
            match words:
                case [program, *rest] if _is_ours(program):
                    wrong = fault_of(rest, root)
                case ["make", *rest]:
                    wrong = _no_target(rest, targets)
                case [option, *_] if named.span and _OPTION.match(option):
                    option = option.partition("=")[0]
                    wrong = None if option in alone else f"no command has an option {option}{_nearest(option, alone)}"
                case [group, *rest] if named.span and _is_in_short(group, rest, root):
                    wrong = fault_of(words, root)
                case _:
                    continue
            if wrong:
                yield named.line, f"`{named.code.strip()}`: {wrong}"


def faults_of_source(source: str, root: Command) -> Iterator[tuple[int, str]]:
    """What is wrong with the commands that a source names in backticks, most of them in messages to people."""
    for line, text in enumerate(source.splitlines(), 1):
        for span in _SPAN.findall(text):
            for words in simple_commands(span) if span.startswith(f"{PROGRAM} ") else ():
                if _is_ours(words[0]) and (wrong := fault_of(words[1:], root)):
                    yield line, f"`{span}`: {wrong}"


def simple_commands(code: str) -> Iterator[list[str]]:
    """The words of each command of a line, without what comes before the command's own name."""
    try:
        words = shlex.split(_without_brackets(code), comments=True)
    except ValueError:  # a language of its own, or an apostrophe: no command that a shell would take
        words = code.split()
    current: list[str] = []
    for word in [*words, ";"]:
        if _ENDS.fullmatch(word):
            yield from _own(current)
            current = []
        elif word.endswith(";"):
            yield from _own([*current, word[:-1]])
            current = []
        else:
            current.append(word)


def fault_of(words: Sequence[str], root: Command) -> str | None:
    """What of a command's words does not exist; None when all do."""
    at, path, given, left = root, PROGRAM, 0, list(words)
    while left:
        word = left.pop(0).rstrip(",")
        if word in _STOPS or word in ("--help", "--"):
            continue
        if word.startswith("-") and not re.fullmatch(r"-[0-9]+", word):
            option, _, value = word.partition("=")
            if option not in at.options:
                return f"`{path}` has no option {option}{_nearest(option, at.options)}"
            if at.options[option] and not value and left and not left[0].startswith("--"):
                value = left.pop(0)
            wrong = [one for one in value.split("|") if _WORDS.fullmatch(one)]
            wrong = [one for one in wrong if option in at.choices and one not in at.choices[option]]
            if wrong:
                return f"`{path} {option}` takes no {wrong[0]}: {', '.join(at.choices[option])}"
        elif at.commands:
            if not _WORDS.fullmatch(word):  # COMMAND, <command>
                return None
            if word not in at.commands:
                return f"`{path}` has no command {word}{_nearest(word, at.commands)}"
            at, path = at.commands[word], f"{path} {word}"
        else:
            given += 1
            if at.most is not None and given > at.most:
                return f"`{path}` takes {at.most or 'no'} argument{'s' if at.most > 1 else ''}, not {word!r} beside"
    return None


def _own(words: list[str]) -> Iterator[list[str]]:
    """The command among words such as `sudo -u bailanys PATH=… bailanys check`, and those in quotes after `-c`."""
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        if word == "-c" and " " in after:
            yield from simple_commands(after)
        if word.rpartition("=")[2].endswith(f"bin/{PROGRAM}") or (before, word) == ("-m", PROGRAM):
            yield [PROGRAM, *words[words.index(word) + 1 :]]
            return
    left = list(words)
    while left and (left[0] in _BEFORE or re.match(r"[A-Za-z_]+=", left[0])):
        if left.pop(0) == "sudo":
            while left and left[0].startswith("-"):
                left = left[2 if left[0] in ("-u", "-g") else 1 :]
    if left:
        yield left


def _is_ours(program: str) -> bool:
    return program == PROGRAM or program.endswith(f"bin/{PROGRAM}")


def _is_in_short(group: str, rest: Sequence[str], root: Command) -> bool:
    """Whether words such as `calls join CALL` are a command; `recordings have been finished` is a line of a log."""
    if group not in root.commands or not root.commands[group].commands or not rest:
        return False
    word, *more = rest
    is_text = word not in root.commands[group].commands and bool(more) and bool(_WORDS.fullmatch(more[0]))
    return bool(_WORDS.fullmatch(word)) and not is_text


def _no_target(words: Sequence[str], targets: Collection[str]) -> str | None:
    for word in words:
        if _WORDS.fullmatch(word) and word not in targets:
            return f"the Makefile has no target {word}{_nearest(word, targets)}"
    return None


def _without_brackets(code: str) -> str:
    """`[--call CALL | --date D]` as `--call CALL --date D`: what may be left out, and what may stand for each other."""
    outside = re.split(r"(\"[^\"]*\"|'[^']*')", code)
    for place in range(0, len(outside), 2):
        text = re.sub(r"\[(-[^\]]*)\]", lambda found: found[1].replace(" | ", " "), outside[place])
        outside[place] = text.replace("$(", "; ").replace(")", " ; ") if "$(" in text else text
    return "".join(outside)


def _nearest(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f" (did you mean {near[0]}?)" if near else ""
