"""The ways in which one file of ours could be wrong: its mutants, each with a name that survives a move of the file.

A mutant is one small change: a comparison turned round or moved by one, an operand or a statement dropped, a number
raised by one. Left alone is what changes nothing that a user or the law would notice: annotations, decorators,
docstrings, log lines, texts. Its name is where it is (the function's qualified name), what is changed, and which one
of its like there, so neither a new folder nor a change in another function renames it.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MODULE = "<module>"
_LOGS = {"log", "_log", "logger", "logging", "warnings"}
_QUERY_STEPS = {"where", "having", "order_by", "limit", "distinct", "with_for_update"}
_CONDITIONS = {"where", "having", "and_", "or_"}
_EQUAL_KEYWORDS = {"strict", "exc_info", "stacklevel"}  # zip's and the logs': they change no outcome of a sound program
_NEAR: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OTHER: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_SIGNS: dict[type[ast.AST], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitOr: "|",
    ast.BitAnd: "&",
}
_SWAPS = {"any": "all", "all": "any", "min": "max", "max": "min", "sorted": "list"}


@dataclass(frozen=True)
class Mutant:
    """One change of one file; `start` and `end` are offsets in its UTF-8 bytes."""

    file: str
    where: str
    operator: str
    occurrence: int
    line: int
    before: str
    start: int
    end: int
    text: str

    @property
    def name(self) -> str:
        """What it is called, wherever the file lies."""
        return f"{self.where}: {self.operator} #{self.occurrence}"

    def drawn(self, seed: int, share: float) -> bool:
        """Whether it is in the sample: decided by its own name alone, so that other code never reshuffles it."""
        digest = hashlib.sha256(f"{seed} {self.name}".encode()).digest()
        return int.from_bytes(digest[:8], "big") < share * 2**64

    def applied(self, source: bytes) -> bytes:
        """The file with this one change."""
        return source[: self.start] + self.text.encode() + source[self.end :]


@dataclass(frozen=True)
class Job:
    """A mutant with its tests, the likeliest first, and the seconds that each of them may take."""

    mutant: Mutant
    tests: Sequence[str]
    limits_s: Sequence[float]


def mutants_of(file: str, source: bytes) -> list[Mutant]:
    """Every mutant of a file, in the order in which Python reads it."""
    lines = source.splitlines(keepends=True)
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    found: list[Mutant] = []
    counts: Counter[tuple[str, str]] = Counter()
    for where, operator, node, text in _Finder().found_in(ast.parse(source)):
        if node.end_lineno is None or node.end_col_offset is None:
            continue
        start = offsets[node.lineno - 1] + node.col_offset
        end = offsets[node.end_lineno - 1] + node.end_col_offset
        counts[where, operator] += 1
        before = lines[node.lineno - 1].decode().strip()
        found.append(Mutant(file, where, operator, counts[where, operator], node.lineno, before, start, end, text))
    return found


_Found = tuple[str, str, ast.expr | ast.stmt, str]


class _Finder:
    """Walks a file once, knowing in which function it is."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def found_in(self, tree: ast.Module) -> Iterator[_Found]:
        for statement in tree.body:
            yield from self._statement(statement)

    @property
    def _where(self) -> str:
        return ".".join(self._names) or MODULE

    def _statement(self, node: ast.stmt) -> Iterator[_Found]:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from self._definition(node)
        elif not _says_nothing(node):
            for operator, text in _statement_changes(node, in_init=self._names[-1:] == ["__init__"]):
                yield self._where, operator, node, text
            if isinstance(node, (ast.If, ast.While)):
                yield from self._negated(node.test)
            yield from self._parts(node)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[_Found]:
        if not isinstance(node, ast.ClassDef):
            for default in [*node.args.defaults, *(one for one in node.args.kw_defaults if one)]:
                self._names.append(node.name)  # a default is a part of what the function does
                yield from self._expression(default)
                self._names.pop()
        local = [] if isinstance(node, ast.ClassDef) else ["<locals>"]
        self._names.append(node.name)
        for statement in node.body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self._names += local
                yield from self._statement(statement)
                del self._names[len(self._names) - len(local) :]
            else:
                yield from self._statement(statement)
        self._names.pop()

    def _parts(self, node: ast.AST) -> Iterator[_Found]:
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "type_comment"):
                continue
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.stmt):
                    yield from self._statement(part)
                elif isinstance(part, ast.expr):
                    yield from self._expression(part)
                elif isinstance(part, ast.keyword) and part.arg in _EQUAL_KEYWORDS:
                    continue
                elif isinstance(
                    part, (ast.keyword, ast.comprehension, ast.withitem, ast.ExceptHandler, ast.match_case)
                ):
                    yield from self._parts(part)

    def _expression(self, node: ast.expr) -> Iterator[_Found]:
        if isinstance(node, ast.JoinedStr):
            return  # a text; and Python 3.11 does not tell where in it an expression stands
        for operator, changed in _expression_changes(node):
            yield self._where, operator, node, f"({ast.unparse(changed)})"
        yield from self._parts(node)
        if isinstance(node, ast.IfExp):
            yield from self._negated(node.test)
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            for condition in (one for generator in node.generators for one in generator.ifs):
                yield from self._negated(condition)

    def _negated(self, test: ast.expr) -> Iterator[_Found]:
        if _is_plain(test):
            yield self._where, "condition negated", test, f"(not ({ast.unparse(test)}))"


def _says_nothing(node: ast.stmt) -> bool:
    """An import, a docstring, a log line or a check for the type checker."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Assert)):
        return True
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return True
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.Constant):
        return True
    root: ast.expr = node.value
    while isinstance(root, (ast.Call, ast.Attribute)):
        root = root.func if isinstance(root, ast.Call) else root.value
    return isinstance(root, ast.Name) and root.id in _LOGS


def _is_plain(test: ast.expr) -> bool:
    """A condition that no other operator turns round."""
    return isinstance(test, (ast.Name, ast.Attribute, ast.Call, ast.NamedExpr, ast.Subscript, ast.Await))


def _statement_changes(node: ast.stmt, *, in_init: bool) -> Iterator[tuple[str, str]]:
    """What can be done to a statement as a whole: dropped, or its condition turned round."""
    match node:
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Delete():
            yield "statement dropped", "pass"
        case ast.Raise():
            yield "raise dropped", "pass"
        case ast.Continue() | ast.Break() | ast.Return(value=None):
            yield f"{type(node).__name__.lower()} dropped", "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) if not in_init:
            yield "assignment dropped", "pass"
        case ast.AugAssign():
            yield "assignment dropped", "pass"
            if other := _OTHER.get(type(node.op)):
                changed = ast.AugAssign(node.target, other(), node.value)
                yield f"{_SIGNS[type(node.op)]}= to {_SIGNS[other]}=", ast.unparse(changed)


def _expression_changes(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Compare():
            yield from _comparison_changes(node)
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield ("and to or" if isinstance(node.op, ast.And) else "or to and"), ast.BoolOp(other, node.values)
            for at in range(len(node.values)):
                rest = node.values[:at] + node.values[at + 1 :]
                yield "operand dropped", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield ("not dropped" if isinstance(node.op, ast.Not) else "minus dropped"), node.operand
        case ast.BinOp() if type(node.op) in _OTHER and not _is_of_texts(node):
            other_sign = _OTHER[type(node.op)]
            yield (
                f"{_SIGNS[type(node.op)]} to {_SIGNS[other_sign]}",
                ast.BinOp(node.left, other_sign(), node.right),
            )
        case ast.Constant(value=bool() as value):
            yield f"{value} to {not value}", ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield "number raised by one", ast.Constant(value + 1)
        case ast.Call():
            yield from _call_changes(node)


def _comparison_changes(node: ast.Compare) -> Iterator[tuple[str, ast.expr]]:
    for at, sign in enumerate(node.ops):
        for table in (_NEAR, _OPPOSITE):
            if (other := table.get(type(sign))) is not None:
                changed = copy.copy(node)
                changed.ops = [*node.ops[:at], other(), *node.ops[at + 1 :]]
                yield f"{_SIGNS[type(sign)]} to {_SIGNS[other]}", changed


def _call_changes(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    name = (
        node.func.id
        if isinstance(node.func, ast.Name)
        else node.func.attr
        if isinstance(node.func, ast.Attribute)
        else ""
    )
    if isinstance(node.func, ast.Name) and name in _SWAPS:
        keywords = [] if name == "sorted" else node.keywords
        yield f"{name} to {_SWAPS[name]}", ast.Call(ast.Name(_SWAPS[name]), node.args, keywords)
    if name in _CONDITIONS and len(node.args) > 1:
        for at in range(len(node.args)):
            yield "condition dropped", ast.Call(node.func, node.args[:at] + node.args[at + 1 :], node.keywords)
    elif isinstance(node.func, ast.Attribute) and name in _QUERY_STEPS:
        yield f"{name} dropped", node.func.value


def _is_of_texts(node: ast.BinOp) -> bool:
    """A sum or quotient of texts, paths or lists: turned round it would be no more than a TypeError."""
    parts: tuple[type[ast.expr], ...] = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp, ast.Dict)
    return any(
        isinstance(side, parts) or (isinstance(side, ast.Constant) and isinstance(side.value, (str, bytes)))
        for side in (node.left, node.right)
    )
