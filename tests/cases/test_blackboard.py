"""Answers as one writes them on a blackboard, most of them scalar: each line is an exercise and its answer in full."""

from __future__ import annotations

from typing import Any

import pytest

from gradcalc.language.unparse import unparse
from helpers.answers import solved

FORMULAS = [
    # cases of one condition are one case
    ("f = where(x > 0, x + 1, x)", "df/dx", "1"),
    ("r = y - x; f = where(abs(r) <= d, r^2/2, d*(abs(r) - d/2))", "df/dr", "where(abs(r) <= d, r, d*sign(r))"),
    ("f = relu(1 - m)^2", "df/dm", "-2*relu(1 - m)"),
    ("f = relu(1 - m)^2", "d2f/dm2", "2*step(1 - m)"),
    # nothing is divided by what the rule does not divide by
    ("f = a*b*c*d", "df/da", "b*c*d"),
    ("f = prod([a, b, c])", "df/da", "b*c"),
    ("s = x + y + z; f = s*x*y*z", "local df/dx", "s*y*z"),
    ("f = a*exp(-b*x)*cos(w*x)", "df/dw", "-a*x*exp(-b*x)*sin(w*x)"),
    ("v = V*S/(K + S)", "dv/dV", "S/(K + S)"),
    ("u = exp(-b*t); x = A*u*cos(w*t)", "dx/dt", "-b*x - A*u*w*sin(w*t)"),  # no tan(w*t), which has no value where x is 0
    # tenths and hundredths are decimals where the author writes any; halves and quarters are fractions
    ("f = leaky_relu(x, 0.01)", "df/dx", "where(x > 0, 1, 0.01)"),
    ("f = 0.1*z + 1.25", "df/dz", "0.1"),
    ("f = 0.05*x^3/y", "df/dx", "0.15*x^2/y"),
    ("f = 0.5*x^2 + x/4", "df/dx", "x + 1/4"),
    ("f = x^2/10", "df/dx", "x/5"),
    ("f = 0.1*(x - y)*w", "df/dw", "0.1*(x - y)"),
    ("W = 13.12 + 0.6215*T - 11.37*v^0.16 + 0.3965*T*v^0.16", "dW/dv", "(0.06344*T - 1.8192)/v^0.84"),
    ("f = log(x^2 + 1e-5)", "df/dx", "2*x/(x^2 + 1e-5)"),
    ("f = where(0.1*x > 0, x, y)", "df/dx", "where(0.1*x > 0, 1, 0)"),
    # quotients
    ("v = V*S/(K + S)", "dv/dS", "V*K/(K + S)^2"),
    ("t = atan(y/x)", "dt/dx", "-y/(y^2 + x^2)"),
    ("f = x/(x^2 + y^2)", "df/dx", "(y^2 - x^2)/(x^2 + y^2)^2"),
    ("u = log(sqrt(x^2 + y^2))", "d2u/dy2", "(x^2 - y^2)/(x^2 + y^2)^2"),
    ("g(t) = t/(1 + t^2); f = g(u + b)", "df/du", "(1 - (u + b)^2)/(1 + (u + b)^2)^2"),
    ("u = 2*x + 3*y; v = u/(x*y)", "dv/dx", "-3/x^2"),
    ("o = p/(1 - p); z = log(o)", "dz/dp", "1/(p*(1 - p))"),
    ("o = p/(1 - p); z = log(o)", "d2z/dp2", "(2*p - 1)/(p^2*(1 - p)^2)"),
    ("f = 1/(1/a + 1/b)", "df/da", "f^2/a^2"),
    ("f = log(s) + (y - m)^2/(2*s^2)", "df/ds", "1/s - (y - m)^2/s^3"),
    ("f = -(1 - p)^g*log(p)", "df/dp", "g*log(p)*(1 - p)^(g - 1) - (1 - p)^g/p"),
    ("f = log(cosh(x - y))", "df/dx", "tanh(x - y)"),
    ("x = h/T; B = c/(exp(x) - 1)", "dB/dT", "B*x*exp(x)/((exp(x) - 1)*T)"),
    ("u = exp(v) - 1; f = w*(9 - v)/10/u", "df/dw", "(9 - v)/(10*u)"),
    ("f = sqrt(x^2*y^2)", "df/dx", "sign(x)*abs(y)"),
    ("u = exp(-a*(r - s)); V = D*(1 - u)^2", "d2V/dr2", "-2*D*u*(1 - 2*u)*a^2"),
    ("f = x^n/(k^n + x^n)", "df/dx", "n*x^(n - 1)*k^n/(k^n + x^n)^2"),
    ("p = sigmoid(z); f = -(1 - p)^g*log(p)", "df/dz", "(1 - p)^g*(g*p*log(p) + p - 1)"),
    ("f = x*x^n/n", "df/dx", "x^n*(n + 1)/n"),
    ("u = exp(-x^2/(4*k*t))/sqrt(4*pi*k*t)", "du/dx", "-x*u/(2*k*t)"),
    # names of quantities
    ("a = exp(s); b = exp(t); Z = a + b; p = a/Z; q = b/Z", "dp/dt", "-a*b/Z^2"),  # q is no part of p
    ("a = exp(s); b = exp(t); Z = a + b; p = a/Z; q = b/Z; f = -log(p)", "df/ds", "p - 1"),
    ("s = q*k; t = q*l; a = exp(s)/(exp(s) + exp(t)); b = exp(t)/(exp(s) + exp(t))", "da/ds", "a*(1 - a)"),
    ("s = q*k; t = q*l; a = exp(s)/(exp(s) + exp(t)); b = exp(t)/(exp(s) + exp(t)); o = a*v + b*w", "do/dq",
     "a*b*(v - w)*(k - l)"),
    ("Z = exp(s) + exp(t) + exp(u); p = exp(s)/Z; f = -log(p)", "df/ds", "p - 1"),
    ("r2 = x^2 + y^2; r = sqrt(r2); f = 1/r", "dr/dr2", "1/(2*r)"),
    ("r2 = x^2 + y^2; r = sqrt(r2); f = 1/r", "df/dr", "-1/r^2"),
    ("r2 = x^2 + y^2; r = sqrt(r2)", "d2r/dx2", "y^2/r^3"),
    ("x = r*cos(t); y = r*sin(t); u = x^2 - y^2", "du/dt", "-4*x*y"),
    ("s = sigmoid(y); d = sigmoid(x) + (x + y)^2; i = 1/d; f = (x + s)*i", "df/dy", None),
    # factors, signs and sums in the order one writes
    ("z = (x - m)/s; p = exp(-z^2/2)/(s*sqrt(2*pi))", "dp/ds", "p*(z^2 - 1)/s"),
    ("f = exp(-x^2/2)", "d2f/dx2", "f*(x^2 - 1)"),
    ("f = x*sigmoid(c*x)", "df/dx", "sigmoid(c*x)*(1 + x*c*(1 - sigmoid(c*x)))"),
    ("f = x^y", "df/dx", "y*x^(y - 1)"),
    ("f = gelu(x)", "d2f/dx2", "exp(-x^2/2)*(2 - x^2)/sqrt(2*pi)"),
    ("f = 3*x^2 + 2*x", "df/dx", "6*x + 2"),
    ("f = (x^2 + y - 11)^2 + (x + y^2 - 7)^2", "d2f/dx2", "12*x^2 + 4*y - 42"),
    ("b = (w + x - y - z)^2", "db/dy", "-2*(w + x - y - z)"),
    ("z = m + s*e; f = (z - x)^2 + m^2/2", "df/dm", "2*(z - x) + m"),
    ("f = -w*(x - m)*exp(x - m)", "df/dw", "exp(x - m)*(m - x)"),
    ("f = 2^x", "df/dx", "log(2)*f"),
]  # fmt: skip


ARRAYS: list[tuple[str, str, dict[str, Any], str]] = [
    # entries of a vector given entry by entry
    (
        "a = [l*cos(q[0]), l*sin(q[1])]; r = a - t; E = 1/2*sum(r^2)",
        "dE/dl",
        {"q": [2], "t": [2], "l": []},
        "r[0]*cos(q[0]) + r[1]*sin(q[1])",
    ),
    (
        "a = [l*q[0], l*exp(q[1])]; E = 1/2*norm(a - t)^2",
        "dE/dq",
        {"q": [2], "t": [2], "l": []},
        "[l*(a[0] - t[0]), l*exp(q[1])*(a[1] - t[1])]",
    ),
    # the name of a quantity beside the way
    ("Z = sum(exp(-b*E)); F = -log(Z)/b", "dF/dE", {"E": ["n"], "b": []}, "exp(-b*E)/Z"),
    # what is assumed of signs
    ("f = abs(x*y)", "df/dx", {"x": {"assume": "positive"}, "y": []}, "abs(y)"),
    ("f = sqrt(x^2*y) + relu(-x)", "df/dx", {"x": {"assume": "positive"}, "y": []}, "sqrt(y)"),
    ("f = where(x > 0, x^2, y)", "df/dx", {"x": {"assume": "positive"}, "y": []}, "2*x"),
    ("f = sum(abs(A))", "df/dA", {"A": {"shape": ["n", "n"], "assume": "positive"}}, "sign(A)"),
    # what sums to 0
    (
        "c = x - mean(x); s = sqrt(mean(c^2)); y = c/s",
        "dy/dx",
        {"x": ["n"]},
        "(eye(n) - outer(y, y)/n - outer(ones(n), ones(n))/n)/s",
    ),
    # a product's name, in vectors and within a number
    (
        "u = inv(M) @ w; c = u.T @ u",
        "dc/dM",
        {"M": ["n", "n"], "w": ["n"]},
        "-2*outer(inv(M).T @ u, u)",
    ),
    (
        "a = softmax(s); o = V.T @ a; f = g.T @ o",
        "df/ds",
        {"s": ["n"], "V": ["n", "p"], "g": ["p"]},
        "a*(V @ g - o @ g)",
    ),
]


@pytest.mark.parametrize(("lines", "question", "variables", "formula"), ARRAYS)
def test_array(lines: str, question: str, variables: dict[str, Any], formula: str) -> None:
    found = solved(lines, question, variables=variables, sizes={"n": 3, "p": 2})[question]
    assert found.verified is not None
    assert found.verified.ok
    assert found.symbolic is not None
    assert unparse(found.symbolic) == formula


COBB_DOUGLAS = [
    ("dY/dK", "a*Y/K"),
    ("d2Y/dK2", "-Y*a*(1 - a)/K^2"),
    ("d2Y/dKdL", "Y*a*(1 - a)/(K*L)"),
]


@pytest.mark.parametrize(("question", "formula"), COBB_DOUGLAS)
def test_what_is_positive_may_be_divided_by(question: str, formula: str) -> None:
    positive: dict[str, Any] = {"assume": "positive"}
    variables = {"A": [], "K": positive, "L": positive, "a": []}
    found = solved("Y = A*K^a*L^(1 - a)", question, variables=variables)[question]
    assert found.symbolic is not None
    assert unparse(found.symbolic) == formula


@pytest.mark.parametrize(("lines", "question", "formula"), FORMULAS)
def test_formula(lines: str, question: str, formula: str | None) -> None:
    """It reads so, and the oracle agrees."""
    found = solved(lines, question)[question]
    assert found.verified is not None
    assert found.verified.ok
    if formula is not None:
        assert found.symbolic is not None
        assert unparse(found.symbolic) == formula


EXPANDED = [
    ("s = a + b; d = a - b; f = s*d", "df/da", "2*a"),
    ("d = a*b; e = a + b; f = d*e", "df/da", "b*(2*a + b)"),
    ("c = a + b; d = b + 1; e = c*d", "de/db", "2*b + a + 1"),
    ("u = x/y; f = u^2", "du/dy", "-x/y^2"),
    ("x = a*b; E = 0.5*k*x^2; J = 4*E", "dJ/dk", "2*(a*b)^2"),
    ("x = a + b; E = 0.5*x; J = -2*E*k", "dJ/dk", "-a - b"),
    ("g = 1/sqrt(1 - v^2/c^2); p = g*m*v", "dp/dv", "m/(1 - v^2/c^2)^(3/2)"),
    ("g = 1/sqrt(1 - v^2/c^2); E = g*m*c^2", "dE/dv", "m*v/(1 - v^2/c^2)^(3/2)"),
    ("s = sqrt(1 - x^2); f = s*x + asin(x)", "df/dx", "2*sqrt(1 - x^2)"),
    ("z = w*x; n = -z; E = exp(n); N = E + 1; f = 1/N", "df/dz", "sigmoid(w*x)*(1 - sigmoid(w*x))"),
    ("n = w*x; E = exp(2*n); o = (E - 1)/(E + 1)", "do/dn", "1 - tanh(w*x)^2"),
]


EXPANDED_ARRAYS: list[tuple[str, str, dict[str, Any], str]] = [
    ("F = -log(sum(exp(z))); f = F^2 + x; g = exp(F) - F*x", "dg/dx", {"z": ["n"]}, "logsumexp(z)"),
    ("s = -sum(z); f = (x - s)^2", "df/dx", {"z": ["n"]}, "2*(x + sum(z))"),
    ("a = [l*q[0], l*q[1]]; E = a[0]*w", "dE/dw", {"q": [2]}, "l*q[0]"),
]


@pytest.mark.parametrize(("lines", "question", "variables", "expanded"), EXPANDED_ARRAYS)
def test_expanded_has_no_double_sign_and_no_entry_of_a_list(
    lines: str, question: str, variables: dict[str, Any], expanded: str
) -> None:
    found = solved(lines, question, variables=variables, sizes={"n": 3})[question]
    assert found.expanded is not None
    assert unparse(found.expanded) == expanded


@pytest.mark.parametrize(("lines", "question", "formula"), EXPANDED)
def test_what_cancels_in_the_inputs_is_gone(lines: str, question: str, formula: str) -> None:
    found = solved(lines, question)[question].expanded
    assert found is not None
    assert unparse(found) == formula
