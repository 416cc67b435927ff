"""docs/benchmarks.md and what the README says, made from docs/benchmarks.json.

`python -m benchmarks.page page|summary` prints either.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.clock import LIMIT, ROOT

DEPTHS = (1, 2, 5, 10, 20, 50)
CHECKED = "gradcalc, checked"


def page(results: dict[str, Any]) -> str:
    """The page below its heading. Every figure in it is from `results`."""
    machine = results["machine"]
    return f"""\
    pip install '.[bench]'                     # CasADi, JAX, symengine; '.[bench-all]' adds tensorgrad (with PyTorch: gigabytes)
    python -m benchmarks                       # everything, some twenty minutes
    python -m benchmarks scalars depth         # or parts: startup scalars solve explain matrices depth files code
    python -m benchmarks --quick               # what a change is seen in, some two minutes
    python -m benchmarks --cases DIR --json FILE --figure FILE --page FILE

All tools are run in turn and medians reported; tools that are not installed are skipped with a note, and one that takes
longer than {LIMIT:.0f} s by the clock for a size is stopped. Every contender's numbers are compared with those of a float pass or of central differences.
All figures here are of {machine["date"]}: {machine["processor"]}, {machine["cores"]} cores, {machine["system"]}, Python {machine["python"]},
{packages(machine["packages"])}.
The machine was shared with other work (load average {machine["load"]:.0f}): ratios and processor times say more than the clock, and peers
are stopped sooner than they would be alone. Raw results: [benchmarks.json](benchmarks.json), from which this page is made.{noted(machine)}

![Time over size, in logarithmic panels: five families of scalar graphs, and a network with symbolic shapes](benchmarks.svg)

## Start-up

Whole processes, in turn; medians, and the median of the ratios to `python -c "import sympy"` of the same round.

{startup(results["startup"])}

At textbook size this is what a user waits for. What keeps it short: nothing is collected while modules load, NumPy is not
loaded for scalar exercises, records compile one function each instead of six, tables are drawn without a console, and SymPy
is not made to load tensors for its first sum.

## Scalar graphs

All gradients of a graph as numbers; verification aside. gradcalc runs the pass that puts numbers on the wires of a figure
([scalar_gradients.py](../gradcalc/numeric/scalar_gradients.py)); "by hand" is a reverse pass in floats as one would write it.
Without garbage collection, as `timeit` does; exponents are fitted from 1,000 nodes on.

{scalars(results["scalars"])}

The peers at the largest size that they finish in {LIMIT:.0f} s, and how many times longer than gradcalc they take there:

{peers(results["scalars"])}

`jax.jit` compiles the graph first, and is made for few and large operations; symengine has each node as a symbol with its
adjoint as an expression; `sympy.diff` differentiates the composed expression. CasADi, symengine and SymPy make formulas of the
intermediate gradients of the numbers.

## Long computations, solved

`solve` as a whole on the same graphs, each node a line of the exercise: read, every gradient at an input derived in its shortest
form, evaluated, verified, and all of it printed. Processor time, and the most memory that the process takes.

{solving(results["solve"])}

Verification compares all gradients at once, in some ten forward passes. What takes the time is SymPy: each gradient is brought
to its shortest form, in the names of the exercise.

## Matrix derivatives

{len(results["matrices"]["gradcalc"]["cases"])} ordinary derivatives ([expressions.py](../benchmarks/expressions.py)): forms, norms, regression, traces, inverses,
determinants, likelihoods, layers, softmax. Right is what agrees with central differences in NumPy, for SymPy in any order of
the axes; gradcalc works with symbolic sizes, SymPy gets numbers.

{matrices(results["matrices"])}

SymPy's wrong ones are silent:
{wrong(results["matrices"]["SymPy"]["cases"])}.

## Depth

The gradient of a tanh network by every weight, all sizes symbolic and different; written in matrix notation.

{depth(results["depth"])}

*Checked* is the whole of `solve`: the gradients are compared with power series of the forward pass in enclosures, at three
choices of sizes.

## Exercises

{files(results["files"])}

## Exported code

Gradients of a loss by all weights of a network with two hidden layers and ten classes, on a batch, one thread, double
precision: the module that `gradcalc export --to numpy` writes, NumPy by hand, and `jax.jit(jax.grad)` once it is compiled.

{code(results["code"]["rows"])}

The exported module checks its arguments and takes the upstream gradient as one of them; only small batches notice.

## Where gradcalc is not ahead

{behind(results)}
"""


def document(results: dict[str, Any]) -> str:
    """The file: `python tests/generate_docs.py` makes it anew too."""
    return f"# Benchmarks\n\n<!-- generated: benchmarks -->\n\n{page(results)}\n<!-- end -->\n"


def summary(results: dict[str, Any]) -> str:
    """The main figures in a few lines."""
    ratio = results["startup"]["cpu ratio"]
    ours, sympy = results["matrices"]["gradcalc"], results["matrices"]["SymPy"]
    deep = [row for row in results["depth"]["gradcalc"]["rows"] if "end" not in row][-1]
    grad = [row for row in results["depth"]["tensorgrad"]["rows"] if "end" not in row][-1]
    ratios = [family["ratio to by hand"] for family in results["scalars"].values()]
    most = max(row["nodes"] for family in results["scalars"].values() for row in family["gradcalc"])
    casadi = [against(family, "CasADi SX") for family in results["scalars"].values()]
    files, rows = results["files"], results["code"]["rows"]
    large = [row["ratio"]["gradcalc"] for row in rows[1:]]
    return f"""\
On {results["machine"]["date"]}:

- `solve exercises/ex1.yaml` takes {ratio["solve ex1"]:.2f} times the processor time of `python -c "import sympy"`, `--help` {ratio["--help"]:.2f} times. All of
  {files["files"]} exercises: median {time(files["median cpu"])} a process, {files["within on the processor"]} within {files["target"]:.0f} s.
- {len(ours["cases"])} ordinary matrix derivatives: gradcalc has {ours["right"]} right, {ours["in matrix notation"]} of them in matrix notation; SymPy
  {sympy["right"]} right, {sympy["wrong"]} silently wrong.
- A tanh network with symbolic shapes: at most {deep["terms"]} terms a gradient, {time(deep["seconds"])} at depth {deep["n"]}; tensorgrad
  {grad["terms"]} terms and {time(grad["seconds"])} at depth {grad["n"]}; SymPy raises at depth 2.
- The reverse pass in numbers over a scalar graph of up to {most:,} nodes: {min(ratios):.1f} to {max(ratios):.1f} times a float pass by hand, {min(casadi):.0f} to {max(casadi):.0f} times as
  fast as CasADi.
- Exported NumPy code: {min(large):.2f} to {max(large):.2f} times NumPy by hand on {rows[1]["m"]} and {rows[-1]["m"]} examples, {rows[0]["ratio"]["gradcalc"]:.2f} on {rows[0]["m"]}.
"""


def noted(machine: dict[str, Any]) -> str:
    """How these results differ from what the program does by itself, where they do."""
    return f"\n\n{machine['note']}" if machine.get("note") else ""


def packages(found: dict[str, str | None]) -> str:
    absent = [name for name, number in found.items() if not number]
    return ", ".join(f"{name} {number}" for name, number in found.items() if number) + (
        f"; not installed: {', '.join(absent)}" if absent else ""
    )


def against(family: dict[str, Any], peer: str) -> float:
    """How many times longer a peer takes at the largest size that both have."""
    ours = {row["n"]: row["gradcalc"] for row in family["gradcalc"]}
    common = [row for row in family["peers"][peer] if row.get("n") in ours]
    return float(common[-1]["seconds"] / ours[common[-1]["n"]])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown, numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def time(seconds: float) -> str:
    """Three digits, in seconds, milliseconds or microseconds."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        value = seconds * factor
        if value >= 1 or unit == "µs":
            return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f} {unit}"
    raise AssertionError


def times(ratio: float) -> str:
    return f"× {ratio:,.{0 if ratio >= 10 else 1 if ratio >= 3 else 2}f}"


def slope(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def startup(found: dict[str, Any]) -> str:
    return table(
        ("", "by the clock", "on the processor", "ratio, clock", "ratio, processor", "at most"),
        (
            (f"`{name}`" if name == "import sympy" else f"`gradcalc {name}`", time(wall), time(found["cpu"][name]), times(found["ratio"][name]),
             times(found["cpu ratio"][name]), times(found["target"][name]) if name in found["target"] else "")
            for name, wall in found["wall"].items()
        ),
    )  # fmt: skip


def scalars(found: dict[str, Any]) -> str:
    rows = []
    for family, result in found.items():
        last, large = (
            result["gradcalc"][-1],
            [row for row in result["gradcalc"] if row["nodes"] >= 1000],
        )
        rows.append((
            family, f"{last['nodes']:,}", time(last["gradcalc"]), time(last["hand"]), times(result["ratio to by hand"]),
            slope(result["exponent"]["gradcalc"]), slope(result["exponent"]["hand"]), f"{max(row['bytes'] for row in large):.0f}",
        ))  # fmt: skip
    return table(("", "nodes", "gradcalc", "by hand", "ratio, median", "exponent", "exponent by hand", "bytes a node"), rows)  # fmt: skip


def peers(found: dict[str, Any]) -> str:
    names = [name for name in next(iter(found.values()))["peers"] if name != CHECKED]
    rows = []
    for family, result in found.items():
        ours = {row["n"]: row["gradcalc"] for row in result["gradcalc"]}
        cells = []
        for name in names:
            done = [row for row in result["peers"][name] if "end" not in row]
            common = [row for row in done if row["n"] in ours]
            if common:
                row = common[-1]
                said = "" if all(row["right"] for row in done) else ", wrong"
                cells.append(f"{times(row['seconds'] / ours[row['n']])} at {row['nodes']:,}{said}")
            else:
                cells.append(
                    f"ends at {done[-1]['nodes']:,}, {time(done[-1]['seconds'])}"
                    if done
                    else "none finished"
                )
        rows.append((family, *cells))
    return table(("nodes", *names), rows)


def solving(found: dict[str, Any]) -> str:
    rows = []
    for family, result in found.items():
        for row in (row for row in result["rows"] if "end" not in row):
            stages = (
                time(row["stages"][name]) for name in ("derive", "evaluate", "verify", "print")
            )
            rows.append((
                f"{family}, {row['lines']:,} lines", str(row["answers"]), time(row["seconds"]), *stages,
                f"{row['mebibytes']:.0f} MiB", slope(result["exponent"]),
            ))  # fmt: skip
    return table(("", "gradients", "in all", "derive", "evaluate", "verify", "print", "memory", "exponent"), rows)  # fmt: skip


def matrices(found: dict[str, Any]) -> str:
    return table(
        ("", "right", "of these in matrix notation", "silently wrong", "raises or stays undone", "time"),
        (
            (name, *(str(result[key]) for key in ("right", "in matrix notation", "wrong", "none")),
             time(sum(row.get("seconds", 0.0) for row in result["cases"])))
            for name, result in found.items()
        ),
    )  # fmt: skip


def wrong(cases: Sequence[dict[str, Any]]) -> str:
    return "; ".join(case["name"] for case in cases if case["outcome"] == "wrong")


def depth(found: dict[str, Any]) -> str:
    rows = []
    for name, result in found.items():
        done = {row["n"]: row for row in result["rows"] if "end" not in row}
        end = next((row["end"] for row in result["rows"] if "end" in row), "")
        cells = [time(done[n]["seconds"]) if n in done else "–" for n in DEPTHS]
        last = max(done) if done else 0
        stopped = (
            f"after depth {last}: " + ("raises" if "Error" in end else end).removesuffix(".")
            if end
            else f"all {last}"
        )
        most = max((row["terms"] for row in done.values()), default=0)
        rows.append((name, *cells, slope(result["exponent"]), str(most), stopped))
    return table(
        ("depth", *map(str, DEPTHS), "exponent from 10", "terms, at most", "finished"), rows
    )


def files(found: dict[str, Any]) -> str:
    failed = (
        f" {len(found['failed'])} failed: {', '.join(found['failed'])}." if found["failed"] else ""
    )
    said = (
        f"{found['files']} exercises, the shipped ones and a folder of published ones, each solved and checked by a process of its own, timed on\n"
        f"the processor (the clock says more about the machine's other work): median {time(found['median cpu'])}, {found['within on the processor']} "
        f"within {found['target']:.0f} s.{failed} The slowest five:\n\n"
    )
    return said + table(
        ("", "seconds"), ((name, f"{took['cpu']:.2f}") for name, took in found["slowest"].items())
    )


def code(rows: Sequence[dict[str, Any]]) -> str:
    return table(
        ("", "by hand", "gradcalc", "ratio", "jax.grad", "ratio"),
        (
            (f"{row['m']} examples, {row['d']} inputs, {row['h']} hidden", time(row["seconds"]["by hand"]), *both(row, "gradcalc"), *both(row, "jax.grad"))
            for row in rows
        ),
    )  # fmt: skip


def both(row: dict[str, Any], name: str) -> tuple[str, str]:
    return (
        (time(row["seconds"][name]), times(row["ratio"][name]))
        if name in row["seconds"]
        else ("–", "–")
    )


def behind(results: dict[str, Any]) -> str:
    """What is slower than a peer or than its bar, and what would change that."""
    ratios = [result["ratio to by hand"] for result in results["scalars"].values()]
    small = results["code"]["rows"][0]
    slow = results["files"]["files"] - results["files"]["within on the processor"]
    points = [
        f"**Floats by hand** are {min(ratios):.1f} to {max(ratios):.1f} times faster: they know each operation by name, keep no record of who "
        "contributed what, and expect no missing value. Compiling the graph, as CasADi and JAX do, would help who evaluates one graph many times. That is not measured.",
        f"**Small batches**: on {small['m']} examples exported code takes {times(small['ratio']['gradcalc'])} the time of NumPy by hand, "
        f"{(small['seconds']['gradcalc'] - small['seconds']['by hand']) * 1e6:.0f} µs a call, for checking its arguments and for the upstream gradient.",
    ]
    if slow:
        points.append(
            f"**Exercises** that take longer than {results['files']['target']:.0f} s on the processor: {slow}, of {results['files']['files']}."
        )
    if results["startup"]["cpu ratio"]["solve ex1"] > 1:
        points.append(
            "**Start-up** is that of SymPy and Python. Only an engine without SymPy for what is shown would be faster than importing it."
        )
    return "\n".join(f"- {point}" for point in points)


if __name__ == "__main__":
    made = {"page": page, "summary": summary}[sys.argv[1]]
    print(made(json.loads((ROOT / "docs" / "benchmarks.json").read_text("utf-8"))), end="")
