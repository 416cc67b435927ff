"""Operations entry by entry: arithmetic and functions of a real variable, with their local derivatives."""

from __future__ import annotations

from gradcalc.ops.entry import Op

X, XY = ("x",), ("x", "y")

ARITHMETIC = (
    Op(
        "add", XY, "x + y", sign="+", word="", cheap=True, form="x + y", partials=("1", "1"), value=lambda m, x, y: x + y,
        code="{0} + {1}",
        sentence="sum rule: addition passes the upstream gradient through unchanged to every term",
        fixed=("added constant: adding a constant does not change the derivative", "added constant: adding a constant does not change the derivative"),
    ),
    Op(
        "sub", XY, "x - y", sign="-", word="", cheap=True, form="x - y", partials=("1", "-1"), value=lambda m, x, y: x - y,
        code="{0} - {1}",
        sentence="difference rule: the gradient passes unchanged to the first term, and with a minus sign to the second",
        fixed=("subtracted constant: subtracting a constant does not change the derivative", "constant minus a quantity: the sign of the gradient flips"),
    ),
    Op(
        "neg", X, "-x", word="", cheap=True, form="-x", partials=("-1",), value=lambda m, x: -x,
        code="-{0}",
        sentence="minus sign: it flips the sign of the gradient",
    ),
    Op(
        "mul", XY, "x * y", sign="*", word="", cheap=True, form="x*y", partials=("y", "x"), value=lambda m, x, y: x * y,
        code="{0} * {1}",
        law="dx*y + x*dy", sentence="product rule: differentiate one factor and keep the other",
        fixed=("constant factor: multiply the upstream gradient by the constant", "constant factor: multiply the upstream gradient by the constant"),
    ),
    Op(
        "div", XY, "x / y", sign="/", word="", cheap=True, form="x/y", partials=("1/y", "-r/y"), value=lambda m, x, y: m.divide(x, y), domain="y != 0",
        code="{0} / {1}",
        law="(dx*y - x*dy)/y^2", sentence="quotient rule: the numerator gets the upstream gradient divided by the denominator; the denominator gets it times minus the quotient, divided by the denominator",
        fixed=("constant divisor: divide the upstream gradient by the constant", "reciprocal rule: the derivative of 1 over a quantity is −1 over its square, times the constant in the numerator"),
    ),
    Op(
        "pow", XY, "x^y", sign="^", word="", form="x^y", partials=("y*x^(y - 1)", "r*log(x)"), value=lambda m, x, y: m.power(x, y),
        code="{0} ** {1}",
        law="y*x^(y - 1)*dx + x^y*log(x)*dy", sentence="variable base and exponent: use the power rule for the base and the exponential rule for the exponent",
        fixed=("power rule: bring the exponent down as a factor and reduce it by one", "exponential rule: multiply the power itself by the logarithm of its base"),
    ),
    Op(
        "copy", X, "x", word="", cheap=True, form="x", partials=("1",), value=lambda m, x: x,
        code="{0}",
        sentence="another name: it is the same quantity, so the gradient passes through unchanged",
    ),
)

FUNCTIONS = (
    Op("exp", X, "exp(x)", form="exp(x)", partials=("r",), value=lambda m, x: m.exp(x), code="{xp}.exp({0})",
       text="exp", latex=r"\exp", sentence="exponential function: it is its own derivative"),
    Op("log", X, "log(x)", spellings=("ln",), form="log(x)", partials=("1/x",), value=lambda m, x: m.log(x), domain="x > 0",
       text="log", latex=r"\log", code="{xp}.log({0})",
       sentence="natural logarithm: its derivative is 1 over its argument"),
    Op("sqrt", X, "sqrt(x)", spellings=("√",), form="sqrt(x)", partials=("1/(2*r)",), value=lambda m, x: m.sqrt(x), domain="x >= 0",
       text="√", latex=r"\sqrt", code="{xp}.sqrt({0})",
       sentence="square root: its derivative is 1 over twice the root"),
    Op("abs", X, "abs(x)", partials=("sign(x)",), value=lambda m, x: m.abs(x), smooth="x != 0", convention="abs'(0) = 0",
       text="abs", latex=r"\operatorname{abs}", code="{xp}.abs({0})",
       sentence="absolute value: its derivative is the sign of its argument"),
    Op("sign", X, "sign(x)", partials=("0",), value=lambda m, x: m.sign(x), smooth="x != 0", convention="sign'(0) = 0",
       text="sign", latex=r"\operatorname{sign}", code="{xp}.sign({0})",
       sentence="sign function: it is constant on either side of zero, so its derivative is 0"),
    Op("step", X, "step(x)", partials=("0",), value=lambda m, x: m.step(x), smooth="x != 0", convention="step'(0) = 0",
       text="step", latex=r"\operatorname{step}", code="{xp}.where({0} > 0, 1.0, 0.0)",
       sentence="step function: it is constant on either side of zero, so its derivative is 0"),
    Op("half_step", X, "", written="step", partials=("0",), value=lambda m, x: (1 + m.sign(x)) / 2, smooth="x != 0", convention="step'(0) = 0",
       text="step", latex=r"\operatorname{step}", code="{xp}.where({0} == 0, 0.5, {xp}.where({0} > 0, 1.0, 0.0))",
       sentence="step function: it is constant on either side of zero, so its derivative is 0"),
    Op("sin", X, "sin(x)", form="sin(x)", partials=("cos(x)",), value=lambda m, x: m.sin(x), code="{xp}.sin({0})",
       text="sin", latex=r"\sin", sentence="sine: its derivative is the cosine"),
    Op("cos", X, "cos(x)", form="cos(x)", partials=("-sin(x)",), value=lambda m, x: m.cos(x), code="{xp}.cos({0})",
       text="cos", latex=r"\cos", sentence="cosine: its derivative is minus the sine"),
    Op("tan", X, "tan(x)", form="tan(x)", partials=("1 + r^2",), value=lambda m, x: m.tan(x), domain="cos(x) != 0", code="{xp}.tan({0})",
       text="tan", latex=r"\tan", sentence="tangent: its derivative is 1 plus its square"),
    Op("asin", X, "asin(x)", spellings=("arcsin",), form="asin(x)", partials=("1/sqrt(1 - x^2)",), value=lambda m, x: m.arcsin(x), domain="abs(x) <= 1", code="{xp}.arcsin({0})",
       text="asin", latex=r"\arcsin", sentence="arcsine: its derivative is 1 over the square root of 1 minus the square of its argument"),
    Op("acos", X, "acos(x)", spellings=("arccos",), form="acos(x)", partials=("-1/sqrt(1 - x^2)",), value=lambda m, x: m.arccos(x), domain="abs(x) <= 1", code="{xp}.arccos({0})",
       text="acos", latex=r"\arccos", sentence="arccosine: its derivative is −1 over the square root of 1 minus the square of its argument"),
    Op("atan", X, "atan(x)", spellings=("arctan",), form="atan(x)", partials=("1/(1 + x^2)",), value=lambda m, x: m.arctan(x), code="{xp}.arctan({0})",
       text="atan", latex=r"\arctan", sentence="arctangent: its derivative is 1 over 1 plus the square of its argument"),
    Op("sinh", X, "sinh(x)", form="sinh(x)", partials=("cosh(x)",), value=lambda m, x: m.sinh(x), code="{xp}.sinh({0})",
       text="sinh", latex=r"\sinh", sentence="hyperbolic sine: its derivative is the hyperbolic cosine"),
    Op("cosh", X, "cosh(x)", form="cosh(x)", partials=("sinh(x)",), value=lambda m, x: m.cosh(x), code="{xp}.cosh({0})",
       text="cosh", latex=r"\cosh", sentence="hyperbolic cosine: its derivative is the hyperbolic sine"),
    Op("tanh", X, "tanh(x)", form="tanh(x)", partials=("1 - r^2",), value=lambda m, x: m.tanh(x), code="{xp}.tanh({0})",
       text="tanh", latex=r"\tanh", sentence="tanh: its derivative is 1 minus its own square"),
    Op("erf", X, "erf(x)", form="erf(x)", partials=("2/sqrt(pi)*exp(-x^2)",), value=lambda m, x: m.erf(x), code="{erf}({0})",
       text="erf", latex=r"\operatorname{erf}", sentence="error function: it is the integral of a Gaussian bell curve, so its derivative is that curve"),
    Op("sigmoid", X, "sigmoid(x)", spellings=("sigma", "σ"), form="1/(1 + exp(-x))", partials=("r*(1 - r)",), value=lambda m, x: m.sigmoid(x), code="{sigmoid}({0})",
       text="σ", latex=r"\sigma", sentence="sigmoid: its derivative is its value times 1 minus its value"),
    Op("relu", X, "relu(x)", partials=("step(x)",), value=lambda m, x: m.by_sign(x, x, 0 * x), smooth="x != 0", convention="relu'(0) = 0", code="{relu}",
       text="relu", latex=r"\operatorname{relu}", sentence="ReLU: it passes the gradient where its input is positive, else 0"),
    Op("leaky_relu", ("x", "a"), "leaky_relu(x, 0.01)", parameters={"a": "1/100"}, partials=("where(x > 0, 1, a)", "where(x > 0, 0, x)"),
       value=lambda m, x, a: m.by_sign(x, x, a * x), smooth="x != 0", convention="leaky_relu'(0) = its slope below zero", code="{xp}.where({0} > 0, {0}, {1} * {0})",
       text="leaky_relu", latex=r"\operatorname{leaky\_relu}", sentence="leaky ReLU: it passes the gradient where its input is positive and multiplies it by the small slope elsewhere"),
    Op("elu", ("x", "a"), "elu(x, 1)", parameters={"a": "1"}, partials=("where(x > 0, 1, a*exp(x))", "where(x > 0, 0, exp(x) - 1)"),
       value=lambda m, x, a: m.by_sign(x, x, a * m.expm1(m.minimum(x, 0 * x))), smooth="x != 0", convention="elu'(0) = a", code="{xp}.where({0} > 0, {0}, {1} * {xp}.expm1({xp}.minimum({0}, 0.0 * {0})))",
       text="elu", latex=r"\operatorname{elu}", sentence="ELU: its derivative is 1 where its input is positive, and the scaled exponential elsewhere"),
    Op("gelu", X, "gelu(x)", form="x*(1 + erf(x/sqrt(2)))/2", partials=("(1 + erf(x/sqrt(2)))/2 + x*exp(-x^2/2)/sqrt(2*pi)",),
       value=lambda m, x: x * (1 + m.erf(x / m.sqrt(2))) / 2, code="{0} * (1 + {erf}({0} / 2 ** 0.5)) / 2",
       text="gelu", latex=r"\operatorname{gelu}", sentence="GELU: it is its argument times the normal distribution function, so the product rule applies"),
    Op("silu", X, "silu(x)", form="x/(1 + exp(-x))", partials=("sigmoid(x)*(1 + x*(1 - sigmoid(x)))",), value=lambda m, x: x * m.sigmoid(x), code="{0} * {sigmoid}({0})",
       text="silu", latex=r"\operatorname{silu}", sentence="SiLU: it is its argument times the sigmoid of it, so the product rule applies"),
    Op("softplus", X, "softplus(x)", form="log(1 + exp(x))", partials=("sigmoid(x)",), value=lambda m, x: m.softplus(x), code="{xp}.logaddexp({zero}, {0})",
       text="softplus", latex=r"\operatorname{softplus}", sentence="softplus: its derivative is the sigmoid"),
    Op("softsign", X, "softsign(x)", partials=("1/(1 + abs(x))^2",), value=lambda m, x: x / (1 + m.abs(x)), smooth_twice="x != 0", convention="softsign''(0) = 0", code="{0} / (1 + {xp}.abs({0}))",
       text="softsign", latex=r"\operatorname{softsign}", sentence="softsign: its derivative is 1 over the square of 1 plus the absolute value of its argument"),
    Op("maximum", XY, "max(x, y)", word="max", partials=("half_step(x - y)", "half_step(y - x)"), value=lambda m, x, y: m.maximum(x, y),
       smooth="x != y", convention="at a tie max shares the gradient evenly", text="max", latex=r"\max", code="{xp}.maximum({0}, {1})",
       sentence="max: it passes the gradient to the larger input only, and the other input receives 0"),
    Op("minimum", XY, "min(x, y)", word="min", partials=("half_step(y - x)", "half_step(x - y)"), value=lambda m, x, y: m.minimum(x, y),
       smooth="x != y", convention="at a tie min shares the gradient evenly", text="min", latex=r"\min", code="{xp}.minimum({0}, {1})",
       sentence="min: it passes the gradient to the smaller input only, and the other input receives 0"),
    Op("where", ("c", "x", "y"), "where(x > 0, x, y)", partials=("", "where(c, 1, 0)", "where(c, 0, 1)"), value=lambda m, c, x, y: m.where(c, x, y), code="{xp}.where({0}, {1}, {2})",
       text="where", latex=r"\operatorname{where}",
       sentence="case distinction: the gradient goes to the branch that applies, and the other branch receives 0"),
    Op("stop_gradient", X, "stop_gradient(x)", cheap=True, partials=("0",), value=lambda m, x: x, code="{stop_gradient}({0})",
       text="stop_gradient", latex=r"\operatorname{stop\_gradient}",
       sentence="stop_gradient: it counts as a constant when you differentiate, so its derivative is 0"),
)


COMPARISONS = tuple(
    Op(name, XY, f"where(x {sign} y, x, y)", kind="comparison", sign=sign, word="", cheap=True, value=value, text=sign, latex=latex, code="{0} " + sign + " {1}",
       sentence="comparison: a condition is true or false, so no gradient passes through it")
    for name, sign, latex, value in (
        ("lt", "<", "<", lambda m, x, y: m.less(x, y)), ("le", "<=", r"\le", lambda m, x, y: m.less_equal(x, y)),
        ("gt", ">", ">", lambda m, x, y: m.less(y, x)), ("ge", ">=", r"\ge", lambda m, x, y: m.less_equal(y, x)),
        ("eq", "==", "=", lambda m, x, y: m.equal(x, y)), ("ne", "!=", r"\ne", lambda m, x, y: m.unequal(x, y)),
    )
)

OPS = ARITHMETIC + FUNCTIONS + COMPARISONS
