// The page's scripts in one scope, as the page has them, for tests:
//
//   node load.js < cases.json > results.json
//
// cases.json: {script, language, cases: [[name of a function of RUN, …arguments], …]}
'use strict';

const fs = require('fs');
const vm = require('vm');

const RUN = `
const RUN = {
  parse: (text, words) => parse(text, words),
  apply: (name, xs) =>
      compiled(operation(name).value, operation(name).operands, knownFunction,
      point)(xs.map(enclosed)),
  function: (name, xs) => FUNCTIONS[name](...xs.map(enclosed)),
  number: (text) => number(text),
  shown: (value, digits) => numberText(value, digits),
  mathematics: (text, words) => drawnText(mathematics(parse(text, words), {}, words.shapes)),
  judge: (practice, answers) => answers.map(([k, text]) => {
    const {verdict, message, mistakes, shapes = null, entries: marks = null} = judge(practice.questions[k], text, practice);
    return {verdict, message, mistakes, shapes, entries: marks};
  }),
  values: (computation, at) => {
    const env = environment(computation, at);
    return computation.lines.map(({name}) => told(() => valueOfName({kind: 'name', id: name}, env)));
  },
  formulas: (computation, at, formulas) => {
    const env = environment(computation, at),
        functions = Object.keys(computation.functions).concat(computation.unknown);
    return formulas.map(({text, values = [], free}) => told(() => {
      const known = computation.lines.map((line) =>
          line.name).concat(computation.inputs.map((one) => one.name));
      const words = {functions, known: known.concat(values.map(([name]) => name))};
      let within = env;
      for (const [name, formula] of values) {
        const found = told(() => evaluate(parse(formula, words), within));
        if (found.lo) within = bind(within, name, found);
      }
      const tree = parse(text, words);
      return free ? entries(tree, free, within) : evaluate(tree, within);
    }));
  },
};
const enclosed = (x) => Array.isArray(x) ? x : typeof x === 'string' ? number(x) : [x, x];
const told = (f) => {
  try {
    return f();
  } catch (problem) {
    if (!(problem instanceof Undefined || problem instanceof ReadError)) throw problem;
    return {problem: problem.constructor.name, message: problem.message, start: problem.start,
        end: problem.end, hint: problem.hint};
  }
};
const plain = (value) => value && value.lo
    ? {lo: [...value.lo].map(String), hi: [...value.hi].map(String), shape: value.shape,
    over: value.over}
  : Array.isArray(value) ? value.map(plain) : typeof value === 'number' ? String(value) : value;
(language, cases) => {
  setLanguage(language);
  return cases.map(([name, ...args]) => plain(told(() => RUN[name](...args))));
};`;

// As much of a document as drawing takes.
class Node {
  constructor(tag) {
    Object.assign(this, {tag, parts: []});
  }

  append(...parts) {
    this.parts.push(...parts);
  }

  setAttribute() {}
}
const document = {createElementNS: (space, tag) => new Node(tag)};
const drawnText = (one) => typeof one === 'string' ? one
    : `<${one.tag}>${one.parts.map(drawnText).join('')}</${one.tag}>`;

const {script, language, cases} = JSON.parse(fs.readFileSync(0, 'utf8'));
const run = vm.runInNewContext(`'use strict';\n${script}\n${RUN}`, {document, drawnText});
process.stdout.write(JSON.stringify(run(language, cases), (key, value) => key === 'source'
    ? undefined : value));
