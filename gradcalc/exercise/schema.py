"""The table of keys: what an exercise file may say. Validation and the JSON Schema for editors
both come from it.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from gradcalc.exercise.meant_values import listed, mapping, shape, without_space
from gradcalc.exercise.model import PARTS
from gradcalc.exercise.yaml_nodes import Node
from gradcalc.language.errors import Problem, closest
from gradcalc.language.fast_dataclasses import dataclass
from gradcalc.language.tokens import canonical, shown

LAYOUTS = ("gradient", "jacobian", "denominator")
FORMS = ("matrix", "index", "entries")
ASSUMPTIONS = (
    "symmetric",
    "diagonal",
    "orthogonal",
    "positive",
    "nonnegative",
    "onehot",
    "binary",
    "constant",
)

STRUCTURES = ("symmetric", "diagonal", "lower", "skew")  # of a matrix whose parameters are free


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value. `what` is what it is called in messages; `choices` what it may be, if that is a
    short list.
    """

    what: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Items:
    """A list of things of one kind."""

    item: Kind


@dataclass(frozen=True, slots=True)
class Entries:
    """A mapping whose keys are the author's names."""

    key: str
    value: Kind


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with the keys listed here and no others; with `rest`, other keys are the
    author's names.
    """

    keys: tuple[Key, ...]
    rest: Entries | None = None


@dataclass(frozen=True, slots=True)
class Either:
    """Different kinds for a scalar, a list and a mapping."""

    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Array:
    """A number or constant expression, or nested lists of them."""


Kind: TypeAlias = Scalar | Items | Entries | Record | Either | Array


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a mapping: its name, what it takes, and its words for the reference."""

    name: str
    kind: Kind
    description: str
    example: str = ""
    required: bool = False


TEXT, EXPRESSION, NAME = Scalar("text"), Scalar("an expression"), Scalar("a name")
INTEGER, NUMBER, SIZE = (
    Scalar("a whole number"),
    Scalar("a number"),
    Scalar("a size: a name, a number, or a sum or product of them"),
)
FLAG = Scalar("0 or 1", ("0", "1"))
YES = Scalar("yes or no", ("yes", "no", "true", "false"))
SPACE = Scalar("third, half, page, or a length such as 4cm")

VARIABLE = Record(
    (
        Key(
            "shape",
            Items(SIZE),
            "The shape: [] a scalar, [n] a vector, [n, d] a matrix",
            "[D_x, 1]",
        ),
        Key("each", NAME, "The index of `examples`: the variable has one value per example", "i"),
        Key("latex", TEXT, "How to typeset the name", "'\\hat{y}'"),
        Key(
            "assume",
            Either(
                (Scalar("an assumption", ASSUMPTIONS), Items(Scalar("an assumption", ASSUMPTIONS)))
            ),
            "Used to simplify, to choose test points and to check values; never changes which "
            "derivative is meant",
            "symmetric",
        ),
        Key(
            "free",
            Scalar("a structure", STRUCTURES),
            "The free parameters of a square matrix: entries that are one parameter are varied "
            "together, and the others stay 0",
            "symmetric",
        ),
        Key(
            "function",
            Scalar("a whole number from 0 to 9", tuple(map(str, range(10)))),
            "1: an unknown elementwise function, whose derivatives are written g'(z); 2 or more: "
            "one of so many arguments, with derivatives d1f(x, y), d12f(x, y)",
            "1",
        ),
        Key("description", TEXT, "What it stands for", "the learning rate"),
    )
)

ANSWERS = ("formula", "value", "both", "either")
MISTAKE = Record((
    Key("answer", EXPRESSION, "The wrong answer", "X.T @ G", required=True),
    Key("say", TEXT, "What to say of it", "'The mean over the examples is missing.'", required=True),
    Key("points", NUMBER, "The share of the points that it earns", "0.5"),
))  # fmt: skip

QUESTION = Record(
    (
        Key("ask", Scalar("a question"), "The question", "df/dx", required=True),
        Key(
            "name",
            NAME,
            "A name for the answer; later answers use it where that is shorter",
            "delta1",
        ),
        Key(
            "text", TEXT, "Text for the handout: Markdown with $math$", "How does f change with x?"
        ),
        Key("points", NUMBER, "Points on the handout", "2"),
        Key("space", SPACE, "Space to write the answer: third, half, page, or a length", "4cm"),
        Key(
            "answer",
            Scalar("a kind of answer", ANSWERS),
            "What an answer can be: formula, value, either, or both (each counts half)",
            "formula",
        ),
        Key(
            "mistakes",
            Items(MISTAKE),
            "Wrong answers that you expect, and what to say about them",
            "[{answer: 2*x, say: 'x is not squared.', points: 0.5}]",
        ),
    )
)

TOLERANCE = Record((
    Key("relative", NUMBER, "How far a number may be off, relative to it", "1e-3"),
    Key("absolute", NUMBER, "How far a number may be off at least", "1e-9"),
))  # fmt: skip

GRADING = Record((
    Key("tolerance", TOLERANCE, "How exact numbers must be; formulas are exact", "{relative: 1e-3}"),
    Key("digits", INTEGER, "At least so many significant digits of a number must be right", "3"),
    Key("entries", Scalar("a rule for arrays", ("proportional", "all")),
        "proportional: an array of numbers earns the share of its right entries", "all"),
    Key("mistakes", Entries("slug", NUMBER),
        "The share of the points where exactly this mistake was made", "{sign: 0.5}"),
    Key("carry", NUMBER, "The share of the points for what follows from an earlier wrong answer; "
        "0 turns it off", "1"),
    Key("domain", Scalar("a domain", ("same", "common")),
        "common: exp(log(x)) is right for x, as they agree where both are defined", "common"),
    Key("layouts", Scalar("a layout rule", ("exercise", "any")),
        "any: an answer in another layout is right, with a note", "any"),
    Key("columns", Scalar("a column rule", ("loose", "strict")),
        "strict: a vector is no column and no row", "strict"),
    Key("hints", Scalar("a level of hints", ("none", "verdict", "where", "full")),
        "How much a message says: nothing, the verdict, which entries, or which mistake", "where"),
))  # fmt: skip

DRAW = Record((
    Key("integers", Items(INTEGER), "Integers from the first to the second", "[-5, 5]"),
    Key("decimals", Items(NUMBER), "Decimals from the first to the second, `step` apart", "[-1, 1]"),
    Key("step", NUMBER, "How far apart decimals are (default 0.1)", "0.5"),
    Key("rationals",
        Record((
            Key("numerator", Items(INTEGER), "From and to", "[1, 5]", required=True),
            Key("denominator", Items(INTEGER), "From and to", "[2, 4]", required=True),
        )),
        "Fractions", "{numerator: [1, 5], denominator: [2, 4]}"),
    Key("choices", Items(Array()), "One of these numbers or arrays", "[1/2, log(2), [1, 0]]"),
    Key("uniform", Items(NUMBER), "A number with two decimals between the first and the second",
        "[0, 1]"),
    Key("aim", Either((Scalar("an aim: z = log(3)"), Items(Scalar("an aim: z = log(3)")))),
        "The input is solved so that a quantity takes this value, or one of these", "'z = log(3)'"),
    Key("sizes", Items(INTEGER), "Of a size: from the first to the second", "[2, 4]"),
    Key("functions", Items(NAME), "Of a function in the expression: one of these",
        "[tanh, sigmoid, relu]"),
    Key("zero", YES, "Whether 0 may be drawn", "true"),
    Key("distinct", YES, "No entry of the array occurs twice", "true"),
    Key("rank", Scalar("a rank", ("full",)), "full: the matrix has full rank", "full"),
    Key("symmetric", YES, "The matrix is symmetric", "true"),
    Key("onehot", YES, "One entry is 1, the others 0: of a vector, or of each column", "true"),
    Key("permutation", YES,
        "The entries of the domain, or of the given value, in another order", "true"),
))  # fmt: skip

NICE = Record((
    Key("decimals", INTEGER, "Numbers have at most so many decimals, or …", "2"),
    Key("denominator", INTEGER, "… are fractions with a denominator of at most this", "12"),
    Key("size", INTEGER, "Numbers are below this", "100"),
    Key("kinks", YES, "Whether kinks and ties may be met", "no"),
    Key("zeros", YES, "Whether an answer may be 0", "no"),
    Key("discriminate", YES, "Whether common mistakes must give another number", "yes"),
    Key("except", Either((TEXT, Items(TEXT))),
        "Quantities and derivatives that may be any numbers, or all", "[L, dL/dz]"),
))  # fmt: skip

VARY = Record(
    (
        Key("require", Either((EXPRESSION, Items(EXPRESSION))), "Conditions on what is drawn",
            "f != 0"),
        Key("nice", Either((YES, NICE)), "Which numbers a variant may have", "{denominator: 6}"),
        Key("inputs", Entries("name", DRAW),
            "The inputs, where one of them is called nice, require or inputs",
            "{nice: {integers: [1, 3]}}"),
    ),
    Entries("name", DRAW),
)  # fmt: skip

VARIANT = Record((
    Key("of", TEXT, "The SHA-256 of the exercise it was drawn from", "9f3c…", required=True),
    Key("seed", INTEGER, "The seed it was drawn with", "1", required=True),
    Key("number", INTEGER, "Its number", "17", required=True),
))  # fmt: skip

NOTATION = Record(
    (
        Key("layout", Scalar("a layout", LAYOUTS), "How derivatives are laid out", "gradient"),
        Key(
            "form",
            Scalar("a form", FORMS),
            "Matrix notation, index notation, or single entries",
            "matrix",
        ),
        Key("digits", INTEGER, "Significant digits of decimals", "4"),
        Key("latex", Entries("name", TEXT), "How to typeset names", "{yhat: '\\hat{y}'}"),
    )
)

HEADER = Record((
    Key("course", TEXT, "The name of the course", "Machine Learning"),
    Key("date", TEXT, "The date, printed as it is written here", "'3 November 2026'"),
    Key("form", TEXT, "Which version of the sheet this is", "A"),
    Key("fields", Items(TEXT), "What students fill in", "[Name, Student number]"),
))  # fmt: skip

PAPER = Record(
    (
        Key("paper", Scalar("a paper size", ("a4", "letter")), "The size of the paper", "a4"),
        Key(
            "header",
            HEADER,
            "The header of the sheet",
            "{course: Machine Learning, fields: [Name]}",
        ),
        Key("space", SPACE, "Space for each answer: third, half, page, or a length", "4cm"),
        Key(
            "break",
            Scalar("where pages begin", ("exercise", "none")),
            "exercise: start each exercise on a new page",
            "exercise",
        ),
        Key("points", YES, "Whether to print points", "yes"),
        Key("grade-table", YES, "Whether to print a table of points", "no"),
    )
)

PAGE = Record((
    Key("parts", Items(Scalar("a part", PARTS)),
        "The parts that the page has; it leaves out the others", "[walk, check]"),
))  # fmt: skip

EXERCISE = Record(
    (
        Key("title", TEXT, "The title", "Simple computational graph"),
        Key(
            "text", TEXT, "The statement for the handout: Markdown with $math$", "Let $q = x + y$."
        ),
        Key("author", TEXT, "Who wrote it", "A. Teacher"),
        Key("source", TEXT, "Where it comes from", "CS231n notes"),
        Key("tags", Items(TEXT), "Keywords", "[chain rule, scalar]"),
        Key(
            "lang",
            Scalar("a language code"),
            "The language of the text and of the labels on the sheet",
            "de",
        ),
        Key(
            "sheet",
            PAPER,
            "Paper size, header, and space for answers",
            "{paper: letter, space: half}",
        ),
        Key("page", PAGE, "What the exercise's page consists of", "{parts: [values, check]}"),
        Key(
            "expression",
            Either((EXPRESSION, Items(EXPRESSION), Entries("name", EXPRESSION))),
            "The computation: one quantity per line, as several lines, a list of lines, or a "
            "mapping name: expression",
            "f = (x + y) * z",
            required=True,
        ),
        Key(
            "variables",
            Either((Items(NAME), Entries("name", Either((Items(SIZE), VARIABLE))))),
            "A list of names, which is then complete, or a mapping of names to shapes or to "
            "{shape, each, latex, assume, free, function}",
            "{x: [n], W: [m, n]}",
        ),
        Key("sizes", Entries("size", INTEGER), "Numbers for symbolic sizes", "{n: 3, m: 2}"),
        Key(
            "examples",
            Entries("index", SIZE),
            "The index that runs over the examples, and their number",
            "{i: m}",
        ),
        Key(
            "indices",
            Entries("index", SIZE),
            "Indices for formulas with indices, and their ranges",
            "{j: n, k: 3}",
        ),
        Key(
            "values",
            Entries("name", Array()),
            "Where to evaluate: numbers, constant expressions, nested lists for arrays",
            "{x: -2, w: [1, 1/3]}",
        ),
        Key("seed", INTEGER, "Draw every value that is not given, with this seed", "1"),
        Key(
            "upstream",
            Either((NUMBER, Array(), Entries("derivative", Array()))),
            "The gradient of the loss at the output: a number, an array, or a mapping dL/df: value",
            "{dL/df: 1}",
        ),
        Key(
            "questions",
            Items(Either((Scalar("a question"), QUESTION))),
            "The questions: df/dx, local df/dx, d2f/dx2, d2f/dxdy, dJ/dW[0, 2], shape W, value q, "
            "value w - 0.5*g; "
            "name an answer with delta = df/dx",
            "[df/dx, df/dy]",
        ),
        Key("notation", NOTATION, "Notation of the answers", "{layout: gradient, digits: 4}"),
        Key("grading", GRADING, "How to mark answers", "{carry: 0.5, entries: all}"),
        Key("vary", VARY, "How variants draw their values", "{x: {integers: [-5, 5]}}"),
        Key(
            "variant",
            VARIANT,
            "Which variant this is; `gradcalc vary` writes it",
            "{of: 9f3c…, seed: 1, number: 17}",
        ),
    )
)


# Validation ---------------------------------------------------------------------------------------


def check(node: Node, kind: Kind, path: str, problems: list[Problem]) -> None:
    """Compare the form of a node with what its key asks for. What is wrong is added to `problems`,
    and the node is marked broken, so that whoever reads on can pass over it. Contents are read
    later.
    """
    if node.kind == "broken":
        return
    match kind:
        case _ if node.kind == "empty":
            problems.append(node.text.wrong("empty", f"`{path}` has no value", _wanted(kind, path)))
        case Either(kinds) if fitting := [one for one in kinds if node.kind in _node_kinds(one)]:
            return check(node, fitting[-1], path, problems)
        case Scalar() | Array() if node.kind == "scalar":
            if not isinstance(kind, Scalar) or not kind.choices or node.text.value in kind.choices:
                return
            word, near = node.text.value, closest(node.text.value, kind.choices)
            near = near or _MEANT_CHOICES.get(word)
            hint = f"did you mean {near}?" if near else f"choose from {', '.join(kind.choices)}"
            problems.append(node.text.wrong("choice", f"`{path}` cannot be `{shown(word)}`", hint))
        case Items() | Array() if node.kind == "list":
            for at, part in enumerate(node.items):
                check(
                    part, kind.item if isinstance(kind, Items) else kind, f"{path}[{at}]", problems
                )
            return
        case Entries(_, value) if node.kind == "mapping":
            for at, (key, part) in enumerate(node.pairs):
                if key.kind == "broken":
                    continue
                if part.kind == "empty" and (said := _one_piece(node, at)):
                    problems.append(key.text.wrong("pair", *said))
                    part.kind = "broken"
                check(part, value, f"{path}.{shown(key.text.value)}", problems)
            return
        case Record() if node.kind == "mapping":
            return _check_record(node, kind, path, problems)
        case _:
            nouns = " or ".join(dict.fromkeys(_NOUNS[one] for one in _node_kinds(kind)))
            message = f"`{path}` must be {nouns}, not {_NOUNS[node.kind]}"
            problems.append(node.text.wrong("type", message, _meant(node, kind, path)))
    node.kind = "broken"


def _one_piece(node: Node, at: int) -> tuple[str, str] | None:
    """`{x:-2}` and `{x: 1,5}`: a key that holds its value, or the rest of a number."""
    key, before = node.pairs[at][0], node.pairs[at - 1] if at else None
    if said := without_space(key):
        return said
    rest, number = key.text.value, before[1].text.value if before else ""
    if before and rest.isdecimal() and re.fullmatch(r"-?\d+", number):
        name = before[0].text.value
        hint = f"write {name}: {number}.{rest}, or {name}: [{number}, {rest}] for an array"
        return "YAML ends a value at a comma; a decimal has a point", hint
    return None


def _meant(node: Node, kind: Kind, path: str) -> str:
    """How the value that was probably meant is written; else what is wanted."""
    kinds, text = kind.kinds if isinstance(kind, Either) else (kind,), node.text.value
    name, plain = path.rpartition(".")[2], node.kind == "scalar" and node.text.value
    takes_pairs = any(isinstance(one, Entries | Record) for one in kinds)
    takes_list = next((one for one in kinds if isinstance(one, Items)), None)
    if node.kind == "list" and takes_pairs:
        text = ", ".join(item.text.value for item in node.items)
    if takes_list and takes_list.item == SIZE and plain and (found := shape(text)):
        number = (
            f"; a value belongs under values: {{{name}: {text}}}"
            if text.isdecimal() and name != "shape"
            else ""
        )
        return f"write {name}: {found}{number}"
    if takes_pairs and (plain or node.kind == "list") and (found := mapping(text)):
        return f"write {name}: {found}"
    numbers = takes_list and takes_list.item in (NUMBER, INTEGER)
    if takes_list and plain and not numbers and (found := listed(name, text)):
        return found
    return _wanted(kind, path)


_NOUNS = {"scalar": "one value", "list": "a list", "mapping": "a mapping"}


def _node_kinds(kind: Kind) -> tuple[str, ...]:
    match kind:
        case Scalar():
            return ("scalar",)
        case Items():
            return ("list",)
        case Array():
            return ("scalar", "list")
        case Either(kinds):
            return tuple(name for one in kinds for name in _node_kinds(one))
    return ("mapping",)


def _check_record(node: Node, kind: Record, path: str, problems: list[Problem]) -> None:
    keys = {key.name: key for key in kind.keys}
    prefix = f"{path}." if path else ""
    for name, part in node.pairs:
        word = name.text.value
        if word in keys:
            check(part, keys[word].kind, prefix + word, problems)
        elif kind.rest is not None:
            check(part, kind.rest.value, prefix + shown(word), problems)
        elif name.kind == "scalar":
            meant = _MEANT.get(word)
            near = meant if meant in keys else closest(word, keys)
            hint = f"did you mean {near}?" if near else f"known keys: {', '.join(keys)}"
            hint = _ELSEWHERE.get(word, hint) if not path else hint
            problems.append(
                name.text.wrong(
                    "key", f"unknown key `{shown(word)}`" + (f" in `{path}`" if path else ""), hint
                )
            )
    written = {name.text.value for name, _ in node.pairs}
    written |= {_MEANT.get(word) or closest(word, keys) or "" for word in written - keys.keys()}
    for key in kind.keys:
        if key.required and key.name not in written:
            hint = f"write for example {key.name}: {key.example}"
            problems.append(
                node.text.wrong("missing", f"the key `{prefix}{key.name}` is missing", hint)
            )
            node.kind = "broken" if path else node.kind


_MEANT = {
    "steps": "expression", "expressions": "expression",
    "function": "expression", "inputs": "variables", "name": "title",
    "description": "text", "statement": "text",
    "question": "questions", "shapes": "variables", "at": "values",
    "gradient": "upstream", "dims": "sizes", "ask": "questions",
    "value": "values", "variable": "variables", "loss": "upstream",
}  # fmt: skip
# Keys at the top of a file that belong elsewhere.
_ELSEWHERE = {
    "layout": "write notation: {layout: jacobian}",
    "digits": "write notation: {digits: 6}", "form": "write notation: {form: index}",
    "latex": "write notation: {latex: {yhat: '\\hat{y}'}}",
    "shape": "write variables: {x: [n]}", "each": "write variables: {x: {each: i}}",
    "assume": "write variables: {A: {assume: symmetric}}",
    "free": "write variables: {A: {free: symmetric}}",
    "parts": "write page: {parts: [walk, check]}",
    "solution": "gradcalc computes the answers: leave it out",
    "answers": "gradcalc computes the answers: leave it out",
}  # fmt: skip
_MEANT_CHOICES = {
    "numerator": "jacobian",
    "hessian": "denominator",
    "indices": "index",
    "spd": "symmetric",
    "psd": "symmetric",
    "one-hot": "onehot",
}


def _wanted(kind: Kind, path: str) -> str:
    match kind:
        case Scalar(what, choices):
            return f"expected {what}" + (f" ({', '.join(choices)})" if choices else "")
        case Items(item):
            return (
                f"expected a list, [{_brief(item)}, …], or [] for a scalar"
                if item == SIZE
                else f"expected a list, [{_brief(item)}, …]"
            )
        case Entries(key, value):
            return f"expected a mapping, {{{key}: {_brief(value)}}}"
        case Record(keys):
            return f"expected a mapping with the keys {', '.join(key.name for key in keys)}"
        case Array():
            return "expected a number, or nested lists of numbers"
    example = next((key.example for key in EXERCISE.keys if key.name == path), "")
    return (
        f"write for example {path}: {example}"
        if example
        else "expected " + " or ".join(_brief(one) for one in kind.kinds)
    )


def _brief(kind: Kind) -> str:
    match kind:
        case Scalar(what):
            return what.removeprefix("a ").removeprefix("an ").partition(":")[0]
        case Items(item):
            return f"[{_brief(item)}, …]"
        case Record(keys):
            return "{" + ", ".join(key.name for key in keys) + "}"
        case Entries(key, value):
            return f"{{{key}: {_brief(value)}}}"
        case Array():
            return "number or nested lists"
    return " or ".join(_brief(one) for one in kind.kinds)


# Reading what a checked node says -----------------------------------------------------------------


def get(node: Node, name: str) -> Node | None:
    """The value of a key, or None where it is not there, empty or broken."""
    for key, value in node.pairs:
        if (
            key.kind == "scalar"
            and canonical(key.text.value) == name
            and value.kind not in ("empty", "broken")
        ):
            return value
    return None


# JSON Schema --------------------------------------------------------------------------------------


def json_schema() -> dict[str, Any]:
    """The table as a JSON Schema (draft 2020-12), for editors and other tools."""
    numbers = {
        "anyOf": [
            {"type": ["number", "string"]},
            {"type": "array", "items": {"$ref": "#/$defs/array"}},
        ]
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gradcalc exercise",
        "description": "A computation, and what is asked about it.",
        **_json(EXERCISE),
        "$defs": {"array": numbers},
    }


# Plain YAML scalars arrive at an editor as whatever they look like; here all of them are text.
_ANY = {"type": ["string", "number", "boolean"]}


def _json(kind: Kind) -> dict[str, Any]:
    match kind:
        case Scalar(what, choices):
            if kind == YES:
                return {"enum": ["yes", "no", True, False]}
            if choices:
                return {"enum": [int(choice) if choice.isdigit() else choice for choice in choices]}
            if kind == INTEGER:
                return {"type": "integer"}
            return {**_ANY, "title": what}
        case Items(item):
            return {"type": "array", "items": _json(item)}
        case Entries(_, value):
            return {"type": "object", "additionalProperties": _json(value)}
        case Record(keys, rest):
            schema: dict[str, Any] = {
                "type": "object",
                "properties": {
                    key.name: {**_json(key.kind), "description": _describe(key)} for key in keys
                },
                "additionalProperties": _json(rest.value) if rest else False,
            }
            required = [key.name for key in keys if key.required]
            return {**schema, "required": required} if required else schema
        case Array():
            return {"$ref": "#/$defs/array"}
    return {"anyOf": [_json(one) for one in kind.kinds]}


def _describe(key: Key) -> str:
    return f"{key.description}. Example: {key.example}" if key.example else key.description
