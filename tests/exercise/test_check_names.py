"""Names across the keys of an exercise: inputs, look-alikes, what is probably meant."""

from __future__ import annotations

from gradcalc.exercise.load import parse_exercise


def test_inputs_leave_out_what_is_known() -> None:
    exercise = parse_exercise(
        "expression: |\n  h(t) = t*k\n  z = g(x) + pi/m\n  p[j] = h(z) + w[j]\n  J = sum(p[j], j)\n"
        "examples: {i: m}\nindices: {j: n}\nvariables: {x: {shape: [n], each: i}, g: {function: 1}}\n"
    )
    assert exercise.inputs == ("x", "w", "k")
    assert exercise.size_names == {"m", "n"}
    assert exercise.unknown_functions == ("g",)


def test_warnings() -> None:
    def warned(text: str) -> list[str]:
        return [problem.message for problem in parse_exercise(text).warnings]

    assert warned("expression: x + 1 # and more\n") == [
        "YAML reads `# and more` as a comment, so the expression ends before it"
    ]
    assert warned("title: Sheet #2\nexpression: x\n") == [
        "YAML reads `#2` as a comment, so `title` ends before it"
    ]
    assert warned("expression: x + х\n") == ["`x` and `х` are two names but look the same in print"]
    assert warned("expression: alpha + α\n") == [
        "`alpha` and `α` are two names but look the same in print"
    ]
    assert warned("expression: xbar + x_bar\n") == [
        "`xbar` and `x_bar` are two names but look the same in print"
    ]
    assert warned("expression: yhat + ŷ\n") == [
        "`yhat` and `ŷ` are two names but look the same in print"
    ]
    assert warned("expression: |\n  v = w - dL/dt\n  L = w^2\n") == []
    assert warned("expression: w0x0 + w0\nvariables: {w0: [], x0: []}\n") == [
        "`w0x0` is a single name"
    ]
    assert warned("expression: |\n  relu(t) = t\n  relu(x)\n") == [
        "your `relu` replaces the built-in function of that name"
    ]
    assert warned("expression: |\n  tanh = x\n  dot = tanh(tanh)\n") == []
