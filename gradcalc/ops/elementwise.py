"""Operations entry by entry: arithmetic and functions of a real variable, with their local derivatives."""

from __future__ import annotations

from gradcalc.ops.entry import Op

X, XY = ("x",), ("x", "y")

ARITHMETIC = (
    Op(
        "add", XY, "x + y", sign="+", word="", cheap=True, form="x + y", partials=("1", "1"), value=lambda m, x, y: x + y,
        code="{0} + {1}",
        sentence="the sum gate hands the upstream gradient on unchanged to each of its inputs",
        fixed=("a constant that is added has no influence: the gradient passes unchanged", "a constant that is added has no influence: the gradient passes unchanged"),
    ),
    Op(
        "sub", XY, "x - y", sign="-", word="", cheap=True, form="x - y", partials=("1", "-1"), value=lambda m, x, y: x - y,
        code="{0} - {1}",
        sentence="the difference gate hands the upstream gradient on unchanged to its first input, with the opposite sign to its second",
        fixed=("a constant that is subtracted has no influence: the gradient passes unchanged", "subtracting from a constant turns the sign of the upstream gradient"),
    ),
    Op(
        "neg", X, "-x", word="", cheap=True, form="-x", partials=("-1",), value=lambda m, x: -x,
        code="-{0}",
        sentence="the minus sign turns the sign of the upstream gradient",
    ),
    Op(
        "mul", XY, "x * y", sign="*", word="", cheap=True, form="x*y", partials=("y", "x"), value=lambda m, x, y: x * y,
        code="{0} * {1}",
        sentence="the product gate swaps its inputs: each factor gets the upstream gradient times the other factor",
        fixed=("a constant factor stays: the upstream gradient is multiplied by it", "a constant factor stays: the upstream gradient is multiplied by it"),
    ),
    Op(
        "div", XY, "x / y", sign="/", word="", cheap=True, form="x/y", partials=("1/y", "-r/y"), value=lambda m, x, y: m.divide(x, y), domain="y != 0",
        code="{0} / {1}",
        sentence="quotient rule: the numerator gets the upstream gradient divided by the denominator, the denominator gets it times minus the quotient over the denominator",
        fixed=("a constant divisor stays: the upstream gradient is divided by it", "reciprocal rule: the derivative of one over x is minus one over x squared, times the constant above"),
    ),
    Op(
        "pow", XY, "x^y", sign="^", word="", form="x^y", partials=("y*x^(y - 1)", "r*log(x)"), value=lambda m, x, y: m.power(x, y),
        code="{0} ** {1}",
        sentence="a power with a variable base and exponent: the power rule for the base, the exponential rule for the exponent",
        fixed=("power rule: the exponent comes down as a factor and is lowered by one", "exponential rule: the derivative of a power by its exponent is the power itself times the logarithm of its base"),
    ),
    Op(
        "copy", X, "x", word="", cheap=True, form="x", partials=("1",), value=lambda m, x: x,
        code="{0}",
        sentence="it is the same quantity under another name, so the gradient passes through unchanged",
    ),
)

FUNCTIONS = (
    Op("exp", X, "exp(x)", form="exp(x)", partials=("r",), value=lambda m, x: m.exp(x), code="{xp}.exp({0})",
       text="exp", latex=r"\exp", sentence="the exponential is its own derivative"),
    Op("log", X, "log(x)", spellings=("ln",), form="log(x)", partials=("1/x",), value=lambda m, x: m.log(x), domain="x > 0",
       text="log", latex=r"\log", code="{xp}.log({0})",
       sentence="the derivative of the natural logarithm is one over its argument"),
    Op("sqrt", X, "sqrt(x)", spellings=("√",), form="sqrt(x)", partials=("1/(2*r)",), value=lambda m, x: m.sqrt(x), domain="x >= 0",
       text="√", latex=r"\sqrt", code="{xp}.sqrt({0})",
       sentence="the derivative of a square root is one over twice the root"),
    Op("abs", X, "abs(x)", partials=("sign(x)",), value=lambda m, x: m.abs(x), smooth="x != 0", convention="abs'(0) = 0",
       text="abs", latex=r"\operatorname{abs}", code="{xp}.abs({0})",
       sentence="the absolute value passes the gradient on with the sign of its argument"),
    Op("sign", X, "sign(x)", partials=("0",), value=lambda m, x: m.sign(x), smooth="x != 0", convention="sign'(0) = 0",
       text="sign", latex=r"\operatorname{sign}", code="{xp}.sign({0})",
       sentence="the sign is constant on either side of zero, so no gradient passes"),
    Op("step", X, "step(x)", partials=("0",), value=lambda m, x: m.step(x), smooth="x != 0", convention="step'(0) = 0",
       text="step", latex=r"\operatorname{step}", code="{xp}.where({0} > 0, 1.0, 0.0)",
       sentence="the step is constant on either side of zero, so no gradient passes"),
    Op("half_step", X, "", written="step", partials=("0",), value=lambda m, x: (1 + m.sign(x)) / 2, smooth="x != 0", convention="step'(0) = 0",
       text="step", latex=r"\operatorname{step}", code="{xp}.where({0} == 0, 0.5, {xp}.where({0} > 0, 1.0, 0.0))",
       sentence="the step is constant on either side of zero, so no gradient passes"),
    Op("sin", X, "sin(x)", form="sin(x)", partials=("cos(x)",), value=lambda m, x: m.sin(x), code="{xp}.sin({0})",
       text="sin", latex=r"\sin", sentence="the derivative of the sine is the cosine"),
    Op("cos", X, "cos(x)", form="cos(x)", partials=("-sin(x)",), value=lambda m, x: m.cos(x), code="{xp}.cos({0})",
       text="cos", latex=r"\cos", sentence="the derivative of the cosine is minus the sine"),
    Op("tan", X, "tan(x)", form="tan(x)", partials=("1 + r^2",), value=lambda m, x: m.tan(x), domain="cos(x) != 0", code="{xp}.tan({0})",
       text="tan", latex=r"\tan", sentence="the derivative of the tangent is one plus its square"),
    Op("asin", X, "asin(x)", spellings=("arcsin",), form="asin(x)", partials=("1/sqrt(1 - x^2)",), value=lambda m, x: m.arcsin(x), domain="abs(x) <= 1", code="{xp}.arcsin({0})",
       text="asin", latex=r"\arcsin", sentence="the derivative of the arcsine is one over the root of one minus the square"),
    Op("acos", X, "acos(x)", spellings=("arccos",), form="acos(x)", partials=("-1/sqrt(1 - x^2)",), value=lambda m, x: m.arccos(x), domain="abs(x) <= 1", code="{xp}.arccos({0})",
       text="acos", latex=r"\arccos", sentence="the derivative of the arccosine is minus one over the root of one minus the square"),
    Op("atan", X, "atan(x)", spellings=("arctan",), form="atan(x)", partials=("1/(1 + x^2)",), value=lambda m, x: m.arctan(x), code="{xp}.arctan({0})",
       text="atan", latex=r"\arctan", sentence="the derivative of the arctangent is one over one plus the square"),
    Op("sinh", X, "sinh(x)", form="sinh(x)", partials=("cosh(x)",), value=lambda m, x: m.sinh(x), code="{xp}.sinh({0})",
       text="sinh", latex=r"\sinh", sentence="the derivative of the hyperbolic sine is the hyperbolic cosine"),
    Op("cosh", X, "cosh(x)", form="cosh(x)", partials=("sinh(x)",), value=lambda m, x: m.cosh(x), code="{xp}.cosh({0})",
       text="cosh", latex=r"\cosh", sentence="the derivative of the hyperbolic cosine is the hyperbolic sine"),
    Op("tanh", X, "tanh(x)", form="tanh(x)", partials=("1 - r^2",), value=lambda m, x: m.tanh(x), code="{xp}.tanh({0})",
       text="tanh", latex=r"\tanh", sentence="the derivative of tanh is one minus its own square"),
    Op("erf", X, "erf(x)", form="erf(x)", partials=("2/sqrt(pi)*exp(-x^2)",), value=lambda m, x: m.erf(x), code="{erf}({0})",
       text="erf", latex=r"\operatorname{erf}", sentence="the error function is the integral of a Gaussian bell, so its derivative is that bell"),
    Op("sigmoid", X, "sigmoid(x)", spellings=("sigma", "σ"), form="1/(1 + exp(-x))", partials=("r*(1 - r)",), value=lambda m, x: m.sigmoid(x), code="{sigmoid}({0})",
       text="σ", latex=r"\sigma", sentence="the derivative of the sigmoid is its value times one minus its value"),
    Op("relu", X, "relu(x)", partials=("step(x)",), value=lambda m, x: m.by_sign(x, x, 0 * x), smooth="x != 0", convention="relu'(0) = 0", code="{relu}",
       text="relu", latex=r"\operatorname{relu}", sentence="ReLU lets the gradient through where its input is positive and stops it elsewhere"),
    Op("leaky_relu", ("x", "a"), "leaky_relu(x, 0.01)", parameters={"a": "1/100"}, partials=("where(x > 0, 1, a)", "where(x > 0, 0, x)"),
       value=lambda m, x, a: m.by_sign(x, x, a * x), smooth="x != 0", convention="leaky_relu'(0) = its slope below zero", code="{xp}.where({0} > 0, {0}, {1} * {0})",
       text="leaky_relu", latex=r"\operatorname{leaky\_relu}", sentence="leaky ReLU lets the gradient through where its input is positive and scales it by its small slope elsewhere"),
    Op("elu", ("x", "a"), "elu(x, 1)", parameters={"a": "1"}, partials=("where(x > 0, 1, a*exp(x))", "where(x > 0, 0, exp(x) - 1)"),
       value=lambda m, x, a: m.by_sign(x, x, a * m.expm1(m.minimum(x, 0 * x))), smooth="x != 0", convention="elu'(0) = a", code="{xp}.where({0} > 0, {0}, {1} * {xp}.expm1({xp}.minimum({0}, 0.0 * {0})))",
       text="elu", latex=r"\operatorname{elu}", sentence="ELU has slope one where its input is positive and that of a scaled exponential elsewhere"),
    Op("gelu", X, "gelu(x)", form="x*(1 + erf(x/sqrt(2)))/2", partials=("(1 + erf(x/sqrt(2)))/2 + x*exp(-x^2/2)/sqrt(2*pi)",),
       value=lambda m, x: x * (1 + m.erf(x / m.sqrt(2))) / 2, code="{0} * (1 + {erf}({0} / 2 ** 0.5)) / 2",
       text="gelu", latex=r"\operatorname{gelu}", sentence="GELU is x times the normal distribution function, so the product rule gives that function plus x times the bell"),
    Op("silu", X, "silu(x)", form="x/(1 + exp(-x))", partials=("sigmoid(x)*(1 + x*(1 - sigmoid(x)))",), value=lambda m, x: x * m.sigmoid(x), code="{0} * {sigmoid}({0})",
       text="silu", latex=r"\operatorname{silu}", sentence="SiLU is x times its sigmoid, so the product rule applies"),
    Op("softplus", X, "softplus(x)", form="log(1 + exp(x))", partials=("sigmoid(x)",), value=lambda m, x: m.softplus(x), code="{xp}.logaddexp({zero}, {0})",
       text="softplus", latex=r"\operatorname{softplus}", sentence="the derivative of softplus is the sigmoid"),
    Op("softsign", X, "softsign(x)", partials=("1/(1 + abs(x))^2",), value=lambda m, x: x / (1 + m.abs(x)), smooth_twice="x != 0", convention="softsign''(0) = 0", code="{0} / (1 + {xp}.abs({0}))",
       text="softsign", latex=r"\operatorname{softsign}", sentence="softsign flattens with the square of one plus the distance from zero"),
    Op("maximum", XY, "max(x, y)", word="max", partials=("half_step(x - y)", "half_step(y - x)"), value=lambda m, x, y: m.maximum(x, y),
       smooth="x != y", convention="at a tie max shares the gradient evenly", text="max", latex=r"\max", code="{xp}.maximum({0}, {1})",
       sentence="the max gate routes the whole gradient to the larger input; the other gets nothing"),
    Op("minimum", XY, "min(x, y)", word="min", partials=("half_step(y - x)", "half_step(x - y)"), value=lambda m, x, y: m.minimum(x, y),
       smooth="x != y", convention="at a tie min shares the gradient evenly", text="min", latex=r"\min", code="{xp}.minimum({0}, {1})",
       sentence="the min gate routes the whole gradient to the smaller input; the other gets nothing"),
    Op("where", ("c", "x", "y"), "where(x > 0, x, y)", partials=("", "where(c, 1, 0)", "where(c, 0, 1)"), value=lambda m, c, x, y: m.where(c, x, y), code="{xp}.where({0}, {1}, {2})",
       text="where", latex=r"\operatorname{where}",
       sentence="the gradient goes to the branch that was taken"),
    Op("stop_gradient", X, "stop_gradient(x)", cheap=True, partials=("0",), value=lambda m, x: x, code="{stop_gradient}({0})",
       text="stop_gradient", latex=r"\operatorname{stop\_gradient}",
       sentence="the gradient is stopped here on purpose"),
)


COMPARISONS = tuple(
    Op(name, XY, f"where(x {sign} y, x, y)", kind="comparison", sign=sign, word="", cheap=True, value=value, text=sign, latex=latex, code="{0} " + sign + " {1}",
       sentence="a comparison has no gradient")
    for name, sign, latex, value in (
        ("lt", "<", "<", lambda m, x, y: m.less(x, y)), ("le", "<=", r"\le", lambda m, x, y: m.less_equal(x, y)),
        ("gt", ">", ">", lambda m, x, y: m.less(y, x)), ("ge", ">=", r"\ge", lambda m, x, y: m.less_equal(y, x)),
        ("eq", "==", "=", lambda m, x, y: m.equal(x, y)), ("ne", "!=", r"\ne", lambda m, x, y: m.unequal(x, y)),
    )
)

OPS = ARITHMETIC + FUNCTIONS + COMPARISONS
