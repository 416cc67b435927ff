// Numbers as enclosures [lo, hi]: two doubles between which the number surely lies. Every operation
// rounds outwards; where the error of a double operation is known to be 0, nothing is widened.
// The functions are named as `m`'s are in the table of operations (`numeric/scalar_functions.py`).

// There is no such number.
class Undefined extends Error {}
// The enclosure does not tell.
class Unsure extends Undefined {}
// Something has no value: an unknown function, a quantity that is undefined.
class Unknown extends Undefined {}
// Shapes that do not go together.
class Misfit extends Undefined {}
// The page does not know how: the command line does.
class Unsupported extends Undefined {}

const STEP = 2 ** -53 + 2 ** -104;
const TINY = 2 ** -1074;
const ULPS = 8;
const PI = [3.141592653589793, 3.1415926535897936];
const E = [2.718281828459045, 2.7182818284590455];

const point = (value) => [value, value];
const isPoint = (x) => x[0] === x[1];
const isFinitePair = (x) => Number.isFinite(x[0]) && Number.isFinite(x[1]);
const middle = (x) => x[0] + (x[1] - x[0]) / 2;
// The next double at least, n half units in the last place away (Rump and others, 2009).
const above = (x, n = 1) => x === -Infinity ? -Number.MAX_VALUE : x
    + (Math.abs(x) * STEP + TINY) * n;
const below = (x, n = 1) => -above(-x, n);
// What a rounded result encloses, by the sign of the error that was made; NaN: unknown.
const toward = (value, error) =>
  error === 0 ? [value, value]
      : [error > 0 ? value : below(value), error < 0 ? value : above(value)];

function show(x) {
  const value = middle(x);
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  return String(Number(value.toPrecision(6)));
}

// ---- arithmetic, on doubles

function sumOf(a, b) {
  const sum = a + b, part = sum - a;
  return toward(sum, (a - (sum - part)) + (b - part));
}

function halves(a) {
  const scaled = 134217729 * a, high = scaled - (scaled - a);
  return [high, a - high];
}

// a*b - product, exactly; NaN near overflow and underflow.
function errorOf(a, b, product) {
  const size = Math.abs(product);
  if (!(size > 1e-290 && Math.max(size, Math.abs(a), Math.abs(b)) < 1e290)) return NaN;
  const [ah, al] = halves(a), [bh, bl] = halves(b);
  return ah * bh - product + ah * bl + al * bh + al * bl;
}

function productOf(a, b) {
  return a === 0 || b === 0 ? [0, 0] : toward(a * b, errorOf(a, b, a * b));
}

function quotientOf(a, b) {
  if (a === 0) return [0, 0];
  const value = a / b, product = value * b;
  return toward(value, (a - product - errorOf(value, b, product)) * Math.sign(b));
}

function rootOf(a) {
  if (a === 0) return [0, 0];
  const root = Math.sqrt(a), square = root * root;
  return toward(root, a - square - errorOf(root, root, square));
}

// ---- arithmetic, on enclosures

const negative = (x) => [-x[1], -x[0]];
const add = (x, y) => [sumOf(x[0], y[0])[0], sumOf(x[1], y[1])[1]];
const subtract = (x, y) => x === y ? [0, 0] : add(x, negative(y));
const hull = (x, y) => [Math.min(x[0], y[0]), Math.max(x[1], y[1])];
// 1, -1, 0, or NaN where the enclosure does not tell.
const signOf = (x) => x[0] > 0 ? 1 : x[1] < 0 ? -1 : x[0] === 0 && x[1] === 0 ? 0 : NaN;
const absolute = (x) => x[0] >= 0 ? x : x[1] <= 0 ? negative(x) : [0, Math.max(-x[0], x[1])];

function multiply(x, y) {
  if (isPoint(x) && isPoint(y)) return productOf(x[0], y[0]);
  if (x === y) {
    const size = absolute(x);
    return [productOf(size[0], size[0])[0], productOf(size[1], size[1])[1]];
  }
  return x.flatMap((a) => y.map((b) => productOf(a, b))).reduce(hull);
}

function divide(x, y) {
  const sign = signOf(y);
  if (sign === 0) throw new Undefined(`${show(x)} / 0 is undefined`);
  if (!sign) throw new Unsure(`whether ${show(y)} is 0 is not known to this precision`);
  return x.flatMap((a) => y.map((b) => quotientOf(a, b))).reduce(hull);
}

// A decimal as it is written, or a fraction "p/q".
function number(text) {
  const [top, bottom] = String(text).split('/');
  if (bottom !== undefined) return divide(number(top), number(bottom));
  const [, sign, whole, , decimals = '', power = 0] =
    /^\s*([-+]?)(\d*)(\.(\d*))?(?:[eE]([-+]?\d+))?\s*$/.exec(top) || [];
  if (whole === undefined) throw new Undefined(`${top} is no number`);
  const shift = Number(power) - decimals.length, digits = (whole + decimals).replace(/^0+/, '');
  const pair = !digits ? [0, 0]
    : digits.length < 16 && Math.abs(shift) < 23
      ? (shift < 0 ? quotientOf : productOf)(Number(digits), Number('1e' + Math.abs(shift)))
      : toward(Number(`${digits}e${shift}`), NaN);
  return sign === '-' ? negative(pair) : pair;
}

// ---- functions

function refuse(name, x) {
  throw new Undefined(`${name} of ${show(x)} is undefined`);
}

function unsure(what) {
  throw new Unsure(`${what} is not known to this precision`);
}

// Refuses what lies surely outside of lowest … highest; where an end lies outside, it is not told.
function inside(name, x, lowest, highest, open) {
  if (open ? x[1] <= lowest || x[0] >= highest : x[1] < lowest || x[0] > highest) refuse(name, x);
  if (open ? x[0] <= lowest || x[1] >= highest : x[0] < lowest || x[1] > highest) {
    unsure(`${name} of ${show(x)}`);
  }
}

// A rising function of doubles, right to four units in the last place, exact at one place.
const rising = (f, place = 0) => (x) => {
  const [low, high] = [f(x[0]), f(x[1])];
  return [x[0] === place ? low : below(low, ULPS), x[1] === place ? high : above(high, ULPS)];
};

// sin and cos, whose slope is at most 1.
const wave = (f) => (x) => {
  if (x[0] === 0 && x[1] === 0) return point(f(0));
  if (!(x[0] > -1e6 && x[1] < 1e6)) unsure(`${f.name} of ${show(x)}`);
  const at = middle(x), value = f(at), radius = above(Math.max(x[1] - at, at - x[0]));
  return [
    Math.max(-1, below(below(value, ULPS) - radius, 2)),
        Math.min(1, above(above(value, ULPS) + radius, 2)),
  ];
};

const sin = wave(Math.sin), cos = wave(Math.cos);
const logarithm = rising(Math.log, 1), exponential = rising(Math.exp), arctan = rising(Math.atan);
const log = (x) => (inside('log', x, 0, Infinity, true), logarithm(x));
const exp = (x) => {
  const [low, high] = exponential(x);
  return [Math.max(low, 0), high];
};

function sqrt(x) {
  inside('sqrt', x, 0, Infinity);
  return [rootOf(x[0])[0], rootOf(x[1])[1]];
}

function wholePower(x, n) {
  if (n < 0) {
    if (signOf(x) === 0) throw new Undefined(`0^(${n}) is undefined`);
    return divide([1, 1], wholePower(x, -n));
  }
  if (n > 1024) {
    const sign = signOf(x), size = absolute(x);
    if (sign === 0 || (isPoint(size) && size[0] === 1)) return n % 2 ? x : size;
    if (!sign) unsure(`(${show(x)})^(${n})`);
    const power = exp(multiply([n, n], log(size)));
    return sign < 0 && n % 2 ? negative(power) : power;
  }
  let result = [1, 1], factor = n % 2 ? x : absolute(x);
  for (; n; n = Math.floor(n / 2)) {
    if (n % 2) result = multiply(result, factor);
    factor = multiply(factor, factor);
  }
  return result;
}

function power(x, y) {
  if (isPoint(y) && Number.isInteger(y[0])) return wholePower(x, y[0]);
  const sign = signOf(x), up = signOf(y);
  if (sign === 0 && up > 0) return [0, 0];
  if (sign === 0 && up < 0) throw new Undefined(`0^(${show(y)}) is undefined`);
  if (sign === -1 && (isPoint(y) || Math.ceil(y[0]) > y[1])) {
    throw new Undefined(`(${show(x)})^(${show(y)}) is undefined among the real numbers`);
  }
  if (sign !== 1) unsure(`(${show(x)})^(${show(y)})`);
  if (isPoint(y) && Number.isInteger(2 * y[0])) return wholePower(sqrt(x), 2 * y[0]);
  return exp(multiply(y, log(x)));
}

function arctan2(y, x) {
  const right = signOf(x), up = signOf(y);
  if (right === 0 && up === 0) throw new Undefined('atan2(0, 0) is undefined');
  if (right === 1) return arctan(divide(y, x));
  if (right === -1 && up === 0) return PI;
  if (!up) unsure(`the sign of ${show(y)}`);
  return subtract(multiply([up / 2, up / 2], PI), arctan(divide(x, y)));
}

// 2/√π e^(-x²) Σ 2ⁿ x^(2n+1)/(1·3·…·(2n+1)), whose terms are all of one sign.
function erfOf(x) {
  if (Math.abs(x) > 6) return x > 0 ? [1 - 2 ** -53, 1] : [-1, 2 ** -53 - 1];
  const square = productOf(x, x);
  let term = point(x), total = term;
  for (let n = 1; term[1] - term[0] !== 0 || term[0] !== 0; n += 1) {
    term = divide(multiply(term, multiply([2, 2], square)), point(2 * n + 1));
    total = add(total, term);
    // From here on each term is less than half of the one before.
    if (n > 2 * square[1] && Math.abs(term[1]) < 1e-19 * Math.abs(total[1])) {
      total = add(total, hull([0, 0], term));
      break;
    }
  }
  return multiply(multiply(divide([2, 2], sqrt(PI)), exp(negative(square))), total);
}
const erf = (x) => [Math.max(-1, erfOf(x[0])[0]), Math.min(1, erfOf(x[1])[1])];

const BERNOULLI = ['1/6', '-1/30', '1/42', '-1/30', '5/66', '-691/2730', '7/6',
    '-3617/510'].map(number);
const SHIFTED = 10;

// The steps x, x + 1, … below `least`, and what follows them. Refuses the poles 0, -1, -2, …
function stepsUp(name, x, least) {
  if (isPoint(x) && x[0] <= 0 && Number.isInteger(x[0])) refuse(name, x);
  if (x[0] <= 0 && Math.ceil(x[0]) <= x[1]) unsure(`${name} of ${show(x)}`);
  if (x[0] < -100) throw new Unsupported(`${name} left of -100 is computed by the command line`);
  const steps = [];
  while (x[0] < least) {
    steps.push(x);
    x = add(x, [1, 1]);
  }
  return [steps, x];
}

// Stirling's series Σ B₂ⱼ c(2j)/x^(2j + k), which lies between any two partial sums in a row.
function stirling(x, k, coefficient) {
  let total = [0, 0], last = total;
  BERNOULLI.forEach((value, n) => {
    last = total;
    const j = 2 * n + 2;
    total = add(total, divide(multiply(value, coefficient(j)), wholePower(x, j + k)));
  });
  return hull(last, total);
}

function factorial(n) {
  return n < 2 ? [1, 1] : multiply([n, n], factorial(n - 1));
}

function lgamma(x) {
  const [steps, z] = stepsUp('lgamma', x, SHIFTED), half = [0.5, 0.5];
  const start = add(
    subtract(multiply(subtract(z, half), log(z)), z), multiply(half, log(multiply([2, 2], PI))));
  const series = stirling(z, -1, (j) => divide([1, 1], point(j * (j - 1))));
  return subtract(add(start, series), log(absolute(steps.reduce(multiply, [1, 1]))));
}

function polygamma(k, x) {
  const order = k[0], [steps, z] = stepsUp(order ? 'polygamma' : 'digamma', x, SHIFTED + order);
  if (!isPoint(k) || !Number.isInteger(order) || order < 0 || order > 30) {
    throw new Unsupported('polygamma of this order is computed by the command line');
  }
  const whole = factorial(order), sign = order % 2 ? negative : (value) => value;
  const lead = order
    ? negative(divide(factorial(order - 1), wholePower(z, order))) : log(z);
  let total = subtract(lead, divide(whole, multiply([2, 2], wholePower(z, order + 1))));
  total = subtract(total,
      stirling(z, order, (j) => divide(factorial(j + order - 1), factorial(j))));
  for (const step of steps.reverse()) {
    total = subtract(total, divide(whole, wholePower(step, order + 1)));
  }
  return sign(total);
}

function sigmoid(x) {
  if (middle(x) >= 0) return divide([1, 1], add([1, 1], exp(negative(x))));
  const tail = exp(x);
  return divide(tail, add([1, 1], tail));
}

const log1p = (x) => (inside('log1p', x, -1, Infinity, true), rising(Math.log1p)(x));
const maximum = (x, y) => [Math.max(x[0], y[0]), Math.max(x[1], y[1])];
const minimum = (x, y) => negative(maximum(negative(x), negative(y)));
const bySign = (x, positive, other) =>
  signOf(x) === 1 ? positive : signOf(x) <= 0 ? other : hull(positive, other);
const decided = (x) => Number.isNaN(signOf(x)) ? unsure(`the sign of ${show(x)}`) : signOf(x);
// 1, 0, or between them where the enclosures do not tell.
const truth = (yes, no) => yes ? [1, 1] : no ? [0, 0] : [0, 1];
const less = (x, y) => truth(x !== y && x[1] < y[0], x === y || x[0] >= y[1]);
const equal = (x, y) =>
  truth(x === y || (isPoint(x) && isPoint(y) && x[0] === y[0]), x[1] < y[0] || x[0] > y[1]);
const not = (x) => subtract([1, 1], x);

const FUNCTIONS = {
  add, subtract, multiply, divide, negative, power, exp, log, sqrt, sin, cos, arctan2, erf, lgamma,
  polygamma, sigmoid, log1p, maximum, minimum, less, equal, abs: absolute, arctan,
  by_sign: bySign,
  ratio: (x, y) => signOf(x) === 0 && signOf(y) === 0 ? [0, 0] : divide(x, y),
  expm1: rising(Math.expm1), sinh: rising(Math.sinh), tanh: rising(Math.tanh),
  cosh: (x) => rising(Math.cosh)(absolute(x)),
  arcsinh: rising(Math.asinh),
  arcsin: (x) => (inside('asin', x, -1, 1), rising(Math.asin)(x)),
  arccos: (x) => (inside('acos', x, -1, 1), negative(rising((value) => -Math.acos(value), 1)(x))),
  arccosh: (x) => (inside('acosh', x, 1, Infinity), rising(Math.acosh, 1)(x)),
  arctanh: (x) => (inside('atanh', x, -1, 1, true), rising(Math.atanh)(x)),
  softplus: (x) => middle(x) > 0 ? add(x, log1p(exp(negative(x)))) : log1p(exp(x)),
  sign: (x) => point(decided(x)),
  step: (x) => point(decided(x) > 0 ? 1 : 0),
  less_equal: (x, y) => not(less(y, x)),
  unequal: (x, y) => not(equal(x, y)),
  where: (c, x, y) => isPoint(c) ? (c[0] ? x : y) : unsure('which branch applies'),
  tan(x) {
    const below1 = cos(x);
    if (!signOf(below1)) unsure(`tan of ${show(x)}`);
    return divide(sin(x), below1);
  },
  clip(x, low, high) {
    if (signOf(subtract(high, low)) === -1) {
      throw new Undefined(`clip from ${show(low)} to ${show(high)} is undefined`);
    }
    return minimum(maximum(x, low), high);
  },
};
