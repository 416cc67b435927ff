"""`python -m benchmarks [PART …]`: gradcalc beside its peers. Parts: startup scalars solve explain matrices depth files code."""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import platform
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import clock, figure, files, page, solving, startup
from benchmarks.expressions import CASES
from benchmarks.peers import PEERS
from benchmarks.scalars import FAMILIES

PACKAGES = {"CasADi SX": "casadi", "symengine per node": "symengine", "sympy.diff": "sympy", "SymPy": "sympy",
            "jax.grad": "jax", "jax.jit(jax.grad)": "jax", "tensorgrad": "tensorgrad"}  # fmt: skip


def version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def machine() -> dict[str, Any]:
    """What the figures were measured on; neither names nor folders."""
    import os

    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [
            line.split(":", 1)[1].strip()
            for line in cpuinfo.read_text().splitlines()
            if line.startswith("model name")
        ]
        model = lines[0] if lines else model
    found = {
        name: version(name)
        for name in ("numpy", "sympy", "typer", "casadi", "symengine", "jax", "tensorgrad")
    }
    return {
        "date": datetime.date.today().isoformat(), "system": platform.system(), "architecture": platform.machine(),
        "processor": model, "cores": os.cpu_count(), "load": os.getloadavg()[1],
        "python": platform.python_version(), "packages": found,
    }  # fmt: skip


def missing(peer: str) -> bool:
    """Whether a peer is not installed; then a line says so."""
    package = PACKAGES.get(peer)
    if package is None or version(package):
        return False
    print(f"  {peer}: {package} is not installed (pip install '.[bench]')", flush=True)
    return True


def ms(seconds: float) -> str:
    return f"{seconds * 1000:,.{0 if seconds >= 0.1 else 1 if seconds >= 0.01 else 2}f} ms"


def start(options: argparse.Namespace) -> dict[str, Any]:
    found = startup.run(options.gradcalc, options.rounds)
    for name, wall in found["wall"].items():
        target = f"  (at most {found['target'][name]})" if name in found["target"] else ""
        print(
            f"  {name:14} {ms(wall):>9}  processor {ms(found['cpu'][name]):>9}  × {found['ratio'][name]:.2f} of import sympy{target}"
        )
    return found


def scalars(options: argparse.Namespace) -> dict[str, Any]:
    peers = [peer for peer in PEERS if not missing(peer)]
    found: dict[str, Any] = {}
    for family, (_, counts, _, _) in FAMILIES.items():
        own = list(lines("scalars", "gradcalc", family))
        for row in own:
            if "end" in row:
                raise RuntimeError(f"{family}: {row['end']}")
        large = [row for row in own if row["nodes"] >= 1000]
        slopes = {
            who: clock.exponent([(row["nodes"], row[who]) for row in large])
            for who in ("gradcalc", "hand")
        }
        last = own[-1]
        print(f"  {family}: {last['nodes']:,} nodes in {ms(last['gradcalc'])}, by hand in floats {ms(last['hand'])}, "
              f"× {median_ratio(large):.2f}; exponent {slopes['gradcalc']:.2f} (by hand {slopes['hand']:.2f}); "
              f"{max(row['bytes'] for row in large):.0f} bytes a node; right: {all(row['right'] for row in own)}")  # fmt: skip
        found[family] = {
            "n is": counts,
            "gradcalc": own,
            "exponent": slopes,
            "ratio to by hand": median_ratio(large),
            "peers": {},
        }
        for peer in peers:
            rows = list(lines("scalars", peer, family))
            found[family]["peers"][peer] = rows
            print(f"    {against(peer, rows, own, counts)}", flush=True)
    return found


def solve(options: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for family, sizes in solving.SIZES.items():
        few = sizes[: solving.QUICK] if options.quick else sizes
        rows = list(clock.worker("solving", family, *map(str, few), limit=120.0))
        done = [row for row in rows if "end" not in row]
        slope = clock.exponent([(row["lines"], row["seconds"]) for row in done])
        for row in done:
            stages = ", ".join(f"{name} {ms(took)}" for name, took in row["stages"].items())
            print(f"  {family}: {row['lines']:,} lines, {row['answers']:,} answers in {ms(row['seconds'])} "
                  f"({stages}), {row['mebibytes']:.0f} MiB; verified: {row['right']}", flush=True)  # fmt: skip
        ends = "".join(f"; then {row['end']}" for row in rows if "end" in row)
        print(f"    exponent {slope or 0:.2f}{ends}", flush=True)
        found[family] = {"rows": rows, "exponent": slope}
    return found


def explain(options: argparse.Namespace) -> dict[str, Any]:
    rows = list(clock.worker("explaining", limit=120.0))
    for row in rows:
        if "end" in row:
            raise RuntimeError(row["end"])
        more = "".join(
            f", {name} {ms(row[key])} (× {row[key] / row['solve']:.2f})"
            for key, name in (("explain", "explain"), ("one", "explain --for"))
            if key in row
        )
        print(f"  {row['what']}: solve {ms(row['solve'])}{more}; verified: {row['right']}")
    return {"rows": rows}


def lines(part: str, *words: str) -> Iterator[dict[str, Any]]:
    yield from clock.worker(part, *words)


def median_ratio(rows: list[dict[str, Any]]) -> float:
    ratios = sorted(row["gradcalc"] / row["hand"] for row in rows)
    return float(ratios[len(ratios) // 2])


def against(peer: str, rows: list[dict[str, Any]], own: list[dict[str, Any]], counts: str) -> str:
    """A peer in a line: at the largest size that it finished and gradcalc measured too, and where it ended."""
    end = next((row["end"] for row in rows if "end" in row), None)
    done = [row for row in rows if "end" not in row]
    ours = {row["n"]: row["gradcalc"] for row in own}
    common = [row for row in done if row["n"] in ours] or done
    if not done:
        return f"{peer}: nothing ({end})"
    row = common[-1]
    times = (
        f", gradcalc {ms(ours[row['n']])}: × {row['seconds'] / ours[row['n']]:.0f}"
        if row["n"] in ours
        else ""
    )
    wrong = "" if all(row["right"] for row in done) else "; WRONG"
    return f"{peer}: {ms(row['seconds'])} at {row['n']:,} {counts}{times}{wrong}" + (
        f"; then {end}" if end else ""
    )


def matrices(options: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for peer in ("gradcalc", "SymPy"):
        rows: list[dict[str, Any]] = []
        while len(rows) < len(CASES):
            for row in clock.worker(
                "matrices", peer, str(len(rows)), limit=3 * clock.LIMIT
            ):  # right is what counts
                rows.append(
                    {"name": CASES[len(rows)].name, "outcome": "none", "formula": row["end"]}
                    if "end" in row
                    else row
                )
        tally = Counter(row["outcome"] for row in rows)
        shown = sum(row["outcome"] == "right" and row.get("matrix", False) for row in rows)
        print(f"  {peer}: {tally['right']} of {len(rows)} right ({shown} in matrix notation), {tally['wrong']} silently wrong, "
              f"{tally['none']} raise or stay undone; {ms(sum(row.get('seconds', 0.0) for row in rows))} in all")  # fmt: skip
        found[peer] = {
            "right": tally["right"],
            "in matrix notation": shown,
            "wrong": tally["wrong"],
            "none": tally["none"],
            "cases": rows,
        }
    return found


def depth(options: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for peer in ("gradcalc", "gradcalc, checked", "tensorgrad", "SymPy"):
        if missing(peer):
            continue
        rows = list(clock.worker("depth", peer))
        done = [row for row in rows if "end" not in row]
        slope = clock.exponent([(row["n"], row["seconds"]) for row in done if row["n"] >= 10])
        said = ", ".join(
            f"{row['n']}: {ms(row['seconds'])}"
            for row in done
            if row["n"] in (1, 2, 5, 10, 20, 50) or row is done[-1]
        )
        print(f"  {peer}: depth {said}; at most {max(row['terms'] for row in done) if done else '–'} terms"
              + (f"; exponent {slope:.2f} from depth 10" if slope else "") + "".join(f"; then {row['end']}" for row in rows if "end" in row))  # fmt: skip
        found[peer] = {"rows": rows, "exponent": slope}
    return found


def solved(options: argparse.Namespace) -> dict[str, Any]:
    folders = [clock.ROOT / "exercises"]
    if options.cases is None:
        print("  no folder of cases given (--cases): only the shipped exercises")
    elif options.cases.is_dir():
        folders.append(options.cases)
    else:
        print("  the folder of cases is not there: only the shipped exercises")
    found = files.run(options.gradcalc, folders)
    print(
        f"  {found['within']} of {found['files']} within {found['target']} s, the start of the program included; median {ms(found['median'])}"
    )
    for name, seconds in found["slowest"].items():
        print(f"    {name}: {ms(seconds['wall'])}, {ms(seconds['cpu'])} on the processor")
    for name in found["failed"]:
        print(f"    {name}: FAILED")
    return found


def code(options: argparse.Namespace) -> dict[str, Any]:
    missing("jax.grad")
    rows = list(clock.worker("code", limit=120.0))  # nothing here is given up: all sizes are small
    for row in rows:
        if "end" in row:
            raise RuntimeError(row["end"])
        said = ", ".join(
            f"{name} {ms(seconds)} (× {row['ratio'][name]:.2f})"
            for name, seconds in row["seconds"].items()
        )
        print(
            f"  {row['m']} examples, {row['d']} inputs, {row['h']} hidden: {said}; right: {all(row['right'].values())}"
        )
    return {"rows": rows}


PARTS: dict[str, tuple[str, Callable[[argparse.Namespace], dict[str, Any]]]] = {
    "startup": ("Start-up, whole processes", start),
    "scalars": ("Scalar graphs: all gradients as numbers", scalars),
    "solve": ("Long scalar computations: derived, evaluated, verified, printed", solve),
    "explain": ("Explanations beside answers, and second derivatives", explain),
    "matrices": ("Matrix derivatives: right, wrong, none", matrices),
    "depth": ("A tanh network with symbolic shapes, gradient by every weight", depth),
    "files": ("Every exercise solved", solved),
    "code": ("Exported NumPy gradients of a network on a batch", code),
}


QUICK = ("solve", "explain", "code")  # what a change of the program is seen in


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all without"
    )
    parser.add_argument(
        "--cases", type=Path, metavar="DIR", help="a folder of more exercises to solve"
    )
    parser.add_argument(
        "--gradcalc",
        type=shlex.split,
        default=[sys.executable, "-m", "gradcalc"],
        metavar="COMMAND",
    )
    parser.add_argument(
        "--quick", action="store_true", help="for every change: small sizes, a minute or two"
    )
    parser.add_argument("--rounds", type=int, default=11, help="runs of each process for start-up")
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="add the results to this file; else they are only printed",
    )
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw them (SVG)")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="write docs/benchmarks.md anew, of all parts"
    )
    options = parser.parse_args()
    if unknown := [part for part in options.parts if part not in PARTS]:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    results: dict[str, Any] = {}
    if options.json and options.json.exists():
        results = json.loads(options.json.read_text("utf-8"))
    results["machine"] = machine()
    for part in options.parts or (QUICK if options.quick else PARTS):
        title, work = PARTS[part]
        print(f"{title}", flush=True)
        results[part] = work(options)
        if options.json:
            options.json.write_text(
                json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8"
            )
    if options.figure:
        options.figure.write_text(figure.draw(results), "utf-8")
    if options.page:
        options.page.write_text(page.document(results), "utf-8")


if __name__ == "__main__":
    main()
