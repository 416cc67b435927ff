// Puts a page together: each exercise by itself.

function start(article) {
  article.classList.add('live');
  const data = JSON.parse(article.querySelector('script[type="application/json"]').textContent);
  const figure = new Figure(article), followed = data.fields ? new Followed(data) : null;
  const follow = following(article, data, figure, followed);
  if (article.querySelector('.change')) new Values(article, data, followed, follow);
  if (data.practice) new Check(article, {
    ...data.practice, computation: data.computation, letters: letters(article), isOwn: () => followed?.isOwn ?? true,
  });
}

// What follows a change: the step of the walk, or without a walk all numbers of the figure.
function following(article, data, figure, followed) {
  if (article.querySelector('.walk')) {
    const walk = new Walk(article, data, figure, followed);
    return () => walk.follow();
  }
  if (!followed) return () => {};
  // Without the answers only what is computed forward is shown.
  const lines = data.computation.lines.map(({name}) => ({kind: 'forward', at: name}));
  const whole = data.stages ? data : {...data, stages: lines}, last = whole.stages.length - 1;
  const follow = () => figure.show({...reached(whole, followed, last), run: whole.stages[last].run, now: {wires: []}});
  follow();
  return follow;
}

// How names are written: a copy of what the page has made of each.
function letters(article) {
  return Object.fromEntries([...article.querySelectorAll('.letters > *')].map((one) => [one.dataset.name, one.firstChild]));
}

if (typeof document !== 'undefined') {
  setLanguage(JSON.parse(document.getElementById('language').textContent));
  for (const article of document.querySelectorAll('article.play')) start(article);
}
