// The values: a field for each number, and what a gradient means.

const CELLS = 64; // entries of an array that have fields of their own

class Values {
  constructor(article, data, followed, changed) {
    Object.assign(this, {data, followed, changed});
    this.root = article.querySelector('.change');
    this.root.hidden = false;
    this.said = this.root.querySelector('.said');
    for (const field of data.fields) this.field(field);
    this.root.querySelector('.reset').addEventListener('click', () => this.reset());
    if (data.variants) this.others(data.variants);
    this.said.textContent = this.kinks();
    this.nudge();
  }

  field(field) {
    const box = this.root.querySelector(`fieldset[data-of="${CSS.escape(field.name)}"]`);
    box.append(this.fields(field));
    if (field.kind === 'fixed') {
      box.append(element('p', {className: 'note'}, `stays as it is: ${field.assumed.join(', ') || 'whole numbers'}`));
    }
  }

  fields(field) {
    if (typeof field.value === 'number') return this.scalar(field);
    const grid = element('div', {className: 'grid'}), shape = [];
    for (let at = field.value; Array.isArray(at); at = at[0]) shape.push(at.length);
    const count = product(shape);
    if (count > CELLS || shape.length > 2) return element('p', {className: 'note'}, `${shape.join(' × ')} numbers`);
    const columns = shape.length === 2 ? shape[1] : 1;
    grid.style.gridTemplateColumns = `repeat(${columns}, 4.6rem)`;
    for (let k = 0; k < count; k++) {
      const place = shape.length === 2 ? [Math.floor(k / columns), k % columns] : [k];
      grid.append(this.input(field, place));
    }
    return grid;
  }

  scalar(field) {
    const box = element('div', {className: 'number'}), input = this.input(field, []);
    if (field.kind === 'fixed') { box.append(input); return box; }
    const reach = 3 * Math.abs(field.value) || 3;
    const [least, most] = field.range ?? [-reach, reach];
    const slider = element('input', {type: 'range', min: least, max: most, step: 'any', value: field.value, ariaLabel: `${field.name}, slider`});
    slider.addEventListener('input', () => {
      input.value = String(+(+slider.value).toPrecision(4));
      this.set(field, [], input);
    });
    input.addEventListener('input', () => { slider.value = decimal(input.value) ?? slider.value; });
    box.append(input, slider);
    return box;
  }

  input(field, place) {
    const label = [field.name, ...place.map((k) => k + 1)].join(' ');
    const input = element('input', {type: 'text', inputMode: 'decimal', autocomplete: 'off', ariaLabel: label});
    input.value = String(this.at(field, place));
    input.disabled = field.kind === 'fixed';
    input.dataset.place = place.join(',');
    input.addEventListener('input', () => this.set(field, place, input));
    return input;
  }

  at(field, place) {
    return place.reduce((value, k) => value[k], this.followed.table(field)[field.name]);
  }

  // Sets one number; what cannot be read, or breaks what is assumed, is said and changes nothing.
  set(field, place, input) {
    const value = decimal(input.value), problem = value === null ? this.unread(input.value) : this.refused(field, value);
    input.setAttribute('aria-invalid', problem !== '');
    this.said.textContent = problem;
    if (problem || value === null) return;
    this.put(field, place, value);
    this.followed.compute();
    this.said.textContent = this.kinks();
    this.changed();
    this.nudged?.();
  }

  put(field, place, value) {
    const table = this.followed.table(field);
    if (!place.length) table[field.name] = value;
    else place.slice(0, -1).reduce((list, k) => list[k], table[field.name])[place.at(-1)] = value;
  }

  unread(text) {
    if (/^\s*[+-]?\d+,\d+\s*$/.test(text)) return 'Write the number with a point: 0.5.';
    return text.trim() ? 'This is no number.' : '';
  }

  refused(field, value) {
    const broken = {positive: value <= 0, nonnegative: value < 0, negative: value >= 0, binary: value !== 0 && value !== 1};
    const word = field.assumed.find((one) => broken[one]);
    return word ? `${field.name} is assumed to be ${word}.` : '';
  }

  // In words, where the derivative does not exist or a number is undefined.
  kinks() {
    const {followed, data} = this, said = [];
    for (const kink of data.kinks ?? []) {
      try {
        const {lo, hi} = evaluate(followed.read(kink.text), followed.env);
        if (lo.some((one, k) => one <= 0 && hi[k] >= 0)) said.push(kink.said);
      } catch { /* it has no value, which its quantity says */ }
    }
    for (const stage of data.stages ?? []) {
      const found = stage.kind === 'forward' && followed.value(stage.at);
      if (found && found.problem) { said.push(`${stage.at}: ${found.problem}.`); break; }
    }
    return [...new Set(said)].join(' ');
  }

  // A button for the next of the variants; after the last comes the first.
  others(variants) {
    const button = this.root.querySelector('.other'), which = this.root.querySelector('.which');
    const say = (text) => { which.textContent = text; };
    let at = -1;
    button.addEventListener('click', () => {
      at = (at + 1) % variants.length;
      this.reset(variants[at]);
      say(`${at + 1} of ${variants.length}`);
    });
    this.root.querySelector('.reset').addEventListener('click', () => { at = -1; say(''); });
  }

  // The exercise's own values, or those of a variant.
  reset(values) {
    this.followed.reset(values);
    for (const field of this.data.fields) {
      const box = this.root.querySelector(`fieldset[data-of="${CSS.escape(field.name)}"]`);
      for (const input of box.querySelectorAll('input[type=text]')) {
        const place = input.dataset.place === '' ? [] : input.dataset.place.split(',').map(Number);
        input.value = String(this.at(field, place));
        input.removeAttribute('aria-invalid');
      }
      const slider = box.querySelector('input[type=range]');
      if (slider) slider.value = this.at(field, []);
    }
    this.said.textContent = this.kinks();
    this.changed();
    this.nudged?.();
  }

  // If x grows by h, f grows by about gradient · h.
  nudge() {
    const {data} = this, box = this.root.querySelector('.nudge');
    const run = data.of.findIndex((name, r) => name && data.runs[r].some((one) => this.inputOf(one, name)));
    const of = data.of[run], names = run < 0 ? [] : data.fields.filter((field) => field.kind === 'number' && data.runs[run].some((one) => one.key === `d${of}_d${field.name}`));
    if (!names.length || this.followed.value(of).tensor?.lo.length !== 1) { box.remove(); return; }
    const which = element('select', {}, ...names.map((field) => element('option', {}, field.name)));
    const by = element('input', {type: 'text', inputMode: 'decimal', value: '0.01', autocomplete: 'off'});
    const said = element('output');
    this.nudged = () => { said.textContent = this.change(data.fields.find((one) => one.name === which.value), of, run, decimal(by.value)); };
    which.addEventListener('change', this.nudged);
    by.addEventListener('input', this.nudged);
    box.append(element('h3', {}, 'What a gradient means'), element('p', {},
      element('label', {}, 'Move ', which), ' ', element('label', {}, 'by ', by), ' ', said));
    this.nudged();
  }

  inputOf(one, of) {
    return this.data.fields.some((field) => one.key === `d${of}_d${field.name}`);
  }

  change(field, of, run, by) {
    const {followed, data} = this, middle = ({lo, hi}) => lo[0] / 2 + hi[0] / 2;
    if (by === null) return 'by how much? Type a number.';
    const before = followed.value(of).tensor, slope = followed.gradient(run, `d${of}_d${field.name}`).tensor;
    const own = followed.point.values[field.name];
    const moved = environment(data.computation, {...followed.point, values: {...followed.point.values, [field.name]: own + by}});
    let after;
    try { after = valueOfName({kind: 'name', id: of}, moved); } catch (problem) { return `${of} has no value there: ${inWords(problem)}.`; }
    if (!before || !slope) return `${of} has no gradient here.`;
    const [real, about] = [middle(after) - middle(before), middle(slope) * by];
    const text = (number, to) => numberText(+number.toPrecision(to), data.digits), step = text(by, 12);
    return `${of} changes by ${text(real, 10)}; gradient · ${by < 0 ? `(${step})` : step} = ${text(about, 12)}.`;
  }
}
