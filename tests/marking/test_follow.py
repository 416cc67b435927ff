"""Chains of answers with an early error: what follows from it is told from what is another error."""

from __future__ import annotations

import pytest

from gradcalc.exercise.load import load_exercise
from gradcalc.exercise.source import Text
from gradcalc.marking.marker import Marker
from gradcalc.marking.model import RIGHT, WRONG, Given
from helpers.paths import ROOT

# exercise | earlier answers | the last answer | from which questions it follows; no: it does not; right: it is right
CHAINS = """
ex1 | df/dq = q | df/dx = q | no
ex1 | df/dq = 2*z | df/dx = 2*z | df/dq
ex1 | df/dq = z + 1 | df/dy = z + 1 | df/dq
ex1 | df/dq = 3 | df/dx = 3 | df/dq
ex1 | df/dq = -z | df/dx = z | right
ex1 | dq/dx = 2 | df/dx = 2*z | dq/dx
ex1 | dq/dx = 0 | df/dx = 0 | no
ex1 | dq/dx = 2 | df/dx = -8 | dq/dx
ex1 | df/dq = 3; dq/dy = 2 | df/dy = 6 | dq/dy and df/dq
ex1 | df/dz = x - y | df/dx = 2*z | no
ex2 | dalpha/dx0 = w0*alpha | dalpha/dw0 = x0*alpha | no
two-layer-network | delta2 = p + y | dL/dW2 = outer(p + y, h) | dL/dz2
two-layer-network | delta2 = p + y | dL/db2 = p + y | dL/dz2
two-layer-network | delta2 = p + y | dL/dh = W2.T @ (p + y) | dL/dz2
two-layer-network | delta2 = p + y | delta1 = W2.T @ (p + y)*(1 - h^2) | dL/dz2
two-layer-network | delta2 = p + y | dL/dW1 = outer(W2.T @ (p + y)*(1 - h^2), x) | dL/dz2
two-layer-network | delta2 = p + y | dL/dx = W1.T @ (W2.T @ (p + y)*(1 - h^2)) | dL/dz2
two-layer-network | dL/dh = 2*W2.T @ (p - y) | delta1 = 2*W2.T @ (p - y)*(1 - h^2) | dL/dh
two-layer-network | delta1 = W2.T @ (p - y) | dL/dW1 = outer(W2.T @ (p - y), x) | dL/dz1
two-layer-network | delta2 = y - p; delta1 = W2.T @ (y - p) | dL/dW1 = outer(W2.T @ (y - p), x) | dL/dz1
two-layer-network | delta2 = p + y | dL/dW1 = outer(W2.T @ (p - y)*(1 - h^2), x) | right
two-layer-network | delta2 = p + y | dL/dW1 = outer(W2.T @ (p + y), x) | no
two-layer-network | delta2 = ones(k) | dL/dh = W2.T @ ones(k) | no
two-layer-network | delta2 = p @ y | dL/db2 = p @ y | no
softmax-regression | dJ/dS = P - Y | dJ/dW = X.T @ (P - Y) | dJ/dS
softmax-regression | dJ/dS = P - Y | dJ/db = sum(P - Y, axis=0) | dJ/dS
softmax-regression | dJ/dS = (Y - P)/m | dJ/dW = X.T @ (Y - P)/m | dJ/dS
softmax-regression | dJ/dS = P/m | dJ/db = sum(P, axis=0)/m | dJ/dS
softmax-regression | dJ/dS = P - Y | dJ/dW = X.T @ (P - Y)/m | right
neuron-tanh | dh/dz = 1 - h | dh/dw1 = x1*(1 - h) | dh/dz
neuron-tanh | dh/dz = 1 - h | dh/db = 1 - h | dh/dz
neuron-tanh | dh/dz = h | dh/dx2 = w2*h | dh/dz
neuron-tanh | dh/dz = 1 - h | dh/dw2 = 2*x2*(1 - h) | no
residual-block | dh/dz = eye(n) | dy/dx = eye(d) + W2 @ W1 | no
residual-block | dz/dx = 2*W1 | dy/dx = eye(d) + 2*W2 @ diag(step(z)) @ W1 | dz/dx
residual-block | dh/dz = diag(z) | dy/dx = eye(d) + W2 @ diag(z) @ W1 | dh/dz
residual-block | dh/dz = z | dy/dx = eye(d) + W2 @ diag(z) @ W1 | dh/dz
residual-block | local dy/dx = 2*eye(d) | dy/dx = 2*eye(d) + W2 @ diag(step(z)) @ W1 | local dy/dx
residual-block | dz/dx = W1.T | dy/dx = eye(d) + W1.T @ W1 | no
linear-regression | dJ/dyhat = yhat - y | dJ/dw = sum((yhat - y)*x, i) | dJ/dyhat
linear-regression | dJ/dyhat = (y - yhat)/m | dJ/db = sum(y - yhat, i)/m | dJ/dyhat
linear-regression | dyhat/dw = 2*x | dJ/dw = 2*sum((yhat - y)*x, i)/m | dyhat/dw
linear-regression | dJ/dyhat = yhat - y; dyhat/dw = 2*x | dJ/dw = 2*sum((yhat - y)*x, i) | dyhat/dw and dJ/dyhat
linear-regression | dJ/dyhat = 2*(yhat - y)/m | dJ/dw = X @ (Yhat - Y)*2/m | dJ/dyhat
linear-regression | dJ/dyhat = 2*(Yhat - Y)/m | dJ/dw = X @ (Yhat - Y)*2/m | dJ/dyhat
logistic-regression | dJ/dp = (p - y)/(p*(1 - p)) | dJ/dz = p - y | dJ/dp
logistic-regression | dp/dz = diag(p) | dJ/dz = (p - y)/(1 - p)/m | dp/dz
logistic-regression | dp/dz = p | dJ/dz = (p - y)/(1 - p)/m | dp/dz
logistic-regression | dJ/dz = p - y | dJ/dw = X.T @ (p - y) | dJ/dz
logistic-regression | dJ/dz = p - y | dJ/db = sum(p - y) | dJ/dz
lstm-cell-scalar | dh1/dc1 = o*(1 - t) | dh1/df = c0*o*(1 - t) | dh1/dc1
lstm-cell-scalar | dh1/dc1 = o*(1 - t) | dh1/di = g*o*(1 - t) | dh1/dc1
lstm-cell-scalar | dh1/dc1 = o*(1 - t) | dh1/dc0 = f*o*(1 - t) | dh1/dc1
lstm-cell-scalar | dh1/df = f*o*(1 - t^2) | dh1/dw_f = x*f*(1 - f)*f*o*(1 - t^2) | dh1/df
shared-subexpression | df/dc = 1/(2*d) + sin(c) | df/da = (1 + b)*(1/(2*d) + sin(c)) | df/dc
shared-subexpression | df/dc = 1/(2*d) + sin(c) | df/dx = 2*x*(1 + b)*(1/(2*d) + sin(c)) | df/dc
shared-subexpression | df/da = 1/(2*d) - sin(c) | df/dx = 2*x*(1/(2*d) - sin(c)) | df/da
shared-subexpression | df/db = 2*(1/(2*d) - sin(c)) | df/da = (1/(2*d) - sin(c))*(1 + 2*b) | df/db
several-outputs | dL/du = 3*v | dL/dx = 3*v + y*(3*u - 2*v) | dL/du
several-outputs | dL/dv = 3*u + 2*v | dL/dy = 2*(3*v - 1) + x*(3*u + 2*v) | dL/dv
several-outputs | dL/du = 3*v; dL/dv = 3*u + 2*v | dL/dx = 3*v + y*(3*u + 2*v) | dL/du and dL/dv
exact-values | value u = a + x | value v = sin(a + x) | value u
exact-values | value u = pi/3 | value v = sqrt(3)/2 | value u
exact-values | value v = 1/3 | value f = 0.7937 | value v
exact-values | value u = pi/3; value v = 1/3 | value f = 0.7937 | value v
exact-values | df/dv = f | df/da = x*f*cos(u) | df/dv
exact-values | dv/du = -cos(u) | df/dx = a*b*f*cos(u) | dv/du
exact-values | df/dv = f; dv/du = -cos(u) | df/dx = -a*f*cos(u) | dv/du and df/dv
softmax-cross-entropy | dp/dz = diag(p) | dL/dz = -y | dp/dz
softmax-cross-entropy | dL/dp = y/p | dL/dz = y - p | dL/dp
softmax-cross-entropy | dL/dp = y/p | dL/dz = p - y | right
ex3 | delta2 = yhat | dJ/dW1 = ((W2.T @ (Yhat*(Yhat - Y)/m/(Yhat*(1 - Yhat))))*(Z1 > 0)) @ X.T | dyhat/dz2
ex3 | delta4 = where(z1 < 0, 1, 0) | dJ/dW1 = ((W2.T @ ((Yhat - Y)/m))*(Z1 < 0)) @ X.T | da1/dz1
ex3 | delta5 = 2*x.T | dJ/dW1 = 2*((W2.T @ ((Yhat - Y)/m))*(Z1 > 0)) @ X.T | dz1/dW1
ex3 | delta3 = 2*W2 | dJ/dW1 = 2*((W2.T @ ((Yhat - Y)/m))*(Z1 > 0)) @ X.T | dz2/da1
"""


def chains() -> list[tuple[str, ...]]:
    return [
        tuple(part.strip() for part in line.split(" | ")) for line in CHAINS.strip().splitlines()
    ]


def cut(text: str) -> tuple[str, str]:
    question, _, answer = text.partition(" = ")
    return question.strip(), answer.strip()


@pytest.mark.parametrize("chain", chains(), ids=lambda chain: f"{chain[0]}: {chain[2]}")
def test_an_early_error_is_carried(chain: tuple[str, ...]) -> None:
    name, earlier, last, expected = chain
    marker = Marker(load_exercise(str(ROOT / "exercises" / f"{name}.yaml")), seconds=60)
    numbers = {question.text: k for k, question in enumerate(marker.questions)}
    numbers |= {question.name: k for k, question in enumerate(marker.questions) if question.name}
    answers = dict(map(cut, (*earlier.split("; "), last)))
    given = {numbers[question]: Given(Text(answer)) for question, answer in answers.items()}
    *first, verdict = marker.mark(given, only=True)
    assert all(one.verdict == WRONG for one in first)
    if expected == "right":
        assert verdict.verdict == RIGHT
        assert verdict.carried is None
        return
    assert verdict.verdict == WRONG
    found = " and ".join(verdict.carried.sources) if verdict.carried else "no"
    assert found == expected
    assert verdict.points == (verdict.of if verdict.carried else 0)


def test_there_are_sixty_chains() -> None:
    assert len(chains()) >= 60
