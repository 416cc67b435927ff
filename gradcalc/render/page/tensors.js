// Arrays of enclosures with named and positional axes: {lo, hi, dims, over, shape}, the entries in
// C order over dims = sizes of the named axes `over`, then `shape`. The operations on whole arrays
// are named as `m`'s are (`numeric/array_functions.py`); they work on the last axes, the rest
// stands before them.

const MOST_ENTRIES = 100000, MOST_PRODUCTS = 3000000;
const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
const range = (n) => Array.from({length: n}, (_, k) => k);

// The array whose entry at an index is f(index).
function build(over, dims, f) {
  const count = product(dims), index = dims.map(() => 0);
  if (count > MOST_ENTRIES) {
    throw new Unsupported(`an array of ${count} entries is too large for this page`);
  }
  const lo = new Float64Array(count), hi = new Float64Array(count);
  for (let n = 0; n < count; n += 1) {
    [lo[n], hi[n]] = f(index);
    for (let k = dims.length - 1; k >= 0 && ++index[k] === dims[k]; k -= 1) index[k] = 0;
  }
  return {lo, hi, dims, over, shape: dims.slice(over.length)};
}

// The entry at an index whose last places belong to its axes; an axis of 1 is stretched.
function entry(t, index) {
  const first = index.length - t.dims.length;
  let at = 0;
  t.dims.forEach((size, k) => { at = at * size + (size === 1 ? 0 : index[first + k]); });
  return [t.lo[at], t.hi[at]];
}

const scalar = (pair) => build([], [], () => pair);
const isPlain = (t) => t.dims.length === 0;
const single = (t) => [t.lo[0], t.hi[0]];
const reshaped = (t, dims, over = t.over) => ({...t, dims, over, shape: dims.slice(over.length)});
const place = (axis, rank) => axis < 0 ? axis + rank : axis;

// With axes of length 1 put in, so that it broadcasts against others over `over` of that rank.
function expand(t, over, rank) {
  if (isPlain(t)) return t;
  const named = over.map((name) => t.over.includes(name) ? t.dims[t.over.indexOf(name)] : 1);
  return reshaped(t, [...named, ...Array(Math.max(0, rank - t.shape.length)).fill(1), ...t.shape],
      over);
}

function broadcast(...lists) {
  const rank = Math.max(...lists.map((dims) => dims.length));
  return range(rank).map((k) => lists.reduce((size, dims) => {
    const other = dims[k - rank + dims.length];
    if (other === undefined || other === 1 || other === size) return size;
    if (size !== 1) throw new Misfit('shapes do not fit');
    return other;
  }, 1));
}

// f entry by entry on arrays over the same named axes.
function combine(f, tensors, over) {
  const first = tensors[0];
  return build(over, broadcast(...tensors.map((t) => t.dims)), (index) => {
    const pair = entry(first, index);
    return f(...tensors.map((t) => t === first ? pair : entry(t, index)));
  });
}

// dims with the axes reordered: axis k of the result is axis order[k].
function rearranged(t, order, over) {
  const index = [];
  return build(over, order.map((k) => t.dims[k]), (at) => {
    order.forEach((k, n) => { index[k] = at[n]; });
    return entry(t, index);
  });
}

// The array whose entry at [...outer, ...inner] is f(inner, pick); pick(...place) is t's there.
function onLast(t, rank, inner, f) {
  const outer = t.dims.slice(0, t.dims.length - rank);
  return build(t.over, [...outer, ...inner], (index) => {
    const before = index.slice(0, outer.length);
    return f(index.slice(outer.length), (...at) => entry(t, [...before, ...at]));
  });
}

function reduce(f, start) {
  return (t, axis, keepdims) => {
    const rank = t.dims.length, axes = axis.map((k) => place(k, rank));
    const runs = axes.map((k) => t.dims[k]), count = product(runs);
    const kept = build(t.over, t.dims.map((n, k) => axes.includes(k) ? 1 : n), (index) => {
      const at = index.slice();
      let total = start;
      for (let n = 0; n < count; n += 1) {
        let rest = n;
        for (let k = axes.length - 1; k >= 0; k -= 1) {
          at[axes[k]] = rest % runs[k];
          rest = Math.floor(rest / runs[k]);
        }
        total = total === undefined ? entry(t, at) : f(total, entry(t, at));
      }
      if (total === undefined) throw new Undefined('max of nothing is undefined');
      return total;
    });
    return keepdims ? kept : reshaped(kept, t.dims.filter((_, k) => !axes.includes(k)));
  };
}

const asTensor = (x) => typeof x === 'number' ? scalar(point(x)) : x;
const entrywise = (name) => (...operands) => {
  const tensors = operands.map(asTensor);
  const largest = tensors.reduce((a, b) => b.dims.length > a.dims.length ? b : a);
  return combine(FUNCTIONS[name], tensors, largest.over);
};
const [plus, minus, times, quotient] = ['add', 'subtract', 'multiply', 'divide'].map(entrywise);
const [exps, logs1p, absOf, roots, powers] =
    ['exp', 'log1p', 'abs', 'sqrt', 'power'].map(entrywise);
const sumOver = reduce(add, [0, 0]), maxOver = reduce(maximum), minOver = reduce(minimum);
const countOver = (t, axis) => product(axis.map((k) => t.dims[place(k, t.dims.length)]));

// The largest entry over the axes, and log Σ exp(entry - largest), by log1p of all but the largest.
function logRest(t, axis) {
  const rank = t.dims.length, axes = axis.map((k) => place(k, rank));
  const tops = build(t.over, t.dims.map((n, k) => axes.includes(k) ? 1 : n),
      () => [-Infinity, -Infinity]);
  const where = [];
  build(t.over, t.dims, (index) => {
    const pair = entry(t, index);
    let at = 0;
    tops.dims.forEach((size, k) => { at = at * size + (size === 1 ? 0 : index[k]); });
    if (middle(pair) > middle([tops.lo[at], tops.hi[at]]) || !(tops.lo[at] > -Infinity)) {
      [tops.lo[at], tops.hi[at]] = pair;
      where[at] = index.join();
    }
    return pair;
  });
  const others = exps(minus(t, tops)), chosen = new Set(where);
  const left = build(t.over, t.dims, (index) => chosen.has(index.join()) ? [0, 0]
      : entry(others, index));
  return [tops, logs1p(sumOver(left, axis, true))];
}

// Gauss and Jordan, the pivot that is surely farthest from 0: the inverse and the determinant.
function eliminate(pick, n) {
  const rows = range(n).map((i) =>
      [...range(n).map((j) => pick(i, j)), ...range(n).map((j) => point(i === j ? 1 : 0))]);
  let determinant = [1, 1];
  for (let k = 0; k < n; k += 1) {
    const sizesBelow = rows.map((row, r) => r < k ? -1 : absolute(row[k])[0]);
    const best = sizesBelow.indexOf(Math.max(...sizesBelow));
    if (!(sizesBelow[best] > 0)) {
      const exact = rows.every((row, r) => r < k || signOf(row[k]) === 0);
      throw new (exact ? Undefined : Unsure)('the inverse of a singular matrix is undefined');
    }
    if (best !== k) determinant = negative(determinant);
    [rows[k], rows[best]] = [rows[best], rows[k]];
    const pivot = rows[k][k];
    determinant = multiply(determinant, pivot);
    rows[k] = rows[k].map((x) => divide(x, pivot));
    rows.forEach((row, r) => {
      const factor = row[k];
      if (r !== k) rows[r] = row.map((x, j) => subtract(x, multiply(factor, rows[k][j])));
    });
  }
  return [rows.map((row) => row.slice(n)), determinant];
}

// By minors for small ones, which needs no division: of singular matrices too.
function determinantOf(pick, n) {
  if (n > 5) {
    try {
      return eliminate(pick, n)[1];
    } catch (problem) {
      if (problem instanceof Unsure) throw problem;
      return [0, 0];
    }
  }
  const minor = (row, columns) => columns.reduce((sum, column, k) => {
    const part = multiply(pick(row, column), minor(row + 1, columns.filter((c) => c !== column)));
    return k % 2 ? subtract(sum, part) : add(sum, part);
  }, row === n ? [1, 1] : [0, 0]);
  return minor(0, range(n));
}

function matmul(a, b) {
  const rows = a.dims[a.dims.length - 2], inner = a.dims[a.dims.length - 1];
  const outer = broadcast(a.dims.slice(0, -2), b.dims.slice(0, -2));
  if (product(outer) * rows * inner * lastSize(b) > MOST_PRODUCTS) {
    throw new Unsupported('this product is too large for this page');
  }
  return build(a.over, [...outer, rows, b.dims[b.dims.length - 1]], (index) => {
    const before = index.slice(0, -2), [i, j] = index.slice(-2);
    return range(inner).reduce((sum, k) =>
      add(sum, multiply(entry(a, [...before, i, k]), entry(b, [...before, k, j]))), [0, 0]);
  });
}

const lastSize = (t, back = 1) => t.dims[t.dims.length - back];
const square = (f) => (t) => onLast(t, 2, [], (_, pick) => f(pick, lastSize(t)));

function inverse(t) {
  const n = lastSize(t);
  let rows;
  return onLast(t, 2, [n, n], ([i, j], pick) => {
    if (i + j === 0) rows = invertRows(pick, n);
    return rows[i][j];
  });
}

function invertRows(pick, n) {
  if (n < 5 && signOf(determinantOf(pick, n)) === 0) {
    throw new Undefined('the inverse of a singular matrix is undefined');
  }
  return eliminate(pick, n)[0];
}

const ARRAYS = {
  sum: sumOver, prod: reduce(multiply, [1, 1]), max: maxOver, min: minOver, matmul,
  mean: (t, axis, keepdims) => quotient(sumOver(t, axis, keepdims), countOver(t, axis)),
  var(t, axis, keepdims, ddof) {
    const n = countOver(t, axis) - ddof, centred = minus(t, ARRAYS.mean(t, axis, true));
    if (n <= 0) {
      throw new Undefined(`the variance of ${n + ddof} numbers with ddof=${ddof} is undefined`);
    }
    return quotient(sumOver(times(centred, centred), axis, keepdims), n);
  },
  norm(t, axis, keepdims, ord) {
    if (ord === 1) return sumOver(absOf(t), axis, keepdims);
    if (ord === Infinity) return maxOver(absOf(t), axis, keepdims);
    if (ord === 2) return roots(sumOver(times(t, t), axis, keepdims));
    const order = scalar(number(ord));
    return powers(sumOver(powers(absOf(t), order), axis, keepdims), quotient(1, order));
  },
  logsumexp(t, axis, keepdims) {
    const sum = plus(...logRest(t, axis)), axes = axis.map((k) => place(k, t.dims.length));
    return keepdims ? sum : reshaped(sum, sum.dims.filter((_, k) => !axes.includes(k)));
  },
  log_softmax(t, axis) {
    const [top, rest] = logRest(t, [axis]);
    return minus(minus(t, top), rest);
  },
  softmax(t, axis) {
    const parts = exps(minus(t, logRest(t, [axis])[0]));
    return quotient(parts, sumOver(parts, [axis], true));
  },
  cumsum(t, axis) {
    const k = place(axis, t.dims.length);
    return build(t.over, t.dims, (index) => range(index[k] + 1).reduce((sum, n) =>
      add(sum, entry(t, index.map((at, axisAt) => axisAt === k ? n : at))), [0, 0]));
  },
  triangle: (t, k, upper) => onLast(t, 2, t.dims.slice(-2), ([i, j], pick) =>
    (upper ? j - i >= k : j - i <= k) ? pick(i, j) : [0, 0]),
  correlate(x, k, rank) {
    const window = k.dims.slice(-rank),
        inner = window.map((n, at) => x.dims[x.dims.length - rank + at] - n + 1);
    const outer = broadcast(x.dims.slice(0, -rank), k.dims.slice(0, -rank));
    return build(x.over, [...outer, ...inner], (index) => {
      const before = index.slice(0, outer.length), at = index.slice(outer.length);
      let sum = [0, 0];
      build([], window, (shift) => {
        const moved = at.map((n, axis) => n + shift[axis]);
        sum = add(sum, multiply(entry(k, [...before, ...shift]), entry(x, [...before, ...moved])));
        return sum;
      });
      return sum;
    });
  },
  transpose: (t) => onLast(t, 2, [lastSize(t), lastSize(t, 2)], ([i, j], pick) => pick(j, i)),
  outer: (a, b) => matmul(reshaped(a, [...a.dims, 1]),
      reshaped(b, [...b.dims.slice(0, -1), 1, lastSize(b)])),
  kron(a, b) {
    const [n, m] = b.dims.slice(-2), outer = broadcast(a.dims.slice(0, -2), b.dims.slice(0, -2));
    return build(a.over, [...outer, lastSize(a, 2) * n, lastSize(a) * m], (index) => {
      const before = index.slice(0, -2), [i, j] = index.slice(-2), whole = Math.floor;
      return multiply(
        entry(a, [...before, whole(i / n), whole(j / m)]), entry(b, [...before, i % n, j % m]));
    });
  },
  trace: square((pick, n) => range(n).reduce((sum, k) => add(sum, pick(k, k)), [0, 0])),
  det: square(determinantOf),
  logdet: square((pick, n) => {
    const determinant = determinantOf(pick, n);
    if (determinant[1] <= 0) {
      throw new Undefined('logdet of a matrix whose determinant is not positive is undefined');
    }
    return log(determinant);
  }),
  inv: inverse,
  diagonal: (t) => onLast(t, 2, [lastSize(t)], ([k], pick) => pick(k, k)),
  diag: (t) => onLast(t, 1, [lastSize(t), lastSize(t)], ([i, j], pick) => i === j ? pick(i)
      : [0, 0]),
  vec: (t) => onLast(t, 2, [lastSize(t) * lastSize(t, 2)], ([k], pick) =>
    pick(k % lastSize(t, 2), Math.floor(k / lastSize(t, 2)))),
  matrix_power(t, k) {
    if (k < 0) return ARRAYS.matrix_power(inverse(t), -k);
    const one = onLast(t, 2, t.dims.slice(-2), ([i, j]) => point(i === j ? 1 : 0));
    return range(k).reduce((result) => matmul(result, t), one);
  },
  eye: (n) => build([], [n, n], ([i, j]) => point(i === j ? 1 : 0)),
  full: (shape, value) => build([], shape, () => point(value)),
};
