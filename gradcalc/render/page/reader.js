// Text to tree: the grammar of `language/tokens.py` and `language/parser.py`, and with
// `words.answer` the kinder reading of `marking/reading.py`. What cannot be read is said at its
// place.
//
//   setLanguage(data)     once, what `language.py` wrote
//   parse(text, words)    words = {known, functions, free, shapes, partials, forbidden, arguments,
//                         answer}

let language = null;

function setLanguage(data) {
  const usual = {operands: ['x'], signature: 'elementwise', options: [], parameters: {},
      defaults: {}};
  const operations = Object.entries(data.operations).map(([name, op]) => [name, {...usual, ...op}]);
  language = {...data, operations: Object.fromEntries(operations)};
}

// What is wrong, in plain English, at start … end of the text, and what would be right.
class ReadError extends Error {
  constructor(message, start, end, hint = '') {
    super(message);
    Object.assign(this, {start, end: Math.max(end, start + 1), hint});
  }
}

// A letter, but a raised or lowered one.
const LETTERS =
    '(?![ªºʰ-ʸˠ-ˤჼᴬ-ᴮᴰ-ᴺᴼ-ᵍᵏ-ᵪᵸᶛ-ᶿⁱⁿₐ-ₜⱼⱽⵯꚜꚝꝰꟲ-ꟴꟸꟹꭜ-ꭟꭩ])\\p{L}';
const LETTER = new RegExp(LETTERS, 'yu');
const INSIDE = new RegExp(`(?:${LETTERS}|[0-9_₀-₉\\u0300-\\u030c])*`, 'yu');
const SPACE = /(?:[ \t\n]|\p{Zs}|#[^\n]*)+/yu;
const NUMBER = /(?:[0-9]+(?:\.(?![A-Za-z])[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y;
const BARE_POWER = /[eE](?![\p{L}\p{N}_])(?!\s*(?:\^|\*\*))/yu;
const SLOPE = /((?:∂[₁-₉]²?)+)(?=[\p{L}_])/yu;
const OPERATOR = /\*\*|\|\||[<>=!:]=|[-+*/^@()[\],.:=<>|'√ᵀ]/y;
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const lowered = (word) =>
    word.replace(/[₀-₉]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0x2050));

function match(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

// A name as it is compared.
function canonical(word) {
  const name = lowered(word.normalize('NFC')).replace(/[^\0-\x7f]/gu,
      (sign) => language.letters[sign] || sign);
  return name === 'π' ? 'pi' : name;
}

function tokenize(text) {
  const {limits} = language, tokens = [];
  if (text.length > limits.length) {
    throw new ReadError(`this line has ${text.length} characters; the limit is ${limits.length}`, 0,
        1);
  }
  const nameEnd = (at) => {
    const first = /[A-Za-z_]/.test(text[at] || '') ? 1
        : (match(LETTER, text, at) || [''])[0].length;
    return first ? at + first + match(INSIDE, text, at + first)[0].length : at;
  };
  for (let at = 0; at < text.length;) {
    let found = match(SPACE, text, at);
    if (found) {
      at += found[0].length;
      continue;
    }
    if (tokens.length === limits.tokens) {
      throw new ReadError(`this line has more than ${limits.tokens} names, numbers and signs`, at,
          at + 1);
    }
    const push = (kind, word, end, value = word) => {
      tokens.push({kind, text: word, value, start: at, end});
      at = end;
    };
    const char = text[at];
    if ((found = match(NUMBER, text, at))) {
      checkNumber(found[0], text, at);
      push('number', found[0], at + found[0].length);
    } else if ((found = match(SLOPE, text, at))) {
      const places = [...found[1].matchAll(/∂([₁-₉])(²?)/g)].map((one) =>
          lowered(one[1]).repeat(one[2] ? 2 : 1));
      const begin = at + found[0].length, end = nameEnd(begin);
      push('name', `d${places.join('')}${canonical(text.slice(begin, end))}`, end);
    } else if (nameEnd(at) > at) {
      const end = nameEnd(at);
      if (end - at > limits.name) {
        throw new ReadError(`this name has ${end - at} characters; the limit is ${limits.name}`, at,
            end);
      }
      push('name', canonical(text.slice(at, end)), end);
    } else if (SUPERSCRIPTS.includes(char)) {
      let end = at + 1;
      while (end < text.length && SUPERSCRIPTS.includes(text[end])) end += 1;
      const digits = [...text.slice(at, end)].map((sign) => SUPERSCRIPTS.indexOf(sign)).join('');
      checkNumber(digits, digits, 0);
      push('power', text.slice(at, end), end, digits);
    } else if (language.looks[char]) {
      push(language.looks[char], char, at + 1);
    } else if ((found = match(OPERATOR, text, at))) {
      const [word] = found;
      if (word === ':=') throw new ReadError('a definition is written with `=`', at, at + 2);
      push(word === '**' ? '^' : word, word, at + word.length);
    } else {
      throw refusedSign(text, at);
    }
  }
  tokens.push({kind: 'end', text: '', start: text.length, end: text.length});
  return tokens;
}

function checkNumber(literal, text, at) {
  const end = at + literal.length, [mantissa, power = ''] = literal.toLowerCase().split('e');
  const digits = mantissa.replace('.', '').length, {limits} = language;
  if (digits > limits.digits) {
    throw new ReadError(`this number has ${digits} digits; the limit is ${limits.digits}`, at, end);
  }
  if (power.length > 8 || Math.abs(Number(power)) > limits.power) {
    throw new ReadError(`the power of ten is beyond ±${limits.power}`, at, end);
  }
  if (literal === '0' && /^\p{L}/u.test(text.slice(end))) {
    throw new ReadError('only decimal numbers are supported', at, end + 1,
        `for a product write 0*${text[end]}…`);
  }
  if (text[end] === '_') throw new ReadError('a number cannot contain _', at, end + 1);
  if (match(BARE_POWER, text, end)) {
    throw new ReadError('the exponent of this number has no digits', at, end + 1,
        `for a product write ${literal}*e`);
  }
}

function refusedSign(text, at) {
  const char = String.fromCodePoint(text.codePointAt(at)), end = at + char.length;
  if (/^[\p{C}\p{Zl}\p{Zp}]/u.test(char)) {
    const code = char.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
    return new ReadError(`the invisible character U+${code} is not allowed in an expression`, at,
        end, 'delete it');
  }
  const [message, hint] = language.refused[char]
      || [`\`${char}\` is not part of the expression language`, ''];
  return new ReadError(message, at, end, hint);
}

// ---- the parser: `level(least)` reads an operand and what binds at least so tightly

const POWERS = {'+': [20, 21], '-': [20, 21], '*': [30, 31], '/': [30, 31], '@': [30, 31],
    '^': [41, 40]};
const COMPARE = 10, PRODUCT = 30, POSTFIX = 50;
const ORDERS = {_1: '1', _2: '2', _F: '', _inf: 'inf', _oo: 'inf'};
const CLOSERS = {'(': ')', '[': ']'};
const isComparison = (kind) => kind in language.signs && '<>=!'.includes(kind[0]);

class Parser {
  constructor(tokens, words, source) {
    Object.assign(this, {tokens, words, source, at: 0, depth: 0, open: []});
  }

  get token() {
    return this.tokens[this.at];
  }

  take() {
    this.at += 1;
    return this.tokens[this.at - 1];
  }

  node(kind, start, fields) {
    return {kind, ...fields, start, end: this.tokens[this.at - 1].end, source: this.source};
  }

  fail(message, token = this.token, hint = '') {
    return new ReadError(message, token.start, token.end, hint);
  }

  whole() {
    if (this.token.kind === 'end') throw this.fail('an expression is missing');
    const tree = this.level(0);
    if (this.token.kind !== 'end') throw this.unexpected();
    return tree;
  }

  expression(least) {
    this.depth += 1;
    if (this.depth > language.limits.depth) {
      throw this.fail(`nested more than ${language.limits.depth} deep`);
    }
    const tree = this.level(least);
    this.depth -= 1;
    return tree;
  }

  level(least) {
    const {start} = this.token;
    let left = this.operand(least), compared = false;
    for (;;) {
      const {kind} = this.token;
      if (POWERS[kind]) {
        const [binds, right] = POWERS[kind];
        if (binds < least) return left;
        this.take();
        const operand = kind === '^' ? this.expression(right) : this.level(right);
        left = this.node('binary', start, {op: kind, left, right: operand});
      } else if (kind === 'power') {
        if (least > POWERS['^'][0]) return left;
        const token = this.take();
        const right = this.node('num', token.start, {text: token.value});
        left = this.node('binary', start, {op: '^', left, right});
      } else if (isComparison(kind)) {
        if (least > COMPARE) return left;
        if (compared) {
          throw this.fail('comparisons cannot be chained', this.token,
              'nest them: where(a < b, where(b < c, x, y), y)');
        }
        this.take();
        compared = true;
        left = this.node('compare', start, {op: kind, left, right: this.level(COMPARE + 1)});
      } else if (['name', '(', '√'].includes(kind) && this.at
          && this.tokens[this.at - 1].kind === 'number') {
        if (least > PRODUCT) return left;
        if (!endsInNumber(left)) throw this.ambiguous();
        left = this.node('binary', start, {op: '*', left, right: this.level(PRODUCT + 1)});
      } else {
        return left;
      }
    }
  }

  operand(least) {
    const first = this.at, token = this.take(), {start} = token;
    switch (token.kind) {
      case 'number': return this.node('num', start, {text: token.text});
      case 'name': return this.postfix(this.name(token), start, first);
      case '(': {
        this.open.push(token);
        const tree = this.expression(0);
        this.close(')');
        return this.postfix(tree, start, first);
      }
      case '[':
        this.open.push(token);
        return this.postfix(this.vector(start), start, first);
      case '|':
      case '||': {
        const tree = this.expression(COMPARE + 1);
        if (this.token.kind !== token.kind) {
          this.open.push(token);
          throw this.unexpected();
        }
        this.take();
        return this.postfix(token.kind === '||' ? this.norm(tree, start)
            : this.call('abs', [tree], start), start, first);
      }
      case '√': return this.call('sqrt', [this.expression(POSTFIX)], start);
      case '-':
      case '+': {
        if ('-+'.includes(this.token.kind)) {
          throw this.fail(`two signs in a row, \`${token.text}${this.token.text}\``, token,
              'put the second into parentheses');
        }
        const arg = this.expression(Math.max(least, PRODUCT));
        return token.kind === '-' ? this.node('neg', start, {arg}) : arg;
      }
      default:
        this.at -= 1;
        throw this.noOperand(token);
    }
  }

  close(kind) {
    if (this.token.kind !== kind) {
      throw this.token.kind === ',' && kind === ')'
        ? this.fail('a comma is only used between arguments and entries', this.token,
            'write [a, b] for a vector')
        : this.unexpected();
    }
    this.take();
    this.open.pop();
  }

  call(func, args, start, more) {
    return this.node('call', start, {func, args, kwargs: [], primes: 0, places: [], ...more});
  }

  postfix(base, start, first) {
    let tree = base;
    for (;;) {
      const {kind} = this.token;
      if (kind === '[') {
        this.open.push(this.take());
        const items = this.list(() => this.item());
        this.close(']');
        tree = this.node('index', start, {base: tree, items});
      } else if (kind === 'ᵀ' || kind === "'") {
        this.take();
        tree = this.node('transpose', start, {arg: tree});
      } else if (kind === '.') {
        const word = this.tokens[this.at + 1];
        if (word.kind !== 'name' || word.text !== 'T') throw this.afterPoint(first);
        this.at += 2;
        tree = this.node('transpose', start, {arg: tree});
      } else {
        return tree;
      }
    }
  }

  list(read) {
    const items = [read()];
    while (this.token.kind === ',') {
      this.take();
      items.push(read());
    }
    return items;
  }

  item() {
    const {start} = this.token, bounds = [null];
    while (this.token.kind !== ',' && this.token.kind !== ']') {
      if (this.token.kind === ':' && bounds.length < 3) {
        this.take();
        bounds.push(null);
      } else if (bounds[bounds.length - 1] === null) {
        bounds[bounds.length - 1] = this.expression(0);
      } else {
        throw this.unexpected();
      }
    }
    if (bounds.length > 1) {
      const [begin, stop, step = null] = bounds;
      return this.node('slice', start, {begin, stop, step});
    }
    if (bounds[0] === null) throw this.fail('an index is missing');
    return bounds[0];
  }

  vector(start) {
    if (this.token.kind === ']') throw this.fail('a vector needs at least one entry');
    const items = this.list(() => this.expression(0));
    this.close(']');
    return this.node('vector', start, {items});
  }

  name(token) {
    const {functions} = this.words, {start} = token;
    let primes = 0;
    while (this.tokens[this.at + primes].kind === "'") primes += 1;
    if (this.tokens[this.at + primes].kind !== '(') {
      return this.node('name', start, {id: token.text});
    }
    const isOwn = functions.has(token.text), slope = primes || isOwn ? null
        : slopeOf(token.text, functions);
    const func = isOwn ? token.text : slope ? slope[0] : own(language.spellings, token.text);
    if (!func) throw this.unknownFunction(token);
    if (primes && !isOwn) {
      const what = 'only the derivatives of unknown functions are written with';
      throw this.fail(`\`${token.text}'\`: ${what} '`);
    }
    this.at += primes;
    this.open.push(this.take());
    const [args, named] = this.arguments(token);
    this.close(')');
    if (isOwn || slope) {
      if (!args.length || named.length) {
        throw this.fail(`\`${token.text}\` takes no named arguments`, token);
      }
      return this.call(func, args, start, {primes, places: slope ? slope[1] : []});
    }
    if (args.length === 2 && language.along.includes(func)
        && ['num', 'neg'].includes(args[1].kind)) {
      named.unshift(['axis', args.pop()]);
    }
    const kwargs = named.map(([word, value]) =>
        [word, word === 'keepdims' ? flagOf(value) : value]);
    const tree = this.call(func, args, start, {kwargs});
    checkArguments(tree, token);
    return tree;
  }

  norm(arg, start) {
    for (const part of walk(arg)) {
      if (part.kind === 'name' && /^[A-Z][a-z]$/.test(part.id) && !this.words.known.has(part.id)) {
        throw new ReadError(`\`${part.id}\` in a norm is no name`, part.start, part.end,
          `for the product write norm(${part.id[0]} @ ${part.id[1]})`);
      }
    }
    const beside = this.tokens[this.at - 1].end, after = this.token;
    const order = after.kind === 'name' && after.start === beside ? own(ORDERS, after.text)
        : undefined;
    if (order === undefined) return this.call('norm', [arg], start);
    this.take();
    const value = order === 'inf' ? this.node('name', after.start, {id: 'inf'})
        : this.node('num', after.start, {text: order});
    return this.call('norm', [arg], start, {kwargs: order ? [['ord', value]] : []});
  }

  arguments(token) {
    const args = [], kwargs = [];
    if (this.token.kind === ')') throw this.fail(`\`${token.text}\` needs an argument`, token);
    for (;;) {
      const word = this.token;
      if (word.kind === 'name' && this.tokens[this.at + 1].kind === '=') {
        if (kwargs.some(([name]) => name === word.text)) {
          throw this.fail(`\`${word.text}\` is given twice`);
        }
        this.at += 2;
        kwargs.push([word.text, this.option()]);
      } else if (kwargs.length) {
        throw this.fail('named arguments must come last');
      } else {
        args.push(this.expression(0));
      }
      if (this.token.kind !== ',') return [args, kwargs];
      this.take();
    }
  }

  // The value of a named argument; axis=(0, 1) is read as axis=[0, 1].
  option() {
    const {token} = this;
    let ahead = this.at + 1;
    while (token.kind === '(' && ['number', '-'].includes(this.tokens[ahead].kind)) ahead += 1;
    if (token.kind !== '(' || this.tokens[ahead].kind !== ',') return this.expression(0);
    this.open.push(this.take());
    const items = [this.expression(COMPARE + 1)];
    while (this.token.kind === ',') {
      this.take();
      if (this.token.kind !== ')') items.push(this.expression(COMPARE + 1));
    }
    this.close(')');
    return this.node('vector', token.start, {items});
  }

  // ---- what is wrong

  isFunction(token) {
    const {functions, known} = this.words;
    return token.kind === 'name' && !known.has(token.text)
      && (functions.has(token.text) || own(language.spellings, token.text) !== undefined);
  }

  unexpected() {
    const {token, open} = this, opened = open[open.length - 1], before = this.tokens[this.at - 1];
    const closer = CLOSERS[opened?.kind] || '|';
    switch (token.kind) {
      case 'end':
        return opened ? this.fail(`\`${opened.text}\` is never closed`, opened)
          : this.fail(`something is missing after \`${(before || token).text}\``, before);
      case ')':
      case ']':
        return this.fail(opened
            ? `\`${opened.text}\` is closed by \`${token.text}\` instead of \`${closer}\``
          : `\`${token.text}\` closes nothing`);
      case '=': return this.fail('`=` defines a quantity; in a condition, equality is `==`');
      case "'":
        return this.fail("`'` must follow what it transposes, A', or an unknown function, g'(z)");
      case ',':
        if (opened) break;
        return before?.kind === 'number' && this.tokens[this.at + 1].kind === 'number'
          ? this.fail('a decimal is written with a point, not a comma')
          : this.fail('a comma separates the arguments of a function');
      case ':':
        if (opened) break;
        return this.fail('a range is only possible inside [ ]', token,
            'write x[1:3] for a part of x');
      case '.': return this.fail('a range is not written with points');
      case '|':
      case '||':
        if (!before || !(this.isFunction(before)
            || this.tokens.slice(this.at + 1).some((one) => one.kind === token.kind))) {
          return this.fail(`\`${token.text}\` has no partner`);
        }
        return this.missingOperator();
      default:
        if (before && ['name', 'number', '(', '[', '√'].includes(token.kind)) {
          return this.missingOperator();
        }
    }
    return this.fail(`\`${token.text}\` is not expected here`);
  }

  noOperand(token) {
    const before = this.tokens[this.at - 1];
    if (!before || ['end', '=', "'"].includes(token.kind)
        || (')]'.includes(token.kind) && !this.open.length)) {
      return this.unexpected();
    }
    const pair = before.kind + token.kind;
    if (pair === '//') return this.fail('gradcalc has no `//`; division is `/`', before);
    if (['<>', '@@', '^^', '^*'].includes(pair)) {
      return this.fail(`\`${before.text}${token.text}\` is not an operator`, before);
    }
    if (token.kind === '.' && this.tokens[this.at + 1].kind === '.') {
      return this.fail('gradcalc cannot fill in `...`', token,
          'write sum(x) for all entries, or sum(x[i], i)');
    }
    if (')]'.includes(token.kind) && '(['.includes(before.kind)) {
      return this.fail('the parentheses are empty', before);
    }
    if (')]'.includes(token.kind) && before.kind === ',') {
      return this.fail('something is missing after `,`', before);
    }
    return this.fail(`something is missing between \`${before.text}\` and \`${token.text}\``,
        token);
  }

  missingOperator() {
    const {tokens, at, words} = this, token = tokens[at], before = tokens[at - 1],
        earlier = tokens[at - 2];
    if (before.kind === 'number' && token.kind === 'number') {
      return this.open.some((one) => one.kind === '[')
        ? this.fail('the entries of a vector are separated by commas')
        : this.fail(`an operator is missing between ${before.text} and ${token.text}`);
    }
    const word = [token, before].find((one) => one.text === 'and' || one.text === 'or');
    if (word) {
      return this.fail(`\`${word.text}\` does not combine conditions`, word,
          'nest them: where(a, where(b, x, y), y)');
    }
    if (token.text === 'if') {
      return this.fail('a choice is written with where', token, 'write where(condition, a, b)');
    }
    if (token.text === 'for') return this.fail('a sum over an index is written sum(x[i], i)');
    if (/^(Σ|Π|(sum|prod)_\w+)/.test(before.text) && !words.known.has(before.text)) {
      return this.fail(`\`${before.text}\` is written sum(x[i], i) or prod(x[i], i)`, before);
    }
    if (this.isFunction(before)) {
      return this.fail(`\`${before.text}\` is a function: put its argument in parentheses`, before,
        `write ${before.text}(${token.text === '(' ? '' : token.text}…)`);
    }
    const named = before.kind === 'power' ? earlier : tokens[at - 3];
    if (named && this.isFunction(named) && (before.kind === 'power' || earlier.kind === '^')) {
      return this.fail(`put the power after the argument of \`${named.text}\``, named,
          `write ${named.text}(…)^${before.value}`);
    }
    if (before.text === 'T' && earlier?.kind === '^' && !words.known.has('T')) {
      return this.fail('`^T` is a power; a transpose is written .T', earlier);
    }
    const matrices = /^[A-Z]|^[ᵀ']$/.test(before.text) || before.text === 'T';
    return this.fail(`an operator is missing between \`${before.text}\` and \`${token.text}\``,
        token,
      matrices ? 'write @ for the matrix product, * for the product entry by entry'
          : 'write * for a product');
  }

  ambiguous() {
    const {tokens, at} = this, before = tokens[at - 1], named = tokens[at - 3];
    if (named && tokens[at - 2].kind === '^' && this.isFunction(named)) {
      return this.missingOperator();
    }
    return this.fail(`\`${before.text}${tokens[at].text}\` can be read in two ways here`, before,
      'write the * and the parentheses');
  }

  afterPoint(first) {
    const {tokens, at} = this, word = tokens[at + 1], begin = tokens[first];
    if (['*', '/', '^'].includes(word.kind)) {
      return this.fail(`\`.${word.text}\` is MATLAB's; here \`${word.text}\` is elementwise`);
    }
    if (word.kind !== 'name') return this.fail('a point must be followed by T, the transpose');
    if (language.libraries.includes(begin.text) && first === at - 1
        && !this.words.known.has(begin.text)) {
      const path = `\`${begin.text}.${word.text}\``;
      return this.fail(`${path} belongs to a library; names here have no prefix`, begin,
          `write ${word.text}`);
    }
    return tokens[at + 2].kind === '('
      ? this.fail(`\`.${word.text}(…)\` is a method; write it as a function`, word)
      : this.fail('only .T, the transpose, can follow a point', word);
  }

  unknownFunction(token) {
    const {known, functions} = this.words, {text} = token;
    if (text === 'T' && this.tokens[this.at - 2]?.kind === '^' && !known.has('T')) {
      return this.fail('`^T` is a power; a transpose is written .T', this.tokens[this.at - 2]);
    }
    if (known.has(text)) {
      return this.fail(`\`${text}\` is a variable, not a function`, token,
          `for a product write ${text}*(…)`);
    }
    const other = own(language.foreign, text);
    if (other) return this.fail(`gradcalc has no function \`${text}\``, token, other);
    const near = text.length > 1
        && closest(text, [...Object.keys(language.spellings), ...functions]);
    if (near) return this.fail(`unknown function \`${text}\``, token, `did you mean ${near}?`);
    return text.length < 3
        ? this.fail(`\`${text}\` is not a function`, token, `for a product write ${text}*(…)`)
      : this.fail(`unknown function \`${text}\``, token);
  }
}

function endsInNumber(tree) {
  return tree.kind === 'binary' && tree.op === '*' ? endsInNumber(tree.right) : tree.kind === 'num';
}

// d12f as [f, [1, 2]], where f is one of the functions.
function slopeOf(word, functions) {
  const found = /^d([1-9]{1,9})(.+)$/u.exec(word);
  return found && functions.has(found[2]) ? [found[2], [...found[1]].map(Number).sort()] : null;
}

function flagOf(value) {
  const flag = value.kind === 'name'
      ? {True: 'True', true: 'True', False: 'False', false: 'False'}[value.id]
    : value.kind === 'num' ? {1: 'True', 0: 'False'}[Number(value.text)] : undefined;
  return flag ? {kind: 'name', id: flag, start: value.start, end: value.end} : value;
}

function checkArguments(tree, token) {
  const op = language.operations[tree.func], fail = (message, at, hint) => {
    throw new ReadError(message, at.start, at.end, hint);
  };
  for (const [word, value] of tree.kwargs) {
    if (!op.options.includes(word)) {
      fail(`\`${token.text}\` has no argument \`${word}\``, token,
          op.options.map((one) => `${one}=`).join(', '));
    }
    if (word === 'keepdims' && !['True', 'False'].includes(value.id)) {
      fail('`keepdims` must be True or False', value);
    }
  }
  const given = tree.args.length, most = op.operands.length,
      least = most - Object.keys(op.parameters).length;
  if (op.signature === 'reduction' || op.operands.includes('*')) {
    if (!given) fail(`\`${token.text}\` needs an array`, token);
  } else if (given < least || given > most) {
    const takes = least === most ? `${most}` : `${least} or ${most}`;
    fail(`\`${token.text}\` takes ${takes} argument${most === 1 ? '' : 's'}, not ${given}`,
        given > most ? tree.args[most] : token);
  }
}

// ---- trees

function children(tree) {
  switch (tree.kind) {
    case 'binary':
    case 'compare': return [tree.left, tree.right];
    case 'neg':
    case 'transpose': return [tree.arg];
    case 'call': return [...tree.args, ...tree.kwargs.map(([, value]) => value)];
    case 'vector': return tree.items;
    case 'index': return [tree.base,
        ...tree.items.flatMap((item) => item.kind === 'slice' ? children(item) : [item])];
    case 'slice': return [tree.begin, tree.stop, tree.step].filter(Boolean);
    default: return [];
  }
}

function* walk(tree) {
  yield tree;
  for (const part of children(tree)) yield* walk(part);
}

const said = (tree) =>
    JSON.stringify(tree, (key, value) => ['start', 'end', 'source'].includes(key) ? undefined
    : value);

// A tree with its direct parts changed.
function withParts(tree, change) {
  const copy = {...tree};
  for (const key of ['left', 'right', 'arg', 'base']) if (tree[key]) copy[key] = change(tree[key]);
  for (const key of ['args', 'items']) {
    if (tree[key]) {
      copy[key] = tree[key].map((part, k) => part.kind === 'slice' ? part : change(part, k));
    }
  }
  return copy;
}

// The known word that was probably meant: the nearest, equal length first.
function closest(word, known) {
  const limit = word.length < 6 ? 1 : word.length < 10 ? 2 : 3;
  let best = null, least = [limit + 1];
  for (const other of known) {
    if (other === word || Math.abs(other.length - word.length) > limit) continue;
    const away = other.toLowerCase() === word.toLowerCase() ? 0 : distanceOf(word, other);
    const found = [away, Math.abs(other.length - word.length), other];
    const k = found.findIndex((part, at) => part !== least[at]);
    if (found[k] < least[k] && away < Math.max(word.length, other.length)) {
      [best, least] = [other, found];
    }
  }
  return best;
}

function distanceOf(a, b) {
  let row = Array.from({length: b.length + 1}, (_, k) => k), last = row;
  for (let i = 0; i < a.length; i += 1) {
    const before = last;
    last = row;
    row = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      row.push(Math.min(last[j] + (a[i] === b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1));
      if (i && j && a[i] === b[j - 1] && a[i - 1] === b[j]) {
        row[j + 1] = Math.min(row[j + 1], before[j - 1] + 1);
      }
    }
  }
  return row[b.length];
}

// ---- answers

const INDEXED = ['sum', 'mean', 'prod', 'max', 'min', 'logsumexp', 'softmax', 'log_softmax'];

function parse(text, words = {}) {
  const sets = {known: [], functions: [], free: [], forbidden: [], shapes: {}, partials: {},
      arguments: {}, ...words};
  for (const key of ['known', 'functions', 'free', 'forbidden']) sets[key] = new Set(sets[key]);
  if (!words.answer) return new Parser(tokenize(text), sets, text).whole();
  refuseAnswer(text);
  const tokens = tokenize(text.replace(/∂(?![₁-₉])/g, 'd'));
  const tree = new Parser(softened(withPartials(tokens, sets), sets), sets, text).whole();
  if (tree.kind === 'compare') {
    throw new ReadError('a comparison alone is no answer', tree.start, tree.end,
      `write where(${text.trim()}, 1, 0) for 1 where it holds, else 0`);
  }
  refuseMatrices(tree, text, sets);
  checkNames(tree, sets);
  const whole = withIndicators(tree);
  checkConstants(whole, sets);
  return whole;
}

function refuseAnswer(text) {
  let depth = 0;
  if (text.includes('#')) {
    throw new ReadError('an answer has no comment', text.indexOf('#'), text.length,
        'leave out the # …');
  }
  [...text.matchAll(/[()[\],=]/g)].forEach(({0: char, index}) => {
    depth += '(['.includes(char) ? 1 : ')]'.includes(char) ? -1 : 0;
    const comma = char === ',' && depth === 0 && /(?<![\w.])-?[0-9]+,[0-9]+/.exec(text);
    if (comma) {
      throw new ReadError('a decimal has a point, not a comma', comma.index, comma.index
          + comma[0].length,
        `write ${comma[0].replace(',', '.')}`);
    }
    if (char === '=' && depth === 0
        && !/==|<=|>=|!=|:=/.test(text.slice(Math.max(index - 1, 0), index + 2))) {
      throw new ReadError('an answer is a formula alone, without `=`', index, index + 1,
          'write what stands on its right');
    }
  });
}

// dL/dZ as one name, where neither dL nor dZ is one. partials: {"L Z": name}
function withPartials(tokens, {known, partials}) {
  const found = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const [top, sign, bottom] = tokens.slice(at, at + 3);
    const isPair = sign?.kind === '/' && top.kind === 'name' && bottom?.kind === 'name'
      && top.text[0] === 'd' && bottom.text[0] === 'd' && !known.has(top.text)
          && !known.has(bottom.text);
    const name = isPair && own(partials, `${top.text.slice(1)} ${bottom.text.slice(1)}`);
    found.push(name ? {kind: 'name', text: name, start: top.start, end: bottom.end} : top);
    if (name) at += 2;
  }
  return found;
}

// The tokens with the products that are left out put in, `)(`, `)x`, `x(`, and 1[z > 0] as (z > 0).
function softened(tokens, words) {
  const found = [], opened = [];
  const isOne = (token) => token?.kind === 'number' && token.text === '1';
  tokens.forEach((token, at) => {
    let {kind} = token;
    if (isOne(token) && tokens[at + 1].kind === '[') return;
    if (kind === '[') {
      opened.push(isOne(tokens[at - 1]));
      if (opened[opened.length - 1]) kind = '(';
    } else if (kind === ']' && opened.pop()) {
      kind = ')';
    }
    const read = {...token, kind};
    if (found.length && multiplies(found, read, words)) {
      found.push({kind: '*', text: '*', start: token.start, end: token.start});
    }
    found.push(read);
  });
  return found;
}

function multiplies(found, token, {known, functions}) {
  const before = found[found.length - 1];
  if (!['(', 'name', '√'].includes(token.kind)) return false;
  if (before.kind === 'name') {
    const isPoint1 = found.length > 1 && found[found.length - 2].kind === '.';
    return token.kind === '(' && known.has(before.text) && !functions.has(before.text) && !isPoint1;
  }
  if (before.kind !== ')' && !(before.kind === 'power' && token.kind === '(')) return false;
  if (['if', 'else', 'for', 'and', 'or', 'is', 'in'].includes(token.text)) return false;
  return operatorBefore(found) !== '/';
}

// The sign in front of the operand that ends here: after `/` a product can be read in two ways.
function operatorBefore(found) {
  for (let at = found.length - 1, depth = 0; at >= 0; at -= 1) {
    const {kind} = found[at];
    if (')]'.includes(kind)) {
      depth += 1;
    } else if ('(['.includes(kind)) {
      depth -= 1;
      if (depth === 0 && kind === '(' && found[at - 1]?.kind !== 'name') {
        return at ? found[at - 1].kind : '';
      }
    } else if (depth === 0 && !['name', 'number', 'power', '.', "'", 'ᵀ', '√'].includes(kind)) {
      return kind;
    } else if (depth < 0) {
      return '';
    }
  }
  return '';
}

// A product that is left out beside a matrix may mean @, and may mean *.
function refuseMatrices(tree, text, {shapes}) {
  for (const part of walk(tree)) {
    if (part.kind !== 'binary' || part.op !== '*'
        || /[^() \t[\]]/.test(text.slice(part.left.end, part.right.start))) {
      continue;
    }
    const ranks = [rankOf(part.left, shapes), rankOf(part.right, shapes)];
    if (!ranks.includes(null) && Math.max(...ranks) > 1 && Math.min(...ranks) > 0) {
      throw new ReadError('an operator is missing in this product with a matrix',
        Math.max(part.left.end - 1, 0), part.right.start + 1,
            'write @ for the matrix product, * for the product entry by entry');
    }
  }
}

// How many axes a tree has by the shapes of its names; null where that is not told here.
function rankOf(tree, shapes) {
  const ranks = children(tree).map((part) => rankOf(part, shapes));
  if (tree.kind === 'name') return own(shapes, tree.id)?.length ?? 0;
  if (tree.kind === 'binary' && tree.op === '@') {
    return ranks[0] > 0 && ranks[1] > 0 ? ranks[0] + ranks[1] - 2 : null;
  }
  if (tree.kind === 'vector') return ranks[0] === null ? null : ranks[0] + 1;
  if (tree.kind === 'index') {
    return ranks[0] === null || tree.items.some((item) => item.kind === 'slice') ? null
        : Math.max(ranks[0] - tree.items.length, 0);
  }
  if (tree.kind === 'call') {
    const [first] = ranks, signature = own(language.operations, tree.func)?.signature
        || 'elementwise';
    if (signature === 'reduction') {
      if (tree.args.length > 1) {
        return ['max', 'min'].includes(tree.func) ? Math.max(...ranks) : null;
      }
      return tree.kwargs.length || tree.func === 'logsumexp' ? null : 0;
    }
    if (signature === 'same') return first;
    if (signature.includes('->')) return signature.split('->')[1].split(' ').filter(Boolean).length;
    if (signature !== 'elementwise') return null;
  }
  return ranks.includes(null) ? null : Math.max(0, ...ranks);
}

// Comparisons that are no conditions as 1 where they hold and 0 elsewhere.
function withIndicators(tree) {
  if (tree.kind === 'compare') {
    const {start, end, source} = tree, num = (text) => ({kind: 'num', text, start, end, source});
    return {kind: 'call', func: 'where',
        args: [withParts(tree, withIndicators), num('1'), num('0')], kwargs: [], primes: 0,
      places: [], start, end, source};
  }
  return withParts(tree, (part, k) => {
    const isCondition = part.kind === 'compare' && tree.kind === 'call'
      && (tree.func === 'where' ? k === 0 : INDEXED.includes(tree.func) && k > 0);
    return isCondition ? withParts(part, withIndicators) : withIndicators(part);
  });
}

function checkNames(tree, words) {
  for (const part of walk(tree)) {
    if (part.kind === 'call' && own(words.arguments, part.func) !== undefined) {
      checkUnknownCall(part, words.arguments[part.func]);
    }
    if (part.kind === 'call' && part.func === 'matrix_power') {
      const exponent = part.args[1].kind === 'neg' ? part.args[1].arg : part.args[1];
      if (exponent.kind !== 'num' || Number(exponent.text) > 100) {
        throw new ReadError('a power of a matrix is a whole number up to 100 in an answer',
            exponent.start, exponent.end);
      }
    }
  }
  namesIn(tree, words, []);
}

// Refuses a part made of numbers alone that has no value.
function checkConstants(tree, {known}) {
  const isConstant = (part) => part.kind === 'name' ? language.constants.includes(part.id)
      && !known.has(part.id)
    : ['num', 'neg', 'binary', 'call'].includes(part.kind) && part.op !== '@'
        && !(part.kwargs || []).length
      && (part.kind !== 'call' || own(language.operations, part.func)?.signature === 'elementwise')
          && children(part).every(isConstant);
  const bare = environment({}, {});
  for (const part of walk(tree)) {
    let message = '';
    try {
      if (part.op === '/' && isConstant(part.right)
          && signOf(single(evaluate(part.right, bare))) === 0) {
        message = 'division by zero';
      }
      else if (isConstant(part)) evaluate(part, bare);
    } catch (problem) {
      if (problem.constructor === Undefined) ({message} = problem);
    }
    if (message) throw new ReadError(message.split(' (in ')[0], part.start, part.end);
  }
}

function namesIn(tree, words, bound) {
  const {known, free, forbidden} = words;
  if (tree.kind === 'name') {
    if (forbidden.has(tree.id)) {
      throw new ReadError(`\`${tree.id}\` is what is asked for, or made of it`, tree.start,
          tree.end, 'write it in what it is made of');
    }
    if (!known.has(tree.id) && !bound.includes(tree.id) && !free.has(tree.id)
        && !language.constants.includes(tree.id)) {
      throw unknownName(tree, words);
    }
  } else if (tree.kind === 'call') {
    const inner = INDEXED.includes(tree.func) && tree.args.length > 1
      ? [...bound, ...tree.args.slice(1).filter((arg) => arg.kind === 'name').map((arg) => arg.id)]
          : bound;
    for (const arg of tree.args) namesIn(arg, words, inner);
    for (const [word, value] of tree.kwargs) {
      if (!['keepdims', 'ord'].includes(word) && value.id !== 'None') namesIn(value, words, bound);
    }
  } else {
    for (const part of children(tree)) namesIn(part, words, bound);
  }
}

function unknownName({id, start, end}, {known, functions, forbidden}) {
  const names = [...known].filter((name) => !forbidden.has(name)).sort();
  if (language.noNumbers.includes(id)) return new ReadError(`\`${id}\` is no answer`, start, end);
  if (own(language.spellings, id) || functions.has(id)) {
    return new ReadError(`\`${id}\` is a function: put its argument in parentheses`, start, end);
  }
  const near = closest(id, names);
  const hint = id === 'I' || id === 'Id' ? 'write eye(n) for the identity matrix'
    : id === 'T' ? 'a transpose is written .T, as in X.T'
      : near ? `did you mean ${near}?` : names.length ? `names: ${names.slice(0, 12).join(', ')}`
          : '';
  return new ReadError(`unknown name \`${id}\``, start, end, hint);
}

function checkUnknownCall({func, args, primes, places, start, end}, count) {
  const fail = (message, hint) => {
    throw new ReadError(message, start, end, hint);
  };
  if (args.length !== count) {
    fail(`\`${func}\` takes ${count} argument${count === 1 ? '' : 's'}, not ${args.length}`);
  }
  if (primes && count > 1) {
    fail(`\`${func}'\`: a function of ${count} arguments has ${count} derivatives`,
        `write d1${func}(…)`);
  }
  if (places.length && count === 1) {
    fail(`\`${func}\` has one argument`, `write ${func}${"'".repeat(places.length)}(…)`);
  }
  if (places.length && Math.max(...places) > count) {
    fail(`\`${func}\` has no argument ${Math.max(...places)}, only ${count}`);
  }
}
