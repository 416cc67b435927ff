"""The results as a picture: a panel for every family of scalar graphs and one for the network, both axes logarithmic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT, LEFT, TOP, GAP_X, GAP_Y = 250, 190, 58, 74, 84, 84
# Name -> colour, dashes, mark. Colour is never the only sign.
LOOK = {
    "gradcalc": ("#0b5fa5", "", "●"), "floats by hand": ("#555555", "2 3", "·"), "CasADi SX": ("#b3541e", "6 3", "▲"),
    "symengine per node": ("#2e7d32", "8 3 2 3", "■"), "sympy.diff": ("#a01c48", "3 3", "◆"), "jax.grad": ("#6a3d9a", "10 4", "▼"),
    "jax.jit(jax.grad)": ("#9a7d0a", "4 2", "✚"), "tensorgrad": ("#00796b", "6 3", "★"), "gradcalc, checked": ("#5b9bd5", "5 2", "○"),
}  # fmt: skip
Curve = list[tuple[float, float]]


def draw(results: dict[str, Any]) -> str:
    """An SVG of what is there."""
    panels: list[tuple[str, str, dict[str, Curve]]] = []
    for family, found in results.get("scalars", {}).items():
        own = found["gradcalc"]
        curves: dict[str, Curve] = {
            "gradcalc": [(row["nodes"], row["gradcalc"]) for row in own],
            "floats by hand": [(row["nodes"], row["hand"]) for row in own],
        }
        for peer, rows in found["peers"].items():
            curves[peer] = [(row["nodes"], row["seconds"]) for row in rows if "end" not in row]
        panels.append((family, "nodes", curves))
    if "depth" in results:
        curves = {
            peer: [(row["n"], row["seconds"]) for row in found["rows"] if "end" not in row]
            for peer, found in results["depth"].items()
            if peer != "SymPy"
        }
        panels.append(("tanh network, symbolic shapes", "layers", curves))
    columns = 3
    across = LEFT + columns * WIDTH + (columns - 1) * GAP_X + 30
    down = TOP + math.ceil(len(panels) / columns) * (HEIGHT + GAP_Y) - 20
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" font-family="sans-serif" font-size="11" fill="#222">',
        "<title>Time for all gradients over size: gradcalc and its peers</title>",
        f'<rect width="{across}" height="{down}" fill="#fff"/>',
        *legend(sorted({name for _, _, curves in panels for name in curves}, key=list(LOOK).index)),
    ]
    for number, (title, unit, curves) in enumerate(panels):
        x = LEFT + number % columns * (WIDTH + GAP_X)
        y = TOP + number // columns * (HEIGHT + GAP_Y)
        out += panel(x, y, title, unit, {name: curve for name, curve in curves.items() if curve})
    return "\n".join((*out, "</svg>", ""))


def legend(names: Sequence[str]) -> list[str]:
    out, x, y = [], 20.0, 20
    for name in names:
        colour, dashes, mark = LOOK[name]
        if x > 800:
            x, y = 20.0, y + 18
        out.append(
            f'<line x1="{x}" y1="{y - 4}" x2="{x + 26}" y2="{y - 4}" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'
        )
        out.append(f'<text x="{x + 13}" y="{y}" text-anchor="middle" fill="{colour}">{mark}</text>')
        out.append(f'<text x="{x + 32}" y="{y}">{escape(name)}</text>')
        x += 52 + 6.4 * len(name)
    return out


def panel(x: float, y: float, title: str, unit: str, curves: dict[str, Curve]) -> list[str]:
    xs = [n for curve in curves.values() for n, _ in curve]
    ys = [t for curve in curves.values() for _, t in curve]
    low, high = math.log10(min(xs)), math.log10(max(xs))
    bottom, top = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))

    def place(n: float, t: float) -> tuple[float, float]:
        return x + WIDTH * (math.log10(n) - low) / (high - low or 1), y + HEIGHT * (
            top - math.log10(t)
        ) / (top - bottom)

    out = [
        f'<text x="{x}" y="{y - 10}" font-size="13" font-weight="bold">{escape(title)}</text>',
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#999"/>',
        f'<text x="{x + WIDTH}" y="{y + HEIGHT + 32}" text-anchor="end">{unit}</text>',
    ]
    for power in range(bottom, top + 1):
        _, at = place(10**low, 10.0**power)
        out.append(
            f'<line x1="{x}" y1="{at:.1f}" x2="{x + WIDTH}" y2="{at:.1f}" stroke="#e4e4e4"/>'
        )
        out.append(f'<text x="{x - 6}" y="{at + 4:.1f}" text-anchor="end">{seconds(power)}</text>')
    for power in range(math.ceil(low), math.floor(high) + 1):
        at, _ = place(10.0**power, 10.0**top)
        out.append(
            f'<line x1="{at:.1f}" y1="{y}" x2="{at:.1f}" y2="{y + HEIGHT}" stroke="#e4e4e4"/>'
        )
        out.append(
            f'<text x="{at:.1f}" y="{y + HEIGHT + 16}" text-anchor="middle">{10**power:,}</text>'
        )
    for name, curve in sorted(curves.items(), key=lambda item: item[0] == "gradcalc"):
        colour, dashes, mark = LOOK[name]
        points = [place(n, t) for n, t in curve]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        width = 2.6 if name == "gradcalc" else 1.6
        out.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dashes}"/>'
        )
        out += [
            f'<text x="{a:.1f}" y="{b + 3.5:.1f}" font-size="9" text-anchor="middle" fill="{colour}">{mark}</text>'
            for a, b in points
        ]
    return out


def seconds(power: int) -> str:
    return (
        f"{10**power} s"
        if power >= 0
        else f"{10 ** (power + 3)} ms"
        if power >= -3
        else f"{10 ** (power + 6)} µs"
    )
