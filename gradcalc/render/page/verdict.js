// The verdict on what is typed, as `marking/marker.py` has it, by enclosures at the points that
// `marking/practice.py` wrote. It may be undecided where Python is not; it is never of another opinion.
//
//   readAnswer(question, text, practice) -> {kind, tree, free, value, shape} or {message, start, end}
//   judge(question, text, practice)      -> {verdict, message, mistakes, shapes, entries, tree}

const ENOUGH = 8, CLOSE = 1e-9, SEEN = 1e-6, SAME = 1e-8, TRIED = 4, LONGEST = 10, UNKNOWN_WORD = /^unknown name/;
const FLAT = ['step', 'half_step', 'sign']; // between their edges nothing moves them
const fill = (text, words) => text.replace(/\{(\w+)\}/g, (all, word) => words[word] ?? all);
const capital = (text) => /^[a-z]/i.test(text) && text.split('`')[0].includes(' ') ? text[0].toUpperCase() + text.slice(1) : text;
const squeezed = (dims) => dims.filter((n) => n !== 1);
const sameDims = (a, b, loose = true) => a.join() === b.join()
  || (squeezed(a).join() === squeezed(b).join() && (loose || !squeezed(a).length));
const nested = (flatList, dims) => dims.slice(1).reduceRight((rows, n) =>
  range(rows.length / n).map((k) => rows.slice(k * n, (k + 1) * n)), flatList);
const flatten = (value) => [value].flat(Infinity);

// ---- reading

function readAnswer(question, text, practice) {
  try {
    return answerOf(question, text.trim(), text, practice);
  } catch (problem) {
    if (problem instanceof ReadError) {
      const hint = problem.hint && !/declare|`questions`/.test(problem.hint) ? ` (${problem.hint})` : '';
      return {message: capital(`${problem.message}${hint}.`), start: problem.start, end: problem.end};
    }
    if (problem instanceof Undefined) return {message: capital(`${problem.message}.`)};
    throw problem;
  }
}

function answerOf(question, bare, text, practice) {
  if (bare === '' || bare === '?') return {kind: 'blank'};
  if (question.kind === 'shape') return {kind: 'shape', shape: readShape(bare, practice)};
  const rows = readRows(bare);
  if (question.answer === 'value' || (rows && question.answer === 'either')) return valueFrom(rows || text);
  const read = readFormula(question, text, practice);
  const isNumber = question.answer === 'either' && question.value !== undefined && isConstant(read.tree, practice);
  const isZero = read.tree.kind === 'num' && Number(read.tree.text) === 0;
  return isNumber && !(isZero && Array.isArray(question.value)) ? {...valueFrom(text), tree: read.tree} : read;
}

function wordsOf(question, practice, free = []) {
  const shapes = Object.fromEntries(Object.entries(practice.ranks).map(([name, length]) => [name, {length}]));
  const {functions, unknown} = practice, {names = [], forbidden = [], partials = {}} = question;
  return {answer: true, known: [...practice.known, ...names], functions: [...functions, ...Object.keys(unknown)],
    forbidden, partials, shapes, free, arguments: unknown};
}

function readFormula(question, text, practice) {
  const loose = (tree) => unbound(tree).filter((name) => own(practice.computation.indices, name) !== undefined
    && !practice.computation.examples.includes(name));
  let first = null, plainTree = null;
  try {
    plainTree = parse(text, wordsOf(question, practice));
    if (!loose(plainTree).length) return {kind: 'formula', tree: plainTree, free: []};
  } catch (problem) {
    if (!UNKNOWN_WORD.test(problem.message)) throw problem;
    first = problem;
  }
  for (const free of question.free || []) {
    const names = free.map(([name]) => name);
    try {
      const tree = parse(text, wordsOf(question, practice, names));
      if (loose(tree).every((name) => names.includes(name))) return {kind: 'formula', tree, free};
    } catch (problem) {
      if (!(problem instanceof ReadError)) throw problem;
    }
  }
  if (!first) return {kind: 'formula', tree: plainTree, free: []};
  const entryForm = ownIndices(question, text, practice);
  if (entryForm) return entryForm;
  throw first;
}

// The entry i, j of a matrix, whatever its indices are called.
function ownIndices(question, text, practice) {
  const {axes = []} = question, found = [];
  while (found.length <= axes.length && axes.length <= 3) {
    try {
      const tree = parse(text, wordsOf(question, practice, found));
      const isFit = found.length === axes.length && found.every((name) => isOnlyIndex(tree, name));
      return isFit ? {kind: 'formula', tree, free: found.sort().map((name, k) => [name, axes[k]]), isOwn: true} : null;
    } catch (problem) {
      if (!UNKNOWN_WORD.test(problem.message)) return null;
      found.push(canonical(text.slice(problem.start, problem.end)));
    }
  }
  return null;
}

function isOnlyIndex(tree, name) {
  if (tree.kind === 'name') return tree.id !== name;
  if (tree.kind !== 'index') return children(tree).every((part) => isOnlyIndex(part, name));
  return isOnlyIndex(tree.base, name)
    && tree.items.every((item) => item.kind === 'slice' || item.kind === 'name' || isOnlyIndex(item, name));
}

const boundBy = (tree) => tree.kind === 'call' && INDEXED.includes(tree.func)
  ? tree.args.slice(1).filter((arg) => arg.kind === 'name').map((arg) => arg.id) : [];

function unbound(tree) {
  if (tree.kind === 'name') return [tree.id];
  const bound = boundBy(tree);
  return children(tree).flatMap(unbound).filter((name) => !bound.includes(name));
}

function isConstant(tree, practice) {
  if (tree.kind === 'name') return language.constants.includes(tree.id) && !practice.known.includes(tree.id);
  const isCall = tree.kind === 'call' && !tree.kwargs.length && language.operations[tree.func]?.signature === 'elementwise';
  return (['num', 'neg', 'vector'].includes(tree.kind) || (tree.kind === 'binary' && tree.op !== '@') || isCall)
    && children(tree).every((part) => isConstant(part, practice));
}

// `1 2; 3 4` as [[1, 2], [3, 4]].
function readRows(text) {
  if (!/^[-+0-9.eE\s;,/]+$/.test(text) || (!text.includes(';') && !/[0-9.]\s+[-+0-9.]/.test(text))) return null;
  const rows = text.replace(/;$/, '').split(';').map((row) => row.replace(/,/g, ' ').trim().split(/\s+/));
  if (rows.some((row) => row.some((word) => !word || /^[-+/]$/.test(word)))) return null;
  const lists = rows.map((row) => `[${row.join(', ')}]`);
  return text.includes(';') ? `[${lists.join(', ')}]` : lists[0];
}

const BARE = {
  values: {}, sizes: {}, indices: {}, functions: {}, stacks: {}, examples: [], unknown: [], shapes: {}, norms: [],
  lacking: {}, tolerant: null, watch: null, constants: {pi: scalar(PI), e: scalar(E)},
};

function valueFrom(text) {
  refuseAnswer(text);
  const valueOfPart = (tree) => {
    if (tree.kind === 'vector') return tree.items.map(valueOfPart);
    if (tree.kind === 'num' && !Number.isFinite(Number(tree.text))) throw new Undefined('the result is too large for a decimal number');
    if (tree.kind === 'num') return Number(tree.text);
    if (tree.kind === 'neg') return -valueOfPart(tree.arg);
    return middle(single(evaluate(tree, BARE)));
  };
  const tree = parse(text), named = [...walk(tree)].find((part) => part.kind === 'name' && !language.constants.includes(part.id));
  if (named) throw new ReadError(`\`${named.id}\` is not a number`, named.start, named.end);
  const value = valueOfPart(tree);
  dimsOf(value, tree);
  return {kind: 'value', tree, value};
}

function dimsOf(value, tree) {
  if (!Array.isArray(value)) return [];
  const inner = value.map((item) => dimsOf(item, tree));
  if (inner.some((dims) => dims.join() !== inner[0].join())) throw new ReadError('the rows have different lengths', tree.start, tree.end);
  return [value.length, ...inner[0] || []];
}

function readShape(bare, practice) {
  if (/^(a scalar|scalar|\[\]|\(\))$/i.test(bare)) return [];
  const inside = /^(\[.*\]|\(.*\))$/s.test(bare) ? bare.slice(1, -1).replace(/,\s*$/, '') : bare;
  return inside.split(/\s*(?:,|×|(?<=[\w)\]])\s+x\s+)\s*/).map((part) => {
    if (!part.trim()) throw new ReadError('a size is missing', 0, 1, 'write [n, m]');
    return parse(part, {answer: true, known: sizesOf(practice)});
  });
}

const sizesOf = (practice) => Object.keys({...practice.sizes, ...practice.points[0]?.sizes});

// ---- values at the points

const KEPT = new WeakMap();

function kept(practice, key, make) {
  if (!KEPT.has(practice)) KEPT.set(practice, {});
  const found = KEPT.get(practice);
  if (!(key in found)) found[key] = make();
  return found[key];
}

// A point by its number: behind those of the page come those at which the conditions hold.
function pointOf(practice, k) {
  return practice.points[k] || kept(practice, 'more', () => practice.conditions.flatMap((one) => one.points.map((point1) => {
    const base = practice.points[point1.base];
    if (point1.sizes) return point1;
    return {...base, values: {...base.values, ...point1.values}, upstream: {...base.upstream, ...point1.upstream}};
  })))[k - practice.points.length];
}

function baseAt(practice, k) {
  return kept(practice, k, () => environment(practice.computation, pointOf(practice, k)));
}

const sizeAt = (text, env) => wholeNumber(evaluate(parse(text), env));
const rangesAt = (free, env) => Object.fromEntries(free.map(([name, size]) => [name, sizeAt(size, env)]));

// A formula at a point, with the names that are none of the exercise.
function valueAt({tree, free = []}, practice, k) {
  const base = baseAt(practice, k), used = new Set(unbound(tree));
  let env = base;
  for (const name of used) {
    const mine = name in base.shapes ? undefined : own(practice.own, name);
    if (mine) env = bind(env, name, kept(practice, `${name} ${k}`, () => ownValue(mine, name, practice, k, base)));
  }
  try {
    return free.length ? entries(tree, rangesAt(free, base), env) : evaluate(tree, env);
  } catch (problem) {
    if (problem instanceof Undefined) throw problem;
    throw new Unsupported(`it cannot be computed here: ${problem.message}`);
  }
}

function ownValue({upstream, shape, over, formula, free}, name, practice, k, base) {
  if (upstream) {
    return fromValue(pointOf(practice, k).upstream[upstream], shape.map((size) => sizeAt(size, base)), over, base);
  }
  if (!formula) throw new Unsupported(`this page does not compute ${name}`);
  const functions = [...practice.functions, ...Object.keys(practice.unknown)];
  return valueAt({tree: parse(formula, {functions, known: [...practice.known, ...Object.keys(practice.own)]}), free}, practice, k);
}

function weightsOf(dims, count) {
  let state = squeezed(dims).reduce((s, n) => (s * 16807 + n) % 2147483647, 1);
  return count === 1 ? [1] : range(count).map(() => {
    state = state * 16807 % 2147483647;
    return state % 1999 - 999 || 999;
  });
}

// The combination of entries, and how large its terms are.
function digestOf({pairs, dims}) {
  const weights = weightsOf(dims, pairs.length);
  const value = pairs.reduce((sum, pair, n) => add(sum, multiply(point(weights[n]), pair)), [0, 0]);
  return {value, size: pairs.reduce((sum, pair, n) => sum + Math.abs(weights[n]) * absolute(pair)[1], 0)};
}

// The entries beside those of an array over `over` with axes `shape`, the examples last; null: unlike.
function paired(t, [over, shape], loose, env) {
  const sizes = over.map((name) => env.indices[name]), dims = [...shape, ...sizes], one = single(t);
  const isZero = isPlain(t) && one[0] === 0 && one[1] === 0;
  const isInner = t.over.every((name) => over.includes(name));
  if (isPlain(t) && shape.length && !isZero && product(dims) !== 1) return null;
  if (isInner && (sameDims(t.shape, shape, loose) || (isPlain(t) && (!shape.length || isZero)))) {
    const inner = isPlain(t) ? [] : shape, named = t.over.map((name) => over.indexOf(name));
    const whole = reshaped(t, [...t.dims.slice(0, t.over.length), ...inner]);
    const found = build([], dims, (at) =>
      entry(whole, [...named.map((k) => at[shape.length + k]), ...at.slice(shape.length - inner.length, shape.length)]));
    return {...inOrder(found, dims), form: over.length ? 'per example' : null};
  }
  return over.length && !t.over.length && sameDims(t.shape, dims) ? {...inOrder(t, dims), form: 'stacked'} : null;
}

const inOrder = (t, dims) => ({pairs: [...t.lo].map((lo, n) => [lo, t.hi[n]]), dims});
const stackedLast = (t) => {
  const first = t.over.length, order = [...range(t.shape.length).map((k) => first + k), ...range(first)];
  const whole = rearranged(t, order, []);
  return inOrder(whole, whole.dims);
};
const near = (value) => [below(value, 2), above(value, 2)];
const apart = (x, y) => x[1] < y[0] || y[1] < x[0];

// ---- a formula beside what is right

function compareAt(typed, right, practice) {
  const found = {verdict: 'undecided', agreed: [], looked: 0, undefinedAt: [], form: null};
  const loose = practice.policy.columns === 'loose';
  for (const [k, want] of right.digests.entries()) {
    if (want === null) continue;
    found.looked += 1;
    let t;
    try {
      t = typed(k);
    } catch (problem) {
      if (problem instanceof Unsure || problem instanceof Unknown || problem instanceof Unsupported) continue;
      if (problem instanceof Misfit) return {...found, verdict: 'invalid', reason: problem.message};
      if (!(problem instanceof Undefined)) throw problem;
      found.undefinedAt.push(problem);
      continue;
    }
    const shape = right.shapes[practice.points[k].choice], pair = paired(t, shape, loose, baseAt(practice, k));
    if (!pair) return {...found, verdict: 'wrong', by: 'shape', at: k, got: t, want: shape};
    const {value, size} = digestOf(pair);
    if (apart(value, near(want))) return {...found, verdict: 'wrong', at: k, form: pair.form};
    if (value[1] - value[0] <= CLOSE * size) {
      found.agreed.push(k);
      found.form = pair.form;
    }
  }
  const [problem] = found.undefinedAt;
  if (problem && !found.agreed.length && found.undefinedAt.length === found.looked) {
    return {...found, verdict: 'invalid', by: 'undefined', reason: problem.message};
  }
  if (problem && practice.policy.domain !== 'common') return {...found, verdict: 'wrong', by: 'undefined', reason: problem.message};
  const met = new Set(found.agreed.map((k) => practice.points[k].choice));
  const every = right.digests.every((want, k) => want === null || practice.points[k].far || met.has(practice.points[k].choice));
  return found.agreed.length >= ENOUGH && every ? {...found, verdict: 'right'} : found;
}

// Could something in the text differ by less than doubles show?
function mayHide(read, typed, agreed, practice) {
  const digits = (part) => part.text.replace(/[eE].*/, '').replace('.', '').replace(/^0+|0+$/g, '').length;
  if (practice.delicate || [...walk(read.tree)].some((part) => part.kind === 'num' && digits(part) > LONGEST)) return true;
  const probes = [...agreed].sort((a, b) => (practice.points[a].far || 0) - (practice.points[b].far || 0)).slice(0, ENOUGH);
  for (const tree of nudged(read.tree)) {
    if (!probes.some((k) => isSeen(() => valueAt({...read, tree}, practice, k), typed(k)))) return true;
  }
  return hasNewEdge(read, practice);
}

// Each number and name in turn an eighth larger: what nobody sees may hide there.
function* nudged(tree) {
  if (tree.kind === 'compare' || FLAT.includes(tree.func) || (tree.kind === 'num' && Number(tree.text) === 0)) return;
  if (tree.kind === 'name' || tree.kind === 'num') {
    yield {kind: 'binary', op: '*', left: tree, right: {kind: 'num', text: '1.125'}};
    return;
  }
  const parts = [];
  withParts(tree, (part) => parts.push(part));
  const isWhole = tree.op === '^' && tree.right.kind === 'num' && Number.isInteger(Number(tree.right.text));
  const isPlace = (k) => (isWhole && k === 1) || (tree.kind === 'index' && k > 0) || (tree.kind === 'call' && INDEXED.includes(tree.func) && k > 0);
  for (const [n, part] of parts.entries()) {
    if (isPlace(n)) continue;
    for (const changed of nudged(part)) {
      let at = -1;
      yield withParts(tree, (one) => (at += 1) === n ? changed : one);
    }
  }
}

function isSeen(nudge, t) {
  try {
    const other = nudge();
    const moved = other.lo.map((lo, n) => Math.abs(lo - t.lo[n])), size = t.lo.map(Math.abs);
    return Math.max(...moved) > SEEN * Math.max(...size);
  } catch (problem) {
    if (!(problem instanceof Undefined)) throw problem;
    return !(problem instanceof Unsure);
  }
}

// Does a piece of the answer end where none of the exercise does, so that more points would be needed?
function hasNewEdge(read, practice) {
  const words = wordsOf({names: Object.keys(practice.own)}, practice);
  const known = kept(practice, 'ends', () => practice.ends.map((text) => parse(text, words)));
  const held = [...read.free.map(([name]) => name), ...practice.integers];
  return endsOf(read.tree, practice, held).some((tree) => {
    const mine = practice.points.map((_, k) => numbersAt({tree}, practice, k));
    const crossed = mine.some((row, k) => row && mine.some((other, n) => other && n < k && other.length === row.length
      && row.some((x, at) => x * other[at] < 0)));
    const isTouched = mine.some((row) => row && row.includes(0));
    return (crossed || !isTouched) && !known.some((end) => isMultiple(mine, (k) => numbersAt({tree: end}, practice, k)));
  });
}

function isMultiple(mine, other) {
  const ratios = [];
  for (const [k, row] of mine.entries()) {
    if (!row || ratios.length > ENOUGH) continue;
    const theirs = other(k);
    if (!theirs) continue;
    if (theirs.length !== row.length) return false;
    ratios.push(...row.map((x, n) => x / theirs[n]));
  }
  return ratios.length > 1 && ratios.every((x) => Math.abs(x - ratios[0]) <= CLOSE * Math.abs(ratios[0]));
}

function numbersAt(read, practice, k) {
  return quietly(() => stackedLast(valueAt(read, practice, k)).pairs.map(middle));
}

function endsOf(tree, practice, bound) {
  const inner = [...bound, ...boundBy(tree)];
  const minus2 = (left, right) => ({kind: 'binary', op: '-', left, right});
  const isKinked = tree.kind === 'call' && practice.kinked.includes(tree.func);
  const mine = tree.kind === 'compare' ? [minus2(tree.left, tree.right)]
    : !isKinked || tree.func === 'where' ? []
      : ['max', 'min', 'maximum', 'minimum'].includes(tree.func) ? tree.args.slice(1).map((arg) => minus2(tree.args[0], arg))
        : [tree.args[0]];
  return [...mine.filter((end) => unbound(end).every((name) => !inner.includes(name))),
    ...children(tree).flatMap((part) => endsOf(part, practice, inner))];
}

// ---- the verdict

function judge(question, text, practice) {
  const {words, policy} = practice, read = readAnswer(question, text, practice);
  const answer = (verdict, message, more = {}) => {
    const isQuiet = policy.hints === 'none' && ['right', 'wrong'].includes(verdict);
    return {verdict, message: isQuiet ? '' : message, mistakes: [], ...more, tree: read.tree};
  };
  if (read.kind === undefined) return {...answer('invalid', read.message), start: read.start, end: read.end};
  if (read.kind === 'blank') return answer('blank', words.blank);
  if (read.kind === 'shape') return judgeShape(question, read, practice, answer);
  if (read.kind === 'value') return judgeValue(question, read, practice, answer);
  if (read.tree.kind === 'vector' && !(question.axes || []).length && !isArray(question)) {
    return answer('invalid', capital(`${words.list}.`));
  }
  const orders = read.isOwn ? permutations(read.free) : [read.free];
  const tried = orders.map((order, n) => {
    const one = {...read, free: read.isOwn ? order.map(([name], k) => [name, read.free[k][1]]) : order};
    const memory = new Map();
    const typed = (k) => remembered(memory, k, () => valueAt(one, practice, k));
    return {one, typed, found: compareAt(typed, question.right, practice), n};
  });
  const best = tried.find(({found}) => found.verdict === 'right') || tried[0];
  return judged(question, best, practice, answer);
}

const isArray = (question) => question.right.shapes.some((one) => one && one[1].length);
const permutations = (list) => list.length < 2 ? [list]
  : list.flatMap((one, k) => permutations(list.filter((_, n) => n !== k)).map((rest) => [one, ...rest]));

// What was computed or thrown before.
function remembered(memory, k, make) {
  if (!memory.has(k)) {
    try {
      memory.set(k, {value: make()});
    } catch (problem) {
      memory.set(k, {problem});
    }
  }
  const {value, problem} = memory.get(k);
  if (problem) throw problem;
  return value;
}

function judged(question, {one, typed, found}, practice, answer) {
  const {words, policy} = practice;
  let note = found.form ? words[found.form] : '';
  if (found.verdict === 'wrong' || found.verdict === 'invalid') {
    for (const other of question.also || []) {
      if (!other.layout && found.by !== 'shape') continue;
      const again = compareAt(typed, other.right, practice);
      if (again.verdict === 'right') {
        found = again;
        note = fill(words[other.layout ? 'in another layout' : 'shorthand'], [other.layout, practice.layout]);
        break;
      }
      if (again.verdict === 'undecided') found = again;
    }
  }
  if (found.verdict === 'right' && mayHide(one, typed, found.agreed, practice)) found = {...found, verdict: 'undecided'};
  if (found.verdict === 'undecided') return answer('undecided', words.undecided);
  if (found.verdict === 'right') return answer('right', `${words.right} ${note}`.trim());
  if (found.verdict === 'invalid') {
    return answer('invalid', found.by ? fill(words['undefined everywhere'], [found.reason]) : capital(`${found.reason}.`));
  }
  const shapes = found.by === 'shape' ? [shapeSaid(found.got, practice, found.at), question.wanted] : null;
  const marks = found.by ? null : entriesRight(question, typed, practice);
  const mistakes = policy.hints === 'none' || policy.hints === 'verdict' ? [] : mistakesOf(question, typed, practice);
  const said = shapes ? fill(words.shape, shapes) : found.by ? fill(words.undefined, [found.reason])
    : roughOf(one.tree, words) || words.differs + entriesSaid(marks, words);
  return wrong(answer, practice, said, mistakes, {shapes, entries: marks});
}

function wrong(answer, practice, said, mistakes, more) {
  const {policy, words} = practice;
  if (policy.hints === 'verdict') return answer('wrong', words.wrong);
  if (policy.hints === 'full' && mistakes.length) {
    const sentences = mistakes.map((one) => one.sentence).join(' ');
    return answer('wrong', more.shapes ? `${said} ${sentences}` : sentences, {...more, mistakes});
  }
  const quantity = mistakes[0]?.at?.quantity;
  return answer('wrong', said + (quantity ? fill(words.line, [quantity]) : ''), more);
}

// 0.333 is not 1/3.
function roughOf(tree, words) {
  for (const part of walk(tree)) {
    if (part.kind !== 'num' || !part.text.includes('.')) continue;
    const value = Number(part.text), found = fractionNear(value, 12, Infinity);
    if (Number.isInteger(value) || !found) continue;
    const gap = Math.abs(found[0] / found[1] - value);
    if (gap > 1e-15 && gap < Math.abs(value) / 100) return fill(words.decimal, [String(value), found[1] === 1 ? found[0] : found.join('/')]);
  }
  return '';
}

// The fraction nearest to a number, of denominators up to a limit, if it is as near as that.
function fractionNear(value, most, close) {
  let best = null, least = Infinity;
  for (let below1 = 1; below1 <= most; below1 += 1) {
    const top = Math.round(value * below1), gap = Math.abs(top / below1 - value);
    if (gap < least - 1e-15 * Math.abs(value) && gap <= close * Math.abs(value)) [best, least] = [[top, below1], gap];
  }
  return best;
}

function entriesRight(question, typed, practice) {
  const k = Object.keys(question.right.whole || {}).map(Number).find((at) => practice.points[at].given)
    ?? Number(Object.keys(question.right.whole || {})[0]);
  const rows = question.right.whole?.[k], t = rows && quietly(() => typed(k));
  const pair = t && paired(t, question.right.shapes[practice.points[k].choice], practice.policy.columns === 'loose', baseAt(practice, k));
  if (!pair || pair.form === 'per example' || pair.pairs.length !== rows.length) return null;
  return nested(pair.pairs.map((x, n) => !apart(x, near(rows[n]))), pair.dims);
}

function entriesSaid(marks, words) {
  if (!marks) return '';
  const all = flatten(marks), count = all.filter(Boolean).length;
  return count ? fill(words['some entries'], [count, all.length]) : words['no entry'];
}

// A shape in the names of sizes, where a length is that of one name alone.
function shapeSaid(t, practice, k) {
  const {sizes} = practice.points[k];
  const named = t.shape.map((n) => {
    const names = Object.keys(sizes).filter((name) => sizes[name] === n);
    return names.length === 1 ? names[0] : String(n);
  });
  const shape = named.length ? named.length === 1 ? `[${named[0]}]` : named.join('×') : 'a scalar';
  return shape + (t.over.length ? ' for each example' : '');
}

function judgeShape(question, {shape}, practice, answer) {
  const {words, policy} = practice, all = practice.points.map((at) => at.sizes);
  const known = Object.keys(practice.sizes).length ? [practice.sizes] : [];
  const plain = (dims) => policy.columns === 'loose' || !squeezed(dims).length ? squeezed(dims) : dims;
  const at = (list, sizes) => plain(list.map((one) => {
    const tree = typeof one === 'string' ? parse(one) : one;
    return wholeNumber(evaluate(tree, {...BARE, sizes}));
  })).join();
  const isSame = (view, several) => several.length > 0
    && several.every((sizes) => quietly(() => at(view, sizes)) === (quietly(() => at(shape, sizes)) ?? NaN));
  const isBare = shape.every((tree) => ![...walk(tree)].some((part) => part.kind === 'name'));
  const shuffled = all.length && sizesOf(practice).length
    ? [...all, ...range(3).map((n) => Object.fromEntries(sizesOf(practice).map((name, k) => [name, 11 + 7 * k * (n + 1) + n])))] : [{}];
  const isRight = question.views.some((view) => isSame(view, shuffled) || (isBare && isSame(view, known)));
  return isRight ? answer('right', words.right) : answer('wrong', words.wrong);
}

function judgeValue(question, {value}, practice, answer) {
  const {words, policy} = practice, right = question.value;
  if (right === undefined) return answer('invalid', capital(`${words['no values']}.`));
  const [dims, wanted] = [dimsOf(value), dimsOf(right)], all = flatten(value);
  const saidDims = (list) => list.length > 1 ? list.join('×') : list.length ? `[${list[0]}]` : 'a number';
  const mistakes = () => policy.hints === 'none' || policy.hints === 'verdict' ? [] : numberMistakes(question, value, practice);
  if (!sameDims(dims, wanted, policy.columns === 'loose')) {
    const isAlike = !question.axes || all[0] === 0; // one number stands for those of all examples
    if (dims.length || !isAlike) {
      const shapes = [saidDims(dims), saidDims(wanted)];
      return wrong(answer, practice, fill(words.shape, shapes), mistakes(), {shapes});
    }
  }
  const marks = flatten(right).map((want, n) => isNear(all.length === 1 ? all[0] : all[n], want, policy));
  if (marks.every(Boolean)) return answer('right', words.right);
  const rows = wanted.length ? nested(marks, wanted) : null;
  return wrong(answer, practice, words.wrong + entriesSaid(rows, words), mistakes(), {entries: rows});
}

function isNear(got, want, {digits, absolute: least, relative}) {
  const gap = Math.abs(got - want);
  if (digits !== null && want) return gap <= 0.5000001 * 10 ** (Math.floor(Math.log10(Math.abs(want))) - digits + 1);
  return gap <= Math.max(least, relative * Math.abs(want));
}

// ---- which mistake

const mistake = (slug, sentence, at) => ({slug, sentence, at});

function mistakesOf(question, typed, practice) {
  const listedOnes = fromTable(question, typed, practice);
  if (listedOnes[0]?.slug === 'author') return listedOnes;
  const related = factorMistake(question, typed, practice) || relationMistake(question, typed, practice);
  return related ? [related] : listedOnes.length ? listedOnes : conditionMistakes(question, typed, practice);
}

// Where a matrix is symmetric, say, but not in general.
function conditionMistakes(question, typed, practice) {
  const {words, conditions, points} = practice;
  let k = points.length;
  for (const [n, condition] of conditions.entries()) {
    const first = k;
    k += condition.points.length;
    const rows = condition.points.map((at, row) => {
      const want = question.where[n][row], t = quietly(() => typed(first + row));
      if (!want || !t) return null;
      const {value, size} = digestOf(stackedLast(t)), {sizes} = pointOf(practice, first + row);
      return value[1] - value[0] <= CLOSE * size ? {sizes, got: [middle(value)], want: [want]} : null;
    });
    const factor = rows.every(Boolean) ? common(rows) : null;
    if (!factor) continue;
    const text = factorText(factor), said1 = text === '1' ? words.rightWhere : words.multipleWhere;
    return [mistake('right-only-if', fill(said1, {condition: condition.words, factor: text}), condition.at)];
  }
  return [];
}

// What several mistakes give was written down as one number: that of what is typed beside it.
function fromTable(question, typed, practice) {
  const parts = (question.at || []).map((k) => quietly(() => partOf(stackedLast(typed(k)))));
  const weights = weightsOf([parts.length], parts.length);
  const expanded = (question.at || []).map((k) => quietly(() => {
    const pair = paired(typed(k), question.right.shapes[practice.points[k].choice], true, baseAt(practice, k));
    return pair && partOf(pair);
  }));
  for (const [total, said, skipped = []] of question.mistakes || []) {
    for (const list of [parts, expanded]) {
      const left = list.map((part, k) => skipped.includes(k) ? 0 : part);
      const mine = left.reduce((sum, part, k) => sum + weights[k] / 999 * (part ?? NaN), 0);
      if (Math.abs(mine - total) < SAME) {
        return said.map(([slug, sentence, at = {}, points]) => ({...mistake(slug, practice.sentences[sentence], at), points}));
      }
    }
  }
  return [];
}

function partOf({pairs, dims}) {
  const weights = weightsOf(dims, pairs.length), values = pairs.map(middle);
  const largest = Math.max(0, ...values.map(Math.abs));
  let power = largest ? Math.floor(Math.log2(largest)) : 0;
  while (largest && largest >= 2 ** power) power += 1;
  return values.reduce((sum, x, n) => sum + x / 2 ** power * weights[n], 0) / 999 + power / 16;
}

// The factor between two lists of numbers at several points: a fraction times powers of sizes.
function factorOf(measured) {
  const names = [...new Set(measured.flatMap(({sizes}) => Object.keys(sizes)))].sort();
  const choices = [{}, ...[1, -1, 2, -2].flatMap((power) => names.map((name) => ({[name]: power})))];
  names.forEach((one, k) => names.slice(k + 1).forEach((two) => {
    for (const a of [1, -1]) for (const b of [1, -1]) choices.push({[one]: a, [two]: b});
  }));
  for (const powers of choices) {
    const found = measured.map(({sizes, ratio}) =>
      fractionNear(Object.entries(powers).reduce((rest, [name, power]) => rest / sizes[name] ** power, ratio), 144, CLOSE));
    if (found.every((one) => one && one[0] && one.join() === found[0].join())) return {value: found[0], powers};
  }
  return null;
}

const factorAt = ({value, powers}, sizes) =>
  Object.entries(powers).reduce((all, [name, power]) => all * sizes[name] ** power, value[0] / value[1]);

// {sizes, got, want} at points, numbers in order: the factor, where it is one and the same everywhere.
function common(rows) {
  const measured = rows.map(({sizes, got, want}) => {
    const at = want.reduce((best, x, n) => Math.abs(x) > Math.abs(want[best]) ? n : best, 0);
    return want[at] ? {sizes, ratio: got[at] / want[at]} : null;
  }).filter(Boolean).slice(0, TRIED);
  const factor = measured.length > 1 && measured.every(({ratio}) => Number.isFinite(ratio)) ? factorOf(measured) : null;
  const isSame = factor && rows.every(({sizes, got, want}) => {
    const times1 = factorAt(factor, sizes), scale = Math.max(...want.map((x) => Math.abs(x * times1)));
    return got.every((x, n) => Math.abs(x - times1 * want[n]) <= CLOSE * scale);
  });
  return isSame ? factor : null;
}

function factorText({value: [top, bottom], powers}) {
  const names = Object.entries(powers), list = (sign) => names.flatMap(([name, power]) => Array(Math.max(0, sign * power)).fill(name));
  const above1 = [...Math.abs(top) === 1 ? [] : [String(Math.abs(top))], ...list(1)];
  return (top < 0 ? '-' : '') + [above1.join('*') || '1', ...bottom === 1 ? [] : [bottom], ...list(-1)].join('/');
}

// The points at which a right answer is known, near ones first.
const nearFirst = (digests, practice) => [false, true].flatMap((far) =>
  [...digests.entries()].filter(([k, want]) => want !== null && Boolean(practice.points[k].far) === far));

function factorMistake(question, typed, practice) {
  const rows = [];
  for (const [k, want] of nearFirst(question.right.digests, practice)) {
    const t = quietly(() => typed(k));
    if (!t) continue;
    const pair = paired(t, question.right.shapes[practice.points[k].choice], true, baseAt(practice, k));
    if (!pair) return null;
    const {value} = digestOf(pair);
    if (value[1] - value[0] > CLOSE * Math.abs(value[0])) continue;
    rows.push({sizes: practice.points[k].sizes, got: [middle(value)], want: [want]});
  }
  const factor = rows.length >= TRIED ? common(rows) : null;
  if (!factor) return null;
  const {factors} = practice.words, [value] = [factor.value[0] / factor.value[1]], list = Object.entries(factor.powers);
  const say = (key, more = {}) => mistake(factors[key][0], fill(factors[key][1], more));
  if (!list.length && Math.abs(value) === 1) return value === -1 ? say('sign') : null;
  const [[size, first] = [], [other, second] = []] = list.sort(([, a], [, b]) => a - b);
  if (value === 1 && list.length === 1 && first === 1) return say('noMean', {size});
  if (value === 1 && list.length === 1 && first === -1) return say('extraMean', {size});
  if (value === 1 && first === -1 && second === 1) return say('otherSize', {size, other});
  return say('factor', {factor: factorText(factor)});
}

// ---- arrays beside each other

const summedAxis = (axis) => ({values, dims}) => {
  const k = axis < 0 ? dims.length + axis : axis;
  if (!(k >= 0) || dims[k] === 1 || !dims.length) return null;
  const inner = product(dims.slice(k + 1)), rest = dims.filter((_, n) => n !== k);
  return {dims: rest, values: range(product(rest)).map((n) => range(dims[k]).reduce((sum, j) =>
    sum + values[(Math.floor(n / inner) * dims[k] + j) * inner + n % inner], 0))};
};
const onSquare = (f, isVector) => ({values, dims: [n, m, ...more]}) => n > 1 && n === m && !more.length
  ? {dims: isVector ? [n] : [n, n], values: isVector ? range(n).map((k) => values[k * n + k])
    : values.map((x, at) => f(x, Math.floor(at / n), at % n, values, n))} : null;
const CHANGES = {
  transposed: ({values, dims: [n, m, ...more]}) => n > 1 && m > 1 && !more.length
    ? {dims: [m, n], values: range(n * m).map((k) => values[(k % n) * m + Math.floor(k / n)])} : null,
  diagonal: onSquare(null, true),
  diagonalMatrix: onSquare((x, i, j) => i === j ? x : 0),
  offDiagonal: onSquare((x, i, j) => i === j ? 0 : x),
  withTranspose: onSquare((x, i, j, values, n) => x + values[j * n + i]),
  sumFirst: summedAxis(0), sumLast: summedAxis(-1),
  sumAll: ({values, dims}) => dims.length ? {dims: [], values: [values.reduce((a, b) => a + b)]} : null,
};

function relationMistake(question, typed, practice) {
  const {right} = question;
  const at = Object.keys(right.whole || {}).map(Number).concat(right.whole ? [] : question.at || []);
  const seen = at.map((k) => ({k, shape: right.shapes[practice.points[k].choice], t: quietly(() => typed(k))})).filter(({t}) => t);
  if (seen.length < 2 || seen.some(({shape}) => shape[0].length)) return null;
  for (const [slug, sentence, change, ofRight] of practice.words.relations) {
    const rows = seen.map(({k, shape, t}) => {
      const {pairs, dims} = stackedLast(t), mine = {values: pairs.map(middle), dims};
      const want = {values: right.whole?.[k] || [right.digests[k]], dims: shape[1]};
      if (change === 'overExamples' ? !t.over.length : t.over.length) return null;
      const change1 = CHANGES[change === 'overExamples' ? 'sumLast' : change];
      const [got, made] = ofRight ? [mine, change1(want)] : [change1(mine), want];
      return got && made && sameDims(got.dims, made.dims) ? {sizes: practice.points[k].sizes, got: got.values, want: made.values} : null;
    });
    const factor = rows.every(Boolean) && rows.some(({want}) => want.some(Boolean)) ? common(rows) : null;
    if (!factor) continue;
    const text = factorText(factor);
    if (text === '1') return mistake(slug, sentence);
    if (change !== 'withTranspose') return mistake(slug, `${sentence.slice(0, -1)}, and everything is multiplied by ${text}.`);
  }
  return null;
}

function numberMistakes(question, value, practice) {
  const {words} = practice, right = question.value, want = flatten(right), got = flatten(value);
  const wanted = squeezed(dimsOf(right)), mine = squeezed(dimsOf(value));
  const scale = (list) => Math.max(0, ...list.map(Math.abs));
  const isSame = (made, dims) => made && dims.join() === mine.join() && scale(made) > 0
    && made.every((x, n) => Math.abs(x - got[n]) <= SEEN * scale(made));
  for (const [slug, sentence, factor] of words.numbers) {
    const turned = factor === 'transposed' ? CHANGES.transposed({values: want, dims: wanted}) : null;
    const made = factor === 'transposed' ? turned?.values
      : factor === 'reversed' ? wanted.length === 1 && want.slice().reverse() : want.map((x) => x * factor);
    if (isSame(made, turned?.dims || wanted)) return [mistake(slug, sentence)];
  }
  for (const [size, n] of Object.entries(practice.sizes)) {
    for (const [key, factor] of [['noMean', n], ['extraMean', 1 / n]]) {
      if (n > 1 && isSame(want.map((x) => x * factor), wanted)) {
        return [mistake(words.factors[key][0], fill(words.factors[key][1], {size}))];
      }
    }
  }
  if (!wanted.length && !mine.length && got[0] !== want[0] && want[0] && got[0]) {
    const first = Math.floor(Math.log10(Math.abs(want[0])));
    const digits = Math.floor(first + 1 - Math.log10(2 * Math.abs(got[0] - want[0])) + 1e-9);
    if (digits >= 2) return [mistake(words.agrees[0], fill(words.agrees[1], {digits}))];
  }
  for (const other of practice.questions.slice(0, practice.questions.indexOf(question))) {
    if (other.value !== undefined && isSame(flatten(other.value), squeezed(dimsOf(other.value)))) {
      return [mistake(words.another[0], fill(words.another[1], {asked: other.text}))];
    }
  }
  if (!mine.length && wanted.length && want.some((x) => isSame([x], []))) return [mistake(...words.oneEntry)];
  return fromTable(question, () => fromValue(value, dimsOf(value), [], BARE), practice);
}
