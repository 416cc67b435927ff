// A tree as MathML, drawn as gradcalc prints formulas (`language/formula.py`).
//
//   mathematics(tree, letters, shapes) -> <math>
//
// letters: name -> an element that shows it. shapes: name -> sizes, which tell ∘ from a product.

const OPEN = 0, SUM = 1, HADAMARD = 2, TIMES = 3, POWER = 4, ATOM = 5;
const COMPARED = {'<=': '≤', '>=': '≥', '==': '=', '!=': '≠'};
const BIG = {sum: '∑', prod: '∏'};
const NEXT_TO = '\u2062';

function mathematics(tree, letters = {}, shapes = {}) {
  const whole = mathNode('math', full(drawn(tree, {letters, shapes})));
  whole.setAttribute('display', 'inline');
  return whole;
}

function mathNode(tag, ...children) {
  const made = document.createElementNS('http://www.w3.org/1998/Math/MathML', tag);
  made.append(...children);
  return made;
}

const sign = (text) => mathNode('mo', text);
const row = (...nodes) => nodes.length === 1 ? nodes[0] : mathNode('mrow', ...nodes);
// A drawn expression. minus: one that is kept out, for products to pass to the front; word: beside
// it a product needs a dot; open: it ends in a big operator, which takes in what follows.
const boxed = (node, level, more) =>
    ({node, level, minus: false, digit: false, word: false, open: false, lead: false, ...more});
const full = (box) => box.minus ? row(sign('−'), box.node) : box.node;
const fenced = (node, left = '(', right = ')') => boxed(row(sign(left), node, sign(right)), ATOM);
const within = (box, level) =>
  box.level >= level && !box.minus && !(box.open && level > SUM) ? box : fenced(full(box));
const raisedTo = (base, small) => {
  const {node, digit} = within(base, ATOM);
  return boxed(mathNode('msup', node, small), POWER, {digit});
};
const withCommas = (nodes) => row(...nodes.flatMap((node, k) => k ? [sign(','), node] : [node]));

function drawn(tree, how) {
  const of = (part) => drawn(part, how), rank = (part) => rankOf(part, how.shapes) ?? 0;
  switch (tree.kind) {
    case 'num': return numeral(tree.text);
    case 'name': return letter(tree.id, how);
    case 'neg': {
      const box = of(tree.arg);
      return {...(box.open && !box.minus ? box : within(box, HADAMARD)), minus: true};
    }
    case 'compare':
      return boxed(row(full(of(tree.left)), sign(COMPARED[tree.op] || tree.op),
          full(of(tree.right))), OPEN);
    case 'vector': return fenced(withCommas(tree.items.map((item) => full(of(item)))), '[', ']');
    case 'transpose':
      return tree.arg.func === 'inv' ? raisedTo(of(tree.arg.args[0]), row(sign('−'), sign('⊤')))
          : raisedTo(of(tree.arg), sign('⊤'));
    case 'index': {
      const base = within(of(tree.base), ATOM),
          items = tree.items.map((item) => item.kind === 'slice'
        ? row(...[item.begin, item.stop,
            item.step].flatMap((part, k) =>
            [...(k && (k < 2 || part) ? [sign(':')] : []), ...(part ? [full(of(part))] : [])]))
        : full(of(item)));
      const isShort = tree.items.every((item) => item.kind === 'name' && item.id.length === 1);
      return boxed(mathNode('msub', base.node, isShort ? row(...items) : withCommas(items)), ATOM);
    }
    case 'binary': {
      const left = of(tree.left), right = of(tree.right);
      switch (tree.op) {
        case '+':
        case '-': return added(left, tree.op, right);
        case '*':
          if (!(rank(tree.left) && rank(tree.right))) {
            return {...multiplied({...left, minus: false}, right), minus: left.minus};
          }
          return boxed(row(within({...left, minus: false}, HADAMARD).node, sign('∘'),
              within(right, HADAMARD).node), HADAMARD, {minus: left.minus});
        case '/': return boxed(mathNode('mfrac', left.node, full(right)), POWER,
            {minus: left.minus, digit: left.digit});
        case '^': return raisedTo(left,
            row(...(rank(tree.left) === 2 ? [sign('∘')] : []), full(right)));
        default: {
          const first = rank(tree.left) === 1 ? raisedTo({...left, minus: false}, sign('⊤'))
              : {...left, minus: false};
          return {...multiplied(first, tree.right.op === '@' ? fenced(full(right)) : right),
              minus: left.minus};
        }
      }
    }
    default: return drawnCall(tree, how);
  }
}

function numeral(text) {
  const [mantissa, power] = text.toLowerCase().split('e');
  const number = boxed(mathNode('mn', mantissa), ATOM, {digit: true});
  if (power === undefined) return number;
  const exponent = String(Number(power)).replace('-', '−');
  const ten = raisedTo(boxed(mathNode('mn', '10'), ATOM), mathNode('mn', exponent));
  return mantissa === '1' ? {...ten, digit: true}
      : boxed(row(number.node, sign('·'), ten.node), TIMES, {digit: true});
}

function letter(name, {letters}) {
  const known = own(letters, name);
  if (known) {
    const copy = known.cloneNode(true);
    const level = known.querySelector?.('msup') ? POWER : ATOM;
    return boxed(copy.localName === 'math' ? mathNode('mrow', ...copy.childNodes) : copy, level);
  }
  const [, stem, below] = /^(.+?)_?([0-9]*|(?<=_).*)$/u.exec(name) || [name, name, ''];
  const shown = mathNode('mi', name === 'pi' ? 'π' : stem);
  return boxed(below ? mathNode('msub', shown, mathNode('mn', below)) : shown, ATOM,
      {word: stem.length > 1 && name !== 'pi'});
}

function added(left, op, right) {
  let minus = op === '-', second = right;
  if (right.minus && !minus) [minus, second] = [true, {...right, minus: false}];
  else if (right.minus || right.lead || (minus ? right.level <= SUM : right.level < SUM)) second =
      fenced(full(right));
  const first = left.level < SUM ? within(left, SUM) : left;
  return boxed(row(full(first), sign(minus ? '−' : '+'), second.node), SUM,
      {lead: left.minus || left.lead});
}

function multiplied(left, right) {
  const first = within(left, TIMES), isOpen = right.open && !right.minus && right.level >= TIMES;
  const second = isOpen ? right : within(right, TIMES);
  const between = second.digit || first.word || second.word ? '·' : NEXT_TO;
  return boxed(row(first.node, sign(between), second.node), TIMES,
      {digit: first.digit, word: second.word, open: second.open});
}

function drawnCall(tree, how) {
  const {func, args, kwargs} = tree, of = (part) => drawn(part, how), boxes = args.map(of);
  const nodes = boxes.map(full), [first, second] = boxes, given = Object.fromEntries(kwargs);
  const op = own(language.operations, func);
  const applied = (word) =>
      boxed(row(word, sign('\u2061'), sign('('), withCommas(nodes), sign(')')), ATOM, {word: true});
  const indicator = (condition) =>
      boxed(row(mathNode('mn', '𝟙'), sign('['), condition, sign(']')), ATOM);
  if (!op) {
    const slopes = tree.places.map((k) => mathNode('msub', sign('∂'), mathNode('mn', String(k))));
    return applied(row(...slopes, letter(func, how).node,
        ...(tree.primes ? [sign('′'.repeat(tree.primes))] : [])));
  }
  const over = args.slice(1);
  const isIndex = (arg) => arg.kind === 'compare'
      || (arg.kind === 'name' && !own(how.shapes, arg.id));
  if (over.length && INDEXED.includes(func) && over.every(isIndex)
      && (func !== 'max' && func !== 'min' || usesIndex(args[0], over))) {
    const below = withCommas(nodes.slice(over.some((arg) => arg.kind === 'compare')
        ? args.findIndex((arg) => arg.kind === 'compare') : 1));
    const big = mathNode('munder', BIG[func] ? sign(BIG[func]) : mathNode('mo', func), below);
    return BIG[func] ? boxed(row(big, within(first, TIMES).node), TIMES, {open: true, word: true})
      : boxed(row(big, fenced(nodes[0]).node), ATOM, {word: true});
  }
  switch (func) {
    case 'where': {
      const isZero = args[2].kind === 'num' && Number(args[2].text) === 0;
      const isOne = args[1].kind === 'num' && Number(args[1].text) === 1;
      if (isZero) return isOne ? indicator(nodes[0]) : multiplied(indicator(nodes[0]), second);
      const rows = [[nodes[1], 'if ', nodes[0]],
          [nodes[2], 'otherwise']].map(([value, word, condition]) =>
        mathNode('mtr', mathNode('mtd', value),
            mathNode('mtd', row(mathNode('mtext', word), ...(condition ? [condition] : [])))));
      return boxed(row(sign('{'), mathNode('mtable', ...rows)), OPEN);
    }
    case 'step': return indicator(row(nodes[0], sign('>'), mathNode('mn', '0')));
    case 'exp': return raisedTo(boxed(mathNode('mi', 'e'), ATOM), nodes[0]);
    case 'sqrt': return boxed(mathNode('msqrt', nodes[0]), ATOM);
    case 'abs': return fenced(nodes[0], '|', '|');
    case 'norm': {
      if (given.axis || args.length > 1) break;
      const box = fenced(nodes[0], '‖', '‖');
      return given.ord ? boxed(mathNode('msub', box.node, given.ord.id ? mathNode('mi', '∞')
          : full(of(given.ord))), ATOM) : box;
    }
    case 'inv': return raisedTo(first, row(sign('−'), mathNode('mn', '1')));
    case 'matrix_power': return raisedTo(first, nodes[1]);
    case 'dot': return multiplied(raisedTo(first, sign('⊤')), second);
    case 'outer': return multiplied(first, raisedTo(second, sign('⊤')));
    case 'kron': return boxed(row(within(first, POWER).node, sign('⊗'), within(second, POWER).node),
        HADAMARD);
    case 'eye': return boxed(mathNode('mi', 'I'), ATOM);
    default:
  }
  const word = mathNode('mi', op.text || func);
  const named = kwargs.filter(([name]) => name !== 'keepdims' && name !== 'axis');
  nodes.push(...named.map(([name, value]) =>
      row(mathNode('mtext', name), sign('='), full(of(value)))));
  return applied(given.axis ? mathNode('msub', word, full(of(given.axis))) : word);
}

// Is one of the names an index of the first argument? max(x, n) is of two numbers.
function usesIndex(tree, over) {
  return [...walk(tree)].some((part) => part.kind === 'index'
    && part.items.some((item) =>
        over.some((arg) =>
        [...walk(item)].some((inner) => inner.kind === 'name' && inner.id === arg.id))));
}
