// Trees to arrays of enclosures, as `numeric/evaluate.py` does.
//
//   environment(computation, point) -> env: every line evaluated in order
//   evaluate(tree, env), entries(tree, {name: size}, env) -> array

const REDUCED_BY_INDEX =
    {sum: 0, mean: 0, prod: 1, norm: 0, logsumexp: -1e18, max: null, min: null};
const isAlong = (func) => func === 'softmax' || func === 'log_softmax';
const operation = (name) => {
  const op = Object.hasOwn(language.operations, name) ? language.operations[name] : undefined;
  if (!op) throw new Unknown(`${name} is an unknown function`);
  return op;
};
const isReduction = (func) => language.operations[func]?.signature === 'reduction';
const shapeText = (t) => t.shape.join('×') || 'a number';

// The problem with the step named, unless an inner step was named before.
function located(problem, tree) {
  if (problem instanceof Undefined && tree.source !== undefined
      && !problem.message.includes('(in `')) {
    const text = tree.source.slice(tree.start, tree.end);
    problem.message += ` (in \`${text.length > 80 ? text.slice(0, 77) + '…' : text}\`)`;
  }
  return problem;
}

const axesInOrder = (env, ...lists) => {
  const found = new Set(lists.flat());
  return Object.keys(env.indices).filter((name) => found.has(name));
};

// What was recorded of an operation's `value`: "x" an operand, [function, …arguments], or a
// constant.
function compiled(value, operands, call, constant) {
  if (typeof value === 'string') {
    const k = operands.indexOf(value);
    return (given) => given[k];
  }
  if (!Array.isArray(value)) return () => constant(value);
  const parts = value.slice(1).map((part) => compiled(part, operands, call, constant));
  const f = value[0] === 'list' ? (...items) => items : call(value[0]);
  return (given) => f(...parts.map((part) => part(given)));
}

function knownFunction(name) {
  if (FUNCTIONS[name]) return FUNCTIONS[name];
  if (name === 'pi' || name === 'e') return () => name === 'e' ? E : PI;
  throw new Unsupported(`this page does not compute ${name}`);
}

function scalarValue(op) {
  if (op.value === undefined) throw new Unsupported('this page does not compute it');
  return compiled(op.value, op.operands, knownFunction, point);
}

// The operation entry by entry, with broadcasting. What is not known is noted where untaken
// branches are allowed, and is NaN.
function elementwise(name, operands, env, tree, instead) {
  const f = instead || scalarValue(operation(name));
  if (env.watch) env.watch(name, tree, operands);
  const over = axesInOrder(env, ...operands.map((t) => t.over));
  const rank = Math.max(...operands.map((t) => t.shape.length));
  const expanded = new Map(operands.map((t) => [t, expand(t, over, rank)]));
  const lenient = env.tolerant !== null;
  const apply = (...pairs) => {
    if (lenient && name !== 'where' && pairs.some((x) => Number.isNaN(x[0]))) return [NaN, NaN];
    if (lenient && Number.isNaN(pairs[0][0])) return [NaN, NaN];
    try {
      return settled(f(pairs), name === 'where');
    } catch (problem) {
      if (!lenient || !(problem instanceof Undefined)) throw problem;
      env.tolerant.push(located(problem, tree));
      return [NaN, NaN];
    }
  };
  try {
    return combine(apply, operands.map((t) => expanded.get(t)), over);
  } catch (problem) {
    if (problem instanceof Misfit) {
      problem.message = `shapes ${operands.map(shapeText).join(' and ')} do not fit`;
    }
    throw located(problem, tree);
  }
}

function settled(pair, lost) {
  if (isFinitePair(pair) || (lost && Number.isNaN(pair[0]))) return pair;
  throw new Unsure('the value cannot be told to this precision');
}

// An operation on whole arrays from what was recorded of its `value`.
function structured(name, scope, env, tree) {
  const op = operation(name), names = Object.keys(scope);
  try {
    if (op.value === undefined) throw new Unsupported(`this page does not compute ${name}`);
    const call = (word) => ARRAYS[word] || (knownFunction(word) && entrywise(word));
    const result = asTensor(compiled(op.value, names, call, (x) => x)(Object.values(scope)));
    result.lo.forEach((x, n) => settled([x, result.hi[n]], env.tolerant !== null));
    return result;
  } catch (problem) {
    throw located(problem, tree);
  }
}

// ---- trees

function evaluate(tree, env) {
  switch (tree.kind) {
    case 'num': return scalar(number(tree.text));
    case 'name': return valueOfName(tree, env);
    case 'neg': return elementwise('neg', [evaluate(tree.arg, env)], env, tree);
    case 'binary': return binary(tree, env);
    case 'call': return called(tree, env);
    case 'index': return indexed(tree, env);
    case 'transpose': return transposed(evaluate(tree.arg, env));
    case 'vector': return vectorOf(tree.items.map((item) => evaluate(item, env)), env);
    case 'compare': {
      const left = evaluate(tree.left, env);
      const right = said(tree.left) === said(tree.right) ? left : evaluate(tree.right, env);
      return elementwise(language.signs[tree.op], [left, right], env, tree);
    }
    default: throw new Misfit('a slice stands only in [ ]');
  }
}

const own = (table, name) => Object.hasOwn(table, name) ? table[name] : undefined;

function valueOfName(tree, env) {
  const name = tree.id;
  if (own(env.values, name)) return env.values[name];
  if (own(env.indices, name) !== undefined) {
    return build([name], [env.indices[name]], ([k]) => point(k));
  }
  if (own(env.sizes, name) !== undefined) return scalar(point(env.sizes[name]));
  if (own(env.stacks, name)) {
    const whole = {kind: 'name', id: env.stacks[name]};
    return stacked(evaluate(whole, env), env, whole);
  }
  if (own(env.shapes, name) === undefined) {
    if (name === 'pi') return env.constants.pi;
    if (name === 'e') return env.constants.e;
  }
  throw own(env.lacking, name) || new Unknown(`${name} has no value`);
}

function binary(tree, env) {
  const left = evaluate(tree.left, env), right = evaluate(tree.right, env);
  if (tree.op === '@') return product2(left, right, env, tree);
  const name = language.signs[tree.op];
  // 0/norm(0) is 0 by convention.
  const ratio = tree.op === '/' && isNorm(tree.right, env) ? ([x, y]) => FUNCTIONS.ratio(x, y)
      : undefined;
  return elementwise(name, [left, right], env, tree, ratio);
}

function isNorm(tree, env) {
  switch (tree.kind) {
    case 'name': return env.norms.includes(tree.id);
    case 'call': return tree.func === 'norm';
    case 'index': return isNorm(tree.base, env);
    case 'transpose': return isNorm(tree.arg, env);
    case 'binary':
      return (tree.op === '*' || tree.op === '^')
          && (isNorm(tree.left, env) || isNorm(tree.right, env));
    default: return false;
  }
}

function called(tree, env) {
  const {func, args} = tree;
  if (env.unknown.includes(func) || tree.primes) return unknownValue(tree, env);
  if (own(env.functions, func)) return userValue(tree, env);
  if (func === 'where' && args.length === 3) return whereValue(tree, env);
  if (isReduction(func) || (isAlong(func) && args.length > 1)) return reduced(tree, env);
  const op = operation(func);
  if (op.signature !== 'elementwise') {
    const operands = args.map((arg) => evaluate(arg, env));
    if (func === 'stack' && args.length === 1
        && operands[0].over.some((i) => env.examples.includes(i))) {
      return stacked(operands[0], env, args[0]);
    }
    try {
      return arranged(func, op, operands, options(tree, env), env, tree);
    } catch (problem) {
      throw located(problem, tree);
    }
  }
  const operands = args.map((arg) => evaluate(arg, env));
  for (const name of op.operands.slice(operands.length)) {
    operands.push(scalar(number(op.parameters[name])));
  }
  return elementwise(func, operands, env, tree);
}

// g(z), g'(z) at a point where functions stand in: sin(z + shift); of several arguments
// Σ_r sin(Σ_k c_rk x_k + shift_r), as Python has it.
function unknownValue(tree, env) {
  if (!env.standIn) throw new Unknown(`${tree.func} is an unknown function`);
  const {args, places} = tree, fraction = (p, q) => divide(point(p), point(q));
  const rank = 1 + env.unknown.slice().sort().indexOf(tree.func);
  const turns = (n) => multiply(fraction(n, 2), PI);
  const on = (name, a, b) => elementwise(name, [a, b], env, tree);
  const sine = (t) => elementwise('sin', [t], env, tree);
  if (args.length === 1) {
    return sine(on('add', evaluate(args[0], env),
        scalar(add(fraction(rank, 2), turns(tree.primes)))));
  }
  const values = args.map((arg) => evaluate(arg, env));
  return values.map((_, row) => {
    const slopes = values.map((value, k) =>
        scalar(add(point(row === k ? 1 : 0), fraction(1, row + k + 2))));
    const shift = add(add(fraction(rank, 2), fraction(row + 1, 3)), turns(places.length));
    const angle = values.reduce((sum, value, k) => on('add', sum, on('mul', slopes[k], value)),
        scalar(shift));
    return places.reduce((term, at) => on('mul', slopes[at - 1], term), sine(angle));
  }).reduce((sum, term) => on('add', sum, term));
}

function userValue(tree, env) {
  const {params, tree: body} = env.functions[tree.func];
  if (params.length !== tree.args.length) {
    throw new Unknown(`${tree.func} takes ${params.length} arguments`);
  }
  const given = {}, shapes = {...env.shapes};
  params.forEach((name, k) => {
    given[name] = evaluate(tree.args[k], env);
    delete shapes[name];
  });
  return evaluate(body, {...env, shapes, values: {...env.values, ...given}});
}

// Only branches that are taken have to be defined.
function whereValue(tree, env) {
  const condition = evaluate(tree.args[0], env);
  if (isPlain(condition) && !env.watch) {
    const pair = single(condition);
    if (!isPoint(pair)) {
      throw located(new Unsure('which branch applies is not known to this precision'), tree);
    }
    return evaluate(tree.args[pair[0] ? 1 : 2], env);
  }
  const inner = {...env, tolerant: []};
  const branches = tree.args.slice(1).map((arg) => evaluate(arg, inner));
  return settle(elementwise('where', [condition, ...branches], inner, tree), inner.tolerant, env);
}

// Raises what was noted in a branch if an entry of the result comes from there: an index out of
// range, the usual one in what conditions leave out, only where nothing else was noted.
function settle(result, noted, env) {
  if (result.lo.some(Number.isNaN)) {
    const problem = noted.find((one) => one instanceof Unsure)
        || noted.find((one) => !(one instanceof Misfit)) || noted[0]
        || new Undefined('the result is undefined');
    if (env.tolerant === null) throw problem;
    env.tolerant.push(problem);
  }
  return result;
}

// ---- reductions and sums over indices

function reduced(tree, env) {
  const {func} = tree;
  let {args} = tree;
  const given = options(tree, env);
  const names = args.slice(1).filter((arg) => arg.kind === 'name' && isSummable(arg.id, tree, env));
  if (names.length) {
    const conditions = args.slice(1).filter((arg) => arg.kind === 'compare');
    return overIndices(tree, names.map((arg) => arg.id), conditions, env);
  }
  if ((func === 'max' || func === 'min') && args.length > 1) {
    const isZero = (arg) => arg.kind === 'num' && Number(arg.text) === 0;
    if (func === 'max') args = [...args].sort((a, b) => isZero(a) - isZero(b));
    return args.slice(1).reduce((result, arg) => func === 'max' && isZero(arg)
      ? elementwise('relu', [result], env, tree)
      : elementwise(func === 'max' ? 'maximum' : 'minimum', [result, evaluate(arg, env)], env,
          tree),
    evaluate(args[0], env));
  }
  if (args.length === 2) {
    const word = func === 'norm' ? 'ord' : 'axis';
    if (!(word in given)) given[word] = option(word, args[1], env);
  }
  return reduction(func, evaluate(args[0], env), given, env, tree);
}

function isSummable(name, tree, env) {
  if (own(env.indices, name) !== undefined) return true;
  return !own(env.values, name) && own(boundHere(tree, env), name) !== undefined;
}

// The indices that are bound here and declared nowhere, with their sizes.
function boundHere(tree, env) {
  const names = tree.args.slice(1).filter((arg) => arg.kind === 'name').map((arg) => arg.id)
    .filter((name) => own(env.indices, name) === undefined && !own(env.values, name));
  return names.length ? indexRanges(names, tree.args[0], env) : {};
}

// How far an index runs that nothing declares: as far as the places go that it stands in.
function indexRanges(names, tree, env) {
  const found = {}, held = [];
  for (const part of walk(tree)) {
    if (part.kind !== 'index') continue;
    part.items.forEach((item, axis) => {
      const form = item.kind === 'slice' ? null : linear(item, names, env);
      if (!form || !names.some((name) => form.steps[name])) return;
      const length = quietly(() => evaluate(part.base, env).shape[axis]);
      if (length !== null) held.push([form, length]);
    });
  }
  held.sort(([a], [b]) => Object.keys(a.steps).length - Object.keys(b.steps).length);
  for (const [form, length] of held) fit(form, length, Math.max, names, env, found);
  const missing = names.filter((name) => own(found, name) === undefined);
  for (const part of walk(tree)) {
    if (part.kind !== 'compare' || part.op !== '==') continue;
    for (const [side, other] of [[part.left, part.right], [part.right, part.left]]) {
      const form = linear(other, names, env), number = linear(side, names, env);
      if (!form || !number) continue;
      const length = endOf(number, {...env.indices, ...found});
      fitRows(form, countingRows(other), length, missing, env, found);
    }
  }
  return found;
}

// What a sum of indices is always below; null where it is not known how far one runs.
function endOf({steps, start}, sizes) {
  const names = Object.keys(steps);
  if (names.some((name) => own(sizes, name) === undefined)) return null;
  return names.reduce((sum, name) => sum + Math.max(0, steps[name] * (sizes[name] - 1)), start) + 1;
}

// The names in products: they count rows, also where a row has one entry.
function countingRows(tree) {
  const products = [...walk(tree)].filter((part) => part.kind === 'binary' && part.op === '*');
  return products.flatMap((part) => [...walk(part)]).filter((part) => part.kind === 'name')
    .map((part) => part.id);
}

// How far indices run that number entries, as a*k + b does: b below k, and a as far as the number,
// which is below `length` where that is known. Of a + b neither is told.
function fitRows(form, rows, length, missing, env, found) {
  const {steps} = form, names = Object.keys(steps);
  const rank = (a, b) => steps[a] - steps[b] || rows.includes(a) - rows.includes(b);
  for (const name of names.filter((one) => missing.includes(one)).sort((a, b) => rank(b, a))) {
    const [other] = names.filter((one) => one !== name && rank(one, name) >= 0).sort(rank);
    if (steps[name] <= 0) continue;
    if (other === undefined) {
      if (length !== null) fit(form, length, Math.min, [name], env, found);
    } else if (rank(other, name) > 0 && steps[other] % steps[name] === 0) {
      const room = steps[other] / steps[name];
      found[name] = Math.min(own(found, name) ?? room, room);
    }
  }
}

function quietly(f) {
  try {
    return f();
  } catch (problem) {
    if (problem instanceof Undefined) return null;
    throw problem;
  }
}

function fit({steps, start}, length, beside, names, env, found) {
  const mine = Object.keys(steps).filter((name) => names.includes(name) && steps[name] > 0);
  for (const name of mine.sort((a, b) => steps[b] - steps[a] || (a < b ? -1 : 1))) {
    const sizes = {...env.indices, ...found};
    const others = Object.keys(steps).filter((other) => other !== name)
      .reduce((sum, other) => sum + beside(0, steps[other] * ((sizes[other] ?? 1) - 1)), start);
    const room = Math.max(Math.floor((length - 1 - others) / steps[name]) + 1, 0);
    found[name] = Math.min(own(found, name) ?? room, room);
  }
}

// c*p + q + 1 as {steps: {c: p, q: 1}, start: 1}; null for anything else.
function linear(tree, names, env) {
  const isIndex = (part) => part.kind === 'name'
      && (names.includes(part.id) || own(env.indices, part.id) !== undefined);
  if (![...walk(tree)].some(isIndex)) {
    const start = quietly(() => wholeNumber(evaluate(tree, env)));
    return start === null ? null : {steps: {}, start};
  }
  if (tree.kind === 'name') return {steps: {[tree.id]: 1}, start: 0};
  const scaled = (form, factor) => ({
    steps: Object.fromEntries(Object.entries(form.steps).map(([name, step]) =>
        [name, step * factor])),
    start: form.start * factor,
  });
  if (tree.kind === 'neg') {
    const inner = linear(tree.arg, names, env);
    return inner && scaled(inner, -1);
  }
  if (tree.kind !== 'binary' || !'+-*'.includes(tree.op)) return null;
  const left = linear(tree.left, names, env), right = linear(tree.right, names, env);
  if (!left || !right) return null;
  if (tree.op === '*') {
    const isNumber = (form) => !Object.keys(form.steps).length;
    return isNumber(left) ? scaled(right, left.start) : isNumber(right) ? scaled(left, right.start)
        : null;
  }
  const other = scaled(right, tree.op === '+' ? 1 : -1), steps = {...left.steps};
  for (const [name, step] of Object.entries(other.steps)) steps[name] = (steps[name] ?? 0) + step;
  return {steps, start: left.start + other.start};
}

// sum(e, j, k, condition): every index counts, also where e does not have it.
function overIndices(tree, names, conditions, env) {
  const {func} = tree, values = {...env.values};
  const indices = {...env.indices, ...boundHere(tree, env)};
  for (const name of names) delete values[name];
  env = {...env, indices, values};
  const inner = conditions.length ? {...env, tolerant: []} : env;
  const spread = (t) => names.reduce((result, name) => alongIndex(result, name, env), t);
  let term = spread(evaluate(tree.args[0], inner));
  if (!conditions.length) return collapse(func, term, names, env, tree);
  const chosen = conditions.map((condition) => evaluate(condition, env));
  const keep = (t, filler) => chosen.reduce((result, choice) =>
    elementwise('where', [choice, result, filler], inner, tree), t);
  const neutral = REDUCED_BY_INDEX[func] ?? null;
  term = settle(keep(term, neutral === null ? lowest(term, func) : scalar(point(neutral))),
      inner.tolerant, env);
  if (func !== 'mean') return collapse(func, term, names, env, tree);
  const counted = spread(keep(scalar([1, 1]), scalar([0, 0])));
  return elementwise('div', [term, counted].map((t) => collapse('sum', t, names, env, tree)), env,
      tree);
}

// A number that a maximum or minimum over the other entries never notices.
function lowest(term, func) {
  const kept = [...term.lo].map((lo, n) => [lo, term.hi[n]]).filter((pair) =>
      !Number.isNaN(pair[0]));
  return scalar(kept.reduce(func === 'max' ? minimum : maximum));
}

function collapse(func, term, names, env, tree) {
  const kept = term.over.filter((name) => !names.includes(name));
  if (isAlong(func)) {
    const logs = elementwise('sub', [term, collapse('logsumexp', term, names, env, tree)], env,
        tree);
    return func === 'log_softmax' ? logs : elementwise('exp', [logs], env, tree);
  }
  const first = term.over.length;
  const order = [...kept.map((name) => term.over.indexOf(name)),
      ...range(term.shape.length).map((k) => first + k),
    ...names.map((name) => term.over.indexOf(name))];
  return reduction(func, rearranged(term, order, kept),
      {axis: names.map((_, k) => k - names.length)}, env, tree);
}

function reduction(func, t, given, env, tree) {
  const rank = t.shape.length, {axis = null, keepdims = false, ...rest} = given;
  if (rank === 0) {
    if (func === 'norm') return elementwise('abs', [t], env, tree);
    return func === 'var' ? elementwise('sub', [t, t], env, tree) : t;
  }
  let axes = axis;
  if (func === 'logsumexp' && axis === null && rank > 1) {
    axes = rank === 2 && unitAxes(t, tree.args[0], env).some(Boolean) ? [-2, -1] : [-1];
  }
  const scope = {...operation(func).defaults, ...rest, a: t, axis: axesOf(rank, axes), keepdims};
  if (env.watch) {
    env.watch(func, tree, [t, structured(func, {...scope, keepdims: true}, env, tree)], rest.ord
        ?? 2);
  }
  return structured(func, scope, env, tree);
}

// Axes counted from the end; all of them where none is named.
function axesOf(rank, axis) {
  if (axis === null) return range(rank).map((k) => k - rank);
  return [axis].flat().map((k) => {
    if (!(k >= -rank && k < rank)) {
      throw new Misfit(`there is no axis ${k} in an array with ${rank}`);
    }
    return k >= 0 ? k - rank : k;
  }).sort((a, b) => a - b);
}

const options = (tree, env) =>
    Object.fromEntries(tree.kwargs.map(([name, value]) => [name, option(name, value, env)]));

function option(name, tree, env) {
  if (name === 'keepdims') return tree.kind === 'name' && tree.id === 'True';
  if (tree.kind === 'name' && tree.id === 'None') return null;
  if (name === 'ord' && tree.kind === 'name' && (tree.id === 'inf' || tree.id === 'oo')) {
    return Infinity;
  }
  if (tree.kind === 'vector') return tree.items.map((item) => option(name, item, env));
  return middle(single(evaluate(tree, env)));
}

function wholeNumber(t) {
  const [lo, hi] = single(t);
  if (!isPlain(t) || lo !== hi || !Number.isInteger(lo)) {
    throw new Undefined('a size is a whole number');
  }
  return lo;
}

// ---- operations on whole arrays

const RANK_NAMES = ['a number', 'a vector', 'a matrix'];
const flat = (t) => reshaped(t, [...t.dims.slice(0, t.over.length), product(t.shape)]);
// Arrays over the same named axes.
function aligned(tensors, env, rank) {
  const over = axesInOrder(env, ...tensors.map((t) => t.over));
  return tensors.map((t) => isPlain(t) && !rank ? reshaped(t, over.map(() => 1), over)
      : expand(t, over, rank));
}

// An operation by its signature, as `numeric/array_operations.py` calls it.
function arranged(func, op, operands, given, env, tree) {
  const special = ARRANGED[func];
  if (special) return special(operands, given, env, tree, func);
  const [t] = operands, rest = (from) => Object.fromEntries(op.operands.slice(from).map((name, k) =>
    [name, operands[from + k] ? wholeNumber(operands[from + k]) : op.defaults[name]]));
  if (op.signature === 'same') {
    const rank = t.shape.length, units = given.axis === undefined && rank > 1
        ? unitAxes(t, tree.args[0], env) : [true];
    if (!rank) throw new Misfit(`${func} needs an array`);
    if (func === 'cumsum' && !units.some(Boolean)) {
      throw new Misfit('cumsum of a matrix needs an axis');
    }
    const [axis] = axesOf(rank, given.axis ?? (rank === 2 && units[1] ? -2 : -1));
    return structured(func, {a: t, axis}, env, tree);
  }
  const signature = func === 'matrix_power' ? 'n n ->' : op.signature,
      inputs = signature.split('->')[0].split(',').map((part) => part.trim().split(' '));
  const square = inputs.length === 1 && inputs[0].length === 2 && inputs[0][0] === inputs[0][1];
  const arrays = operands.slice(0, inputs.length).map((one, k) => {
    if (inputs[k].length === 1) return flat(one);
    const whole = square && !one.shape.length && func !== 'inv' ? reshaped(one, [...one.dims, 1, 1])
        : one;
    const [n, m] = whole.shape.slice(-2);
    if (square && !(whole.shape.length > 1 && n === m)) {
      throw new Misfit(`${func} needs a square matrix`);
    }
    if (!square && whole.shape.length !== inputs[k].length) {
      throw new Misfit(`${func} needs ${RANK_NAMES[inputs[k].length]}`);
    }
    return whole;
  });
  const same = aligned(arrays, env, inputs[0].length);
  const named = Object.fromEntries(same.map((one, k) => [op.operands[k], one]));
  return structured(func, {...named, ...rest(same.length)}, env, tree);
}

function transposed(t) {
  const first = t.over.length, rank = t.shape.length;
  return rank < 2 ? t
      : rearranged(t, [...range(first), ...range(rank).map((k) => first + rank - 1 - k)], t.over);
}

// NumPy's `@`: a vector is a row on the left and a column on the right.
function product2(left, right, env, tree) {
  if (!left.shape.length || !right.shape.length) {
    throw located(new Misfit('@ needs arrays on both sides'), tree);
  }
  const row = left.shape.length === 1, column = right.shape.length === 1;
  const a = row ? reshaped(left, [...left.dims.slice(0, -1), 1, ...left.dims.slice(-1)]) : left;
  const b = column ? reshaped(right, [...right.dims, 1]) : right;
  if (lastSize(a) !== lastSize(b, 2)) {
    throw located(new Misfit(`shapes ${shapeText(left)} and ${shapeText(right)} do not conform`),
        tree);
  }
  const [one, two] = aligned([a, b], env, Math.max(a.shape.length, b.shape.length));
  const whole = structured('matmul', {a: one, b: two}, env, tree);
  const dims = whole.dims.filter((_, k) => !(row && k === whole.dims.length - 2)
      && !(column && k === whole.dims.length - 1));
  return reshaped(whole, dims);
}

// [a, b]: a new first positional axis.
function vectorOf(items, env) {
  const over = axesInOrder(env, ...items.map((t) => t.over)),
      rank = Math.max(...items.map((t) => t.shape.length));
  const parts = items.map((t) => expand(t, over, rank)), first = over.length;
  const dims = fitting(parts.map((t) => t.dims), 'the parts of a vector have different shapes');
  return build(over, [...dims.slice(0, first), parts.length, ...dims.slice(first)], (index) =>
    entry(parts[index[first]], index.filter((_, k) => k !== first)));
}

function fitting(lists, message) {
  try {
    return broadcast(...lists);
  } catch {
    throw new Misfit(message);
  }
}

const ARRANGED = {
  dot(operands, given, env, tree) {
    const [a, b] = operands, same = a.shape.join() === b.shape.join();
    const vectors = a.shape.length === 1
        || (a.shape.length === 2 && unitAxes(a, tree.args[0], env).some(Boolean));
    if (!(same && vectors)) return product2(a, b, env, tree);
    const [x, y] = aligned(operands.map(flat), env, 1);
    return structured('dot', {a: x, b: y}, env, tree);
  },
  kron(operands, given, env, tree) {
    const isFlat = operands.every((t) => t.shape.length < 2);
    const matrices = operands.map((t) => reshaped(t, [...t.dims.slice(0, t.over.length),
      ...Array(Math.max(0, 2 - t.shape.length)).fill(1), ...t.shape]));
    const [a, b] = aligned(matrices, env, 2), whole = structured('kron', {a, b}, env, tree);
    return isFlat ? reshaped(whole, whole.dims.filter((_, k) => k !== whole.dims.length - 2))
        : whole;
  },
  conv: (operands, given, env, tree) => correlated(operands, env, tree, 1),
  conv2d: (operands, given, env, tree) => correlated(operands, env, tree, 2),
  diag([t], given, env, tree) {
    if (t.shape.length === 2 && !unitAxes(t, tree.args[0], env).some(Boolean)) {
      return ARRAYS.diagonal(t);
    }
    return structured('diag', {a: flat(t)}, env, tree);
  },
  vec: ([t], given, env, tree) => t.shape.length < 2 ? t : structured('vec', {a: t}, env, tree),
  stack: (operands, given, env) => vectorOf(operands, env),
  concat(operands, given, env) {
    const all = aligned(operands, env, 0).map((t) => t.shape.length ? t
        : reshaped(t, [...t.dims, 1]));
    const {over} = all[0], rank = all[0].shape.length, [axis] = axesOf(rank, given.axis ?? 0);
    const at = over.length + rank + axis, lengths = all.map((t) => t.dims[at]);
    const rest = (t) => t.shape.filter((_, k) => k + over.length !== at).join() + t.shape.length;
    if (all.some((t) => rest(t) !== rest(all[0]))) {
      throw new Misfit(`shapes ${operands.map(shapeText).join(', ')} cannot be joined`);
    }
    const dims = broadcast(...all.map((t) => t.dims.map((n, k) => k === at ? 1 : n)));
    dims[at] = lengths.reduce((a, b) => a + b);
    return build(over, dims, (index) => {
      const from = index.slice();
      let k = 0;
      for (; from[at] >= lengths[k]; k += 1) from[at] -= lengths[k];
      return entry(all[k], from);
    });
  },
};
for (const func of ['eye', 'ones', 'zeros']) {
  ARRANGED[func] = (operands, given, env, tree) => {
    const sizes = operands.map(wholeNumber), [name] = operation(func).operands;
    return structured(func, {[name === '*' ? 'shape' : name]: name === '*' ? sizes : sizes[0]}, env,
        tree);
  };
}

function correlated(operands, env, tree, rank) {
  const [x, k] = operands;
  if (operands.some((t) => t.shape.length !== rank) || k.shape.some((n, at) => n > x.shape[at])) {
    throw new Misfit(`shapes ${shapeText(x)} and ${shapeText(k)} do not fit ${tree.func}`);
  }
  const [a, b] = aligned(operands, env, rank);
  return structured(tree.func, {x: a, k: b}, env, tree);
}

// Which positional axes are 1 by declaration: by number, where no size is 1.
function unitAxes(t, tree, env) {
  const counted = t.shape.map((n) => n === 1);
  if (!counted.some(Boolean) || !Object.values(env.sizes).includes(1)) return counted;
  const unshaped = (part) => part.kind === 'name' && own(env.values, part.id)?.shape.length
      && !own(env.shapes, part.id);
  if ([...walk(tree)].some(unshaped)) return counted;
  const declared = declaredUnits(tree, env);
  if (declared && declared.length === counted.length) return declared;
  throw new Unsupported('a size is 1 here, so the command line has to tell a column from a row');
}

function declaredUnits(tree, env) {
  const all = (...parts) => {
    const units = parts.map((part) => declaredUnits(part, env));
    if (units.includes(null)) return null;
    const rank = Math.max(...units.map((one) => one.length));
    return range(rank).map((k) => units.every((one) => one[k - rank + one.length] !== false));
  };
  switch (tree.kind) {
    case 'name': {
      const shape = own(env.shapes, tree.id);
      return shape ? shape.map((size) => String(size) === '1') : [];
    }
    case 'num': return [];
    case 'neg': return declaredUnits(tree.arg, env);
    case 'transpose': return declaredUnits(tree.arg, env)?.reverse() ?? null;
    case 'binary': {
      if (tree.op !== '@') return all(tree.left, tree.right);
      const left = declaredUnits(tree.left, env), right = declaredUnits(tree.right, env);
      return left && right && left.length < 3 && right.length < 3
        ? [...left.slice(0, -1), ...right.slice(1)] : null;
    }
    case 'call': {
      const signature = language.operations[tree.func]?.signature;
      return signature === 'elementwise' ? all(...tree.args) : signature === 'same'
          ? declaredUnits(tree.args[0], env) : null;
    }
    default: return null;
  }
}

// ---- places between brackets

// base[items], where an index or a per-example integer picks one entry for each of its values.
function indexed(tree, env) {
  const base = evaluate(tree.base, env), rank = base.shape.length;
  try {
    if (tree.items.length > rank) {
      throw new Misfit(`${tree.items.length} indices for an array with ${rank} axes`);
    }
    const items = base.shape.map((length, k) => {
      const item = tree.items[k];
      if (!item) return {slice: true, begin: 0, step: 1, count: length};
      return item.kind === 'slice' ? sliced(item, length, env)
          : picked(evaluate(item, env), length, env);
    });
    const picks = items.filter((item) => !item.slice);
    const over = axesInOrder(env, base.over, ...picks.map((item) => item.t.over));
    const gathered = picks.length ? broadcast(...picks.map((item) => item.t.shape)) : [];
    const kept = items.map((item, k) => item.slice ? k : -1).filter((k) => k >= 0);
    const places = items.map((item, k) => item.slice ? -1 : k).filter((k) => k >= 0);
    const together = places.every((k, n) => k === places[0] + n);
    const before = gathered.length && together ? kept.filter((k) => k < places[0]).length : 0;
    const sizeOf = (name) =>
        [base, ...picks.map((item) => item.t)].filter((t) => t.over.includes(name))
      .map((t) => t.dims[t.over.indexOf(name)])[0];
    const counts = kept.map((k) => items[k].count);
    const dims = [...over.map(sizeOf), ...counts.slice(0, before), ...gathered,
        ...counts.slice(before)];
    const named = (t, at) => t.over.map((name) => at[over.indexOf(name)]);
    const split = over.length + before;
    return build(over, dims, (at) => {
      const inner = at.slice(split, split + gathered.length);
      const rest = [...at.slice(over.length, split), ...at.slice(split + gathered.length)];
      let lost = false;
      const positional = items.map((item, k) => {
        if (item.slice) return item.begin + item.step * rest[kept.indexOf(k)];
        const place = item.at(entry(item.t,
            [...named(item.t, at), ...inner.slice(inner.length - item.t.shape.length)]));
        lost = lost || place === null;
        return place;
      });
      return lost ? [NaN, NaN] : entry(base, [...named(base, at), ...positional]);
    });
  } catch (problem) {
    throw located(problem, tree);
  }
}

function sliced(item, length, env) {
  const bound = (part, other) => part ? wholeNumber(evaluate(part, env)) : other;
  const step = bound(item.step, 1);
  if (step < 1) throw new Undefined('a step is a positive number');
  const [begin, end] = [bound(item.begin, 0), bound(item.stop, length)]
    .map((n) => Math.min(Math.max(n < 0 ? n + length : n, 0), length));
  return {slice: true, begin, step, count: Math.max(0, Math.ceil((end - begin) / step))};
}

// An item that picks places; a plain number may count from the end.
function picked(t, length, env) {
  const at = ([lo, hi]) => {
    if (lo !== hi || !Number.isInteger(lo)) {
      throw lo === hi ? new Undefined(isPlain(t) ? `${show([lo, hi])} is no index`
          : 'an index is not an integer')
        : new Unsure('an index is not known to this precision');
    }
    const place = isPlain(t) && lo < 0 ? lo + length : lo;
    if (place >= 0 && place < length) return place;
    const problem = new Misfit(`index ${lo} is out of range for ${length} entries`);
    if (env.tolerant === null || isPlain(t)) throw problem;
    env.tolerant.push(problem);
    return null;
  };
  return {t, at};
}

// ---- named axes as positional ones

// The same value for every value of an index it does not depend on.
function alongIndex(t, name, env) {
  if (t.over.includes(name)) return t;
  const over = axesInOrder(env, t.over, [name]);
  const [one] = isPlain(t) ? [reshaped(t, [1], over)] : [expand(t, over, t.shape.length)];
  return build(over, one.dims.map((n, k) => over[k] === name ? env.indices[name] : n),
      (index) => entry(one, index));
}

// Named indices become leading positional axes, in the order given: p[k] = …
function positional(t, names, env) {
  const whole = names.reduce((result, name) => alongIndex(result, name, env), t);
  const kept = whole.over.filter((name) => !names.includes(name));
  const order = [...kept, ...names].map((name) => whole.over.indexOf(name));
  return rearranged(whole, [...order, ...range(whole.shape.length).map((k) => order.length + k)],
      kept);
}

// Examples last: [D, 1] and [D] become D × m, [1, 1] becomes 1 × m, [] becomes m.
function stacked(t, env, tree) {
  const named = t.over.filter((name) => env.examples.includes(name));
  if (!named.length) return t;
  const rest = t.over.filter((name) => !named.includes(name));
  const column = t.shape.length === 2 && (tree ? unitAxes(t, tree, env)[1] : t.shape[1] === 1);
  const positions = range(t.shape.length).map((k) => t.over.length + k);
  const order = [...rest.map((name) => t.over.indexOf(name)), ...positions,
      ...named.map((name) => t.over.indexOf(name))];
  const whole = rearranged(t, order, rest);
  return column ? reshaped(whole, whole.dims.filter((_, k) => k !== rest.length + 1)) : whole;
}

// An entry formula with free indices, {name: size}, as an array whose axes these are.
function entries(tree, free, env) {
  const indices = {...env.indices}, values = {...env.values};
  for (const name of Object.keys(free)) {
    delete indices[name];
    delete values[name];
  }
  const inner = {...env, indices: {...indices, ...free}, values};
  return positional(evaluate(tree, inner), Object.keys(free), inner);
}

const bind = (env, name, t) => ({...env, values: {...env.values, [name]: t}});

// ---- an exercise at a point

// A number or nested rows of numbers as an array of that shape; one over examples is read as its
// stack.
function fromValue(value, shape, over, env) {
  const numbers = [value].flat(Infinity).map(number), sizes = over.map((name) => env.indices[name]);
  const dims = [...sizes, ...shape], count = product(sizes);
  if (numbers.length !== 1 && numbers.length !== product(dims)) {
    throw new Undefined('an array of the wrong size');
  }
  return build(over, dims, (index) => {
    if (numbers.length === 1) return numbers[0];
    const place = (list, lengths) => list.reduce((at, k, n) => at * lengths[n] + k, 0);
    return numbers[place(index.slice(over.length), shape) * count
        + place(index.slice(0, over.length), sizes)];
  });
}

function environment(computation, at) {
  const env = {
    values: {}, sizes: {...at.sizes}, indices: {}, functions: {}, stacks: computation.stacks || {},
    examples: computation.examples || [], unknown: computation.unknown || [],
        shapes: computation.shapes || {},
    norms: [], lacking: {}, tolerant: null, watch: null, standIn: at.standIn === true,
    constants: {pi: scalar(PI), e: scalar(E)},
  };
  const functions = Object.keys(computation.functions || {}).concat(env.unknown);
  const read = (text) => parse(text, {functions});
  const size = (text) => wholeNumber(evaluate(read(String(text)), env));
  for (const [name, text] of Object.entries(computation.indices || {})) {
    const length = quietly(() => size(text));
    if (length !== null) env.indices[name] = length;
  }
  for (const [name, {params, formula}] of Object.entries(computation.functions || {})) {
    env.functions[name] = {params, tree: read(formula)};
  }
  const given = [[computation.inputs, at.values], [computation.upstream, at.upstream]];
  for (const [list, values] of given) {
    for (const {name, shape = [], over = []} of list || []) {
      if (own(values || {}, name) === undefined) continue;
      env.values[name] = fromValue(values[name], shape.map(size), over, env);
    }
  }
  for (const {name, indices = [], formula} of computation.lines || []) {
    const tree = read(formula);
    if (tree.kind === 'call' && tree.func === 'norm') env.norms.push(name);
    define(env, name, indices, tree);
  }
  return env;
}

// One line; what is undefined is kept as lacking, and raised where it is used.
function define(env, name, indices, tree) {
  const values = {...env.values};
  for (const index of indices) delete values[index];
  try {
    const t = evaluate(tree, {...env, values});
    env.values[name] = indices.length ? positional(t, indices, {...env, values}) : t;
  } catch (problem) {
    if (!(problem instanceof Undefined)) throw problem;
    delete env.values[name];
    env.lacking[name] = problem;
  }
}
