// Numbers and arrays as the page shows them.

const SVG = 'http://www.w3.org/2000/svg';
const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹', MOST_CELLS = 400;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// The first digits of a number, rounded half to even as decimals are; whole: hardly anything was
// dropped, and no 0 stands at their end.
function significant(value, digits) {
  const [mantissa, power] = Math.abs(value).toExponential().split('e');
  const all = mantissa.replace('.', '');
  if (all.length <= digits) return {text: all, power: +power, whole: true};
  let kept = BigInt(all.slice(0, digits)), up = +power;
  const rest = all.slice(digits), half = '5'.padEnd(rest.length, '0');
  if (rest > half || (rest === half && kept % 2n)) kept += 1n;
  let text = String(kept);
  if (text.length > digits) [text, up] = [text.slice(0, digits), up + 1];
  const whole = Math.abs(Number(`${text}e${up - digits + 1}`) / value) - 1;
  return Math.abs(whole) < 1e-12 ? {text: text.replace(/0+$/, ''), power: up, whole: true} : {text, power: up, whole: false};
}

// A number at significant digits: 0.3333, 1.200 (rounded), 1.2 (exact), 3, −12, 1·10⁻⁷.
function numberText(value, digits) {
  if (value === 0) return '0';
  const sign = value < 0 ? '−' : '';
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return sign + Math.abs(value);
  let {text, power, whole} = significant(value, digits);
  if (power >= -4 && power < Math.max(digits, 6)) {
    if (power >= digits) ({text, power, whole} = significant(value, +Math.abs(value).toExponential().split('e')[1] + 1));
    const places = Math.max(0, digits - 1 - power);
    const padded = whole ? text : text.padEnd(digits, '0');
    if (power < 0) return sign + '0.' + '0'.repeat(-power - 1) + padded;
    const [before, after] = [padded.padEnd(power + 1, '0').slice(0, power + 1), padded.slice(power + 1)];
    return sign + before + (after && places ? '.' + after : '');
  }
  const exponent = String(power).replace('-', '⁻').replace(/\d/g, (one) => RAISED[one]);
  return sign + text[0] + (text.length > 1 ? '.' + text.slice(1) : '') + '·10' + exponent;
}

// One entry of an enclosure in words: its number as far as it is known.
function known(lo, hi, digits) {
  if (lo === hi) return numberText(lo, digits);
  const most = Math.max(Math.abs(lo), Math.abs(hi));
  if (isNothing(lo, hi)) return '0';
  if (hi - lo > 1e-9 * most) return null;
  return numberText(lo / 2 + hi / 2, digits);
}

// What is left of rounding where the number is 0; a number as small that is sure is none.
const isNothing = (lo, hi) => lo <= 0 && hi >= 0 && hi - lo < 2e-12;

const UNKNOWN = 'not known to this precision';

function isExact(lo, hi, digits) {
  const value = lo / 2 + hi / 2;
  return isNothing(lo, hi) || significant(+value.toPrecision(13), digits).whole;
}

// A tensor as text, or as mathematics where it has rows: a matrix, or a list of matrices.
function shown(tensor, digits) {
  const {lo, hi, shape} = tensor;
  if (lo.length > MOST_CELLS) return `${lo.length} numbers`;
  if (!shape.length) return known(lo[0], hi[0], digits) ?? UNKNOWN;
  const cell = (k) => {
    const said = known(lo[k], hi[k], digits);
    return mathNode('mtd', said === null ? mathNode('mtext', '?') : mathNode('mn', said));
  };
  const bracketed = (...inner) => mathNode('mrow', mathNode('mo', '['), ...inner, mathNode('mo', ']'));
  const drawn = (at, [first, ...rest]) => {
    const size = product(rest), places = range(first).map((k) => at + k * size);
    if (rest.length > 1) return bracketed(...places.flatMap((k) => [mathNode('mo', ','), drawn(k, rest)]).slice(1));
    const row = (k) => mathNode('mtr', ...range(size).map((c) => cell(k + c)));
    return bracketed(mathNode('mtable', ...places.map(row)));
  };
  return mathNode('math', drawn(0, shape));
}
