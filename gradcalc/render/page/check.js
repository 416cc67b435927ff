// Check yourself: a field for each question, what was read, the verdict, hints of rising help.

class Check {
  constructor(article, practice) {
    this.article = article;
    this.questions = practice.questions;
    this.items = [...article.querySelectorAll('.question')];
    this.items.forEach((item, k) => this.question(item, k, practice));
    const copy = article.querySelector('.copy');
    copy.hidden = false;
    copy.querySelector('.yaml').addEventListener('click', () => this.copy(copy));
  }

  question(item, k, practice) {
    const find = (name) => item.querySelector(`.${name}`);
    const [field, echo, verdict] = [find('try .answer'), find('echo'), find('verdict')];
    find('try').hidden = false;
    field.addEventListener('input', () => {
      verdict.replaceChildren();
      verdict.className = 'verdict';
      field.removeAttribute('aria-invalid');
      this.echo(echo, k, field.value, practice);
    });
    const ask = () => this.judge(item, k, field, practice);
    field.addEventListener('keydown', (event) => { if (event.key === 'Enter') ask(); });
    find('ask').addEventListener('click', ask);
    this.help(item, k, find('help'), find('hint'));
  }

  // Help that rises: hints, the step of the walk, the answer.
  help(item, k, box, button) {
    const levels = [...box.children], step = item.dataset.stage;
    if (step !== undefined) levels.push(this.level('The step', this.article.querySelectorAll('.step')[step].querySelector('.normal'), box));
    levels.push(this.level('The answer', this.article.querySelectorAll('.key .solved')[k], box));
    const label = () => {
      const next = levels.findIndex((level) => level.hidden);
      button.hidden = next < 0;
      button.textContent = next === levels.length - 1 ? 'Show the answer' : next > 0 ? 'More help' : 'Hint';
    };
    button.addEventListener('click', () => {
      levels.find((level) => level.hidden).hidden = false;
      label();
    });
    label();
  }

  level(title, from, box) {
    const level = element('div', {className: 'level', hidden: true}, element('p', {className: 'title'}, title));
    if (from) level.append(...[...from.cloneNode(true).childNodes]);
    return box.appendChild(level);
  }

  // The answer as it is read, in mathematics, or why it cannot be read.
  echo(echo, k, text, practice) {
    echo.replaceChildren();
    echo.tabIndex = text.trim() ? 0 : -1; // what is too wide scrolls
    if (!text.trim()) return;
    const read = readAnswer(this.questions[k], text, practice);
    const draw = (tree) => mathematics(tree, practice.letters, practice.computation.shapes);
    if (read.message) echo.append(element('span', {className: 'unread'}, read.message));
    else if (read.tree) echo.append(draw(read.tree));
    else if (read.shape) read.shape.forEach((size, n) => echo.append(n ? ' × ' : '', draw(size)));
  }

  judge(item, k, field, practice) {
    const verdict = item.querySelector('.verdict'), found = this.found(this.questions[k], field.value, practice);
    const words = {right: '✓ Right', wrong: '✗ Wrong', undecided: '? Undecided', invalid: '! Not readable', blank: ''};
    verdict.className = `verdict ${found.verdict}`;
    field.setAttribute('aria-invalid', ['wrong', 'invalid'].includes(found.verdict));
    verdict.replaceChildren(element('b', {}, words[found.verdict]));
    const message = (found.message ?? '').replace(/^(Right|Wrong)[.:]? ?/, '');
    if (message) verdict.append(' ', message[0].toUpperCase() + message.slice(1));
  }

  // A number belongs to the exercise's own numbers: with others only formulas are checked.
  found(question, text, practice) {
    if (practice.isOwn() || readAnswer(question, text, practice).kind !== 'value') return judge(question, text, practice);
    const {value, ...formula} = question; // 1 may be right as a formula
    const is = readAnswer(formula, text, practice).kind === 'formula' && judge(formula, text, practice).verdict === 'right';
    return is ? {verdict: 'right'} : {verdict: 'undecided', message: MOVED};
  }

  // The answers as `gradcalc check` reads them.
  copy(box) {
    const lines = this.items.map((item, k) => {
      const text = item.querySelector('.try .answer').value.trim();
      return text && `  ${quoted(this.questions[k].name ?? this.questions[k].text)}: ${quoted(text)}`;
    }).filter((line) => line);
    const said = box.querySelector('.said'), yaml = `answers:\n${lines.join('\n')}\n`;
    if (!lines.length) { said.textContent = 'There is no answer yet.'; return; }
    const shown = box.querySelector('textarea') ?? box.appendChild(element('textarea', {readOnly: true, ariaLabel: 'My answers'}));
    shown.value = yaml;
    shown.rows = lines.length + 2;
    shown.select();
    const done = () => { said.textContent = 'Copied. Save it as answers.yaml for `gradcalc check`.'; };
    const failed = () => { said.textContent = 'Copy the text below.'; };
    if (navigator.clipboard) navigator.clipboard.writeText(yaml).then(done, failed);
    else failed();
  }
}

const MOVED = 'With changed values the page checks formulas only. Reset the values, and it checks numbers too.';
const quoted = (text) => JSON.stringify(text);
