// The figure: its numbers, and what of it the walk has reached.

class Figure {
  constructor(article) {
    this.article = article;
    this.drawings = [...article.querySelectorAll('figure.graph > svg')];
    for (const drawing of this.drawings) drawing.style.width = `min(100%, ${1.5 * drawing.getAttribute('width')}px)`;
    this.stay();
    addEventListener('resize', () => this.stay());
    this.own = new Map(); // cells and what the table says in them without numbers
    this.rows = new Map([...article.querySelectorAll('.twin tbody tr')].map((row) => [row.dataset.of, row]));
  }

  // A figure that leaves room for the step stays in sight, a small one beside it.
  stay() {
    const board = this.article.querySelector('.board'), figure = board.querySelector('figure');
    board.classList.toggle('beside', Number(this.drawings[0]?.getAttribute('width')) <= 640);
    // On a telephone the drawing that does not fold is better as long as it can be read.
    figure.classList.toggle('whole', figure.clientWidth >= 0.75 * this.drawings[0]?.getAttribute('width'));
    const isBeside = getComputedStyle(board).display === 'grid';
    const stays = isBeside ? figure.offsetHeight < innerHeight : figure.offsetHeight < 0.5 * innerHeight;
    figure.classList.toggle('stays', stays);
    document.documentElement.style.scrollPaddingTop = stays && !isBeside ? `${figure.offsetHeight}px` : '';
  }

  // known: {values, gradients}: names → text (null: known, without a number); run: of the gradients;
  // now: {at, wires: [[from, to], …]}.
  show({values, gradients, run, now}) {
    for (const drawing of this.drawings) {
      for (const label of drawing.querySelectorAll('g.value')) this.label(label, values);
      for (const label of drawing.querySelectorAll('g.gradient')) {
        const mine = label.classList.contains(`run-${run}`);
        this.label(label, mine ? gradients : new Map());
      }
      for (const node of drawing.querySelectorAll('g.node')) {
        const {of} = node.dataset;
        node.classList.toggle('now', of === now.at);
        node.classList.toggle('lit', now.wires.some((one) => one[0] === of));
        node.classList.toggle('done', gradients.has(of));
      }
      for (const wire of drawing.querySelectorAll('g.wire')) {
        const {from, to} = wire.dataset;
        const lit = now.wires.some((one) => one[0] === from && (one[1] === to || to === ''));
        wire.classList.toggle('now', lit);
        wire.classList.toggle('done', !lit && gradients.has(from));
      }
    }
    for (const [name, row] of this.rows) {
      row.classList.toggle('now', name === now.at);
      this.cell(row.querySelector('.value'), values.get(name));
      this.cell(row.querySelector('.gradient .number'), gradients.get(name));
    }
  }

  // A label keeps its name; its number is put in the place of what was printed behind it, and is
  // hidden as long as the walk has not found it.
  label(label, texts) {
    const name = label.dataset.of, text = texts.get(name);
    label.classList.toggle('unknown', !texts.has(name));
    let number = label.querySelector('text.number');
    for (const run of [...label.children].slice(+label.dataset.keep)) {
      if (run !== number) run.classList.toggle('off', text !== null);
    }
    if (text === undefined || text === null) {
      number?.remove();
      return;
    }
    if (!number) {
      number = document.createElementNS(SVG, 'text');
      number.setAttribute('class', `number ${label.classList.contains('value') ? 'fwd' : 'back'}`);
      number.setAttribute('x', label.dataset.x);
      number.setAttribute('y', label.dataset.y);
      number.setAttribute('font-size', '13.3');
      label.append(number);
    }
    number.textContent = text;
  }

  cell(cell, text) {
    if (!cell) return;
    if (!this.own.has(cell)) this.own.set(cell, [...cell.childNodes]);
    cell.replaceChildren(...(text === null ? this.own.get(cell) : [text ?? '']));
  }

  // A button for each gradient, in the order of the walk, that leads to its step.
  buttons(stages, go) {
    stages.forEach((stage, k) => {
      const cell = this.rows.get(stage.at)?.querySelector('.gradient');
      if (!cell || stage.kind !== 'backward') return;
      const title = this.article.querySelectorAll('.step')[k].querySelector('h3 math');
      const button = element('button', {type: 'button', onclick: () => go(k)});
      button.append(title ? title.cloneNode(true) : `step ${k + 1}`);
      cell.querySelector('.number').before(button, ' ');
    });
  }
}
