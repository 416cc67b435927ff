// The walk through the derivation, a step for each key.

class Walk {
  constructor(article, data, figure, followed) {
    Object.assign(this, {data, figure, followed, stages: data.stages, at: 0, asked: null});
    this.root = article.querySelector('.walk');
    this.root.hidden = false;
    this.steps = [...this.root.querySelectorAll('.step')];
    this.slider = this.root.querySelector('.at');
    this.number = article.id.slice(1);
    const go = {first: () => 0, back: () => this.at - 1, next: () => this.at + 1, last: () => this.stages.length - 1};
    for (const [name, to] of Object.entries(go)) {
      this.root.querySelector(`.${name}`).addEventListener('click', () => this.move(to(), name === 'next'));
    }
    this.slider.addEventListener('input', () => this.move(this.slider.value - 1));
    const detail = this.root.querySelector('.detail');
    detail.addEventListener('change', () => this.detail(detail.value));
    this.detail(detail.value);
    document.addEventListener('keydown', (event) => this.key(event));
    window.addEventListener('hashchange', () => this.linked());
    figure.buttons(this.stages, (k) => this.move(k));
    this.linked() || this.show();
  }

  detail(name) {
    this.root.dataset.detail = name;
    const order = ['brief', 'normal', 'full'];
    for (const step of this.steps) {
      const here = order.filter((one) => step.querySelector(`:scope > .${one}`));
      const wanted = here.filter((one) => order.indexOf(one) <= order.indexOf(name)).pop() ?? here[0];
      for (const one of here) step.querySelector(`:scope > .${one}`).hidden = one !== wanted;
    }
  }

  key(event) {
    const {target} = event, isFree = target === document.body && this.number === '1' && event.key.startsWith('Arrow');
    if (!isFree && !target.closest('.board, .twin')?.closest('article').contains(this.root)) return;
    const typing = event.target.closest('input:not(.at), select, textarea, summary');
    if (typing || event.altKey || event.ctrlKey || event.metaKey) return;
    const rtl = getComputedStyle(this.root).direction === 'rtl';
    const to = {
      ArrowRight: this.at + (rtl ? -1 : 1), ArrowLeft: this.at + (rtl ? 1 : -1),
      Home: 0, End: this.stages.length - 1,
    }[event.key];
    if (to === undefined || (event.target.closest('[tabindex]') && event.key.startsWith('Arrow'))) return;
    event.preventDefault();
    this.move(to, to === this.at + 1);
  }

  // #step=7 or, on a page of several exercises, #e2.step=7.
  linked() {
    const found = /^#(?:e(\d+)\.)?step=(\d{1,4})$/.exec(location.hash);
    if (!found || (found[1] ?? '1') !== this.number) return false;
    this.move(found[2] - 1, false, true);
    return true;
  }

  move(to, forward = false, linked = false) {
    to = Math.max(0, Math.min(this.stages.length - 1, to));
    const known = this.gradientOf(to);
    const asks = forward && this.root.querySelector('.predict').checked && to !== this.at;
    this.asked = asks && known !== null && this.asked !== to ? to : null;
    if (this.asked === null && to === this.at && !linked) return;
    const byKey = this.root.querySelector('.next').matches(':focus-visible');
    this.at = to;
    this.show();
    if (this.asked !== null && byKey) this.steps[to].querySelector('.guess input').focus();
    if (!linked) history.replaceState(null, '', `#${this.number === '1' ? '' : `e${this.number}.`}step=${to + 1}`);
  }

  // The number that a step finds, where it is one number.
  gradientOf(k) {
    const stage = this.stages[k], tensor = this.tensor(stage);
    return stage.kind === 'backward' && tensor?.lo.length === 1 ? tensor : null;
  }

  tensor(stage) {
    if (!this.followed || !stage.total) return null;
    const {followed} = this;
    return (stage.kind === 'forward' ? followed.value(stage.total) : followed.gradient(stage.run, stage.total)).tensor;
  }

  show() {
    const {stages, at} = this;
    this.steps.forEach((step, k) => { step.hidden = k !== at; });
    this.slider.value = at + 1;
    this.root.querySelector('.count').textContent = `${at + 1} of ${stages.length}`;
    const off = {first: at === 0, back: at === 0, next: at === stages.length - 1, last: at === stages.length - 1};
    for (const [name, is] of Object.entries(off)) this.root.querySelector(`.${name}`).setAttribute('aria-disabled', is);
    this.follow();
  }

  // Writes the numbers of the step, and of the figure as far as the walk has come.
  follow() {
    const stage = this.stages[this.at], hides = this.asked === this.at;
    const {values, gradients} = reached(this.data, this.followed, this.at, hides);
    const wires = stage.terms.map((term) => term.slice(0, 2));
    this.figure.show({values, gradients, run: stage.run, now: {at: stage.at, wires}});
    const step = this.steps[this.at], output = step.querySelector('.numbers output');
    step.classList.toggle('asking', this.asked === this.at);
    step.querySelector('.guess')?.remove();
    if (this.asked === this.at) step.querySelector('h3').after(this.guess(step));
    if (output && this.followed) output.replaceChildren(...this.sentence(stage));
    const row = step.querySelector('.numbers');
    if (row) row.hidden = !this.followed;
  }

  // ≈ 0.1966 · 2 + … ≈ 0.3932; = only where no number is rounded.
  sentence(stage) {
    const {followed, data} = this, {digits} = data;
    const found = stage.kind === 'forward' ? followed.value(stage.total) : followed.gradient(stage.run, stage.total);
    if (!found.tensor) return [`: ${found.problem || 'no number'}`];
    const tensor = followed.listed(found.tensor), out = [];
    const whole = ({lo, hi}) => lo.every((one, k) => isExact(one, hi[k], digits));
    const equals = (tensors) => tensors.every(whole) ? ' = ' : ' ≈ ';
    let used = [];
    if (tensor.lo.length === 1 && stage.kind === 'backward') {
      const terms = stage.terms.map((term) => this.term(stage, term)).filter((one) => one);
      if (terms.length === stage.terms.length && terms.length) {
        used = stage.terms.flatMap((term) => term.slice(2).map((key) => followed.gradient(stage.run, key).tensor));
        out.push(equals(used), terms.join(' + '));
      }
    }
    if (stage.plugged && tensor.lo.length === 1) {
      const tree = followed.read(stage.plugged), names = [...walk(tree)].filter((part) => part.kind === 'name');
      const numbers = names.map((part) => followed.value(part.id).tensor);
      if (numbers.every((one) => one?.lo.length === 1)) {
        used = numbers;
        out.push(equals(used), mathematics(this.withNumbers(tree), {}));
      }
    }
    return [...out, equals([...used, tensor]), shown(tensor, digits)];
  }

  // An expression with the numbers in the places of the names.
  withNumbers(tree) {
    if (Array.isArray(tree)) return tree.map((part) => this.withNumbers(part));
    if (!tree || typeof tree !== 'object') return tree;
    if (tree.kind === 'name') {
      const text = inFigure(this.followed.value(tree.id), this.data.digits);
      if (!text) return tree;
      const number = {kind: 'num', text: text.replace('−', '')};
      return text.startsWith('−') ? {kind: 'neg', arg: number} : number;
    }
    return Object.fromEntries(Object.entries(tree).map(([key, part]) => [key, this.withNumbers(part)]));
  }

  term(stage, [, , upstream, local]) {
    const number = (key) => {
      const tensor = key && this.followed.gradient(stage.run, key).tensor;
      return tensor?.lo.length === 1 ? known(tensor.lo[0], tensor.hi[0], this.data.digits) : null;
    };
    const [above, here] = [number(upstream), number(local)];
    if (here === null || (upstream && above === null)) return null;
    if (!upstream) return null;
    return `${above} · ${here.startsWith('−') ? `(${here})` : here}`;
  }

  // Asks for the next number before it is shown.
  guess(step) {
    const field = element('input', {type: 'text', inputMode: 'decimal', autocomplete: 'off', ariaLabel: 'Your prediction'});
    const said = element('span', {className: 'said'});
    said.setAttribute('role', 'status');
    const answer = () => {
      const tensor = this.gradientOf(this.at), value = tensor.lo[0] / 2 + tensor.hi[0] / 2;
      const mine = decimal(field.value);
      if (field.value.trim() && mine === null) { said.textContent = 'Type a number, as in −0.25.'; return; }
      const near = mine !== null && Math.abs(mine - value) <= 0.01 * Math.abs(value) + 1e-9;
      this.asked = null;
      this.follow();
      const text = numberText(value, this.data.digits);
      const verdict = mine === null ? '' : near ? 'Right. ' : `You said ${field.value.trim()}. `;
      step.querySelector('h3').after(element('p', {className: 'guess said'}, `${verdict}It is ${text}.`));
      this.root.querySelector('.next').focus();
    };
    field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault(); // else it presses the button that gets the focus
      answer();
    });
    const show = element('button', {type: 'button', onclick: answer}, 'Show');
    return element('p', {className: 'guess'}, element('label', {}, 'What number comes out? ', field), ' ', show, ' ', said);
  }
}

// The numbers of the figure at a step, names → text; hides: that of the step itself is asked for.
function reached({stages, fields, digits}, followed, at, hides) {
  const values = new Map(), gradients = new Map();
  for (const field of fields ?? []) values.set(field.name, inFigure(followed.value(field.name), digits));
  stages.forEach((stage, k) => {
    const is = k < at || (k === at && !hides);
    if (stage.kind === 'forward') {
      const text = inFigure(followed?.value(stage.at), digits);
      if (is || text === null) values.set(stage.at, text);
    }
    if (stage.kind !== 'backward' || stage.run !== stages[at].run || !is) return;
    gradients.set(stage.at, inFigure(followed?.gradient(stage.run, stage.total), digits));
  });
  return {values, gradients};
}

// What stands in the figure: a number, or null where a name stands already.
function inFigure(found, digits) {
  if (!found || found.tensor?.dims.length) return null;
  return found.tensor ? known(found.tensor.lo[0], found.tensor.hi[0], digits) ?? '?' : '–';
}

// A number that somebody typed; null where it is none.
function decimal(text) {
  const plain = text.trim().replace(/[−–]/g, '-');
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(plain) && Number.isFinite(+plain) ? +plain : null;
}
