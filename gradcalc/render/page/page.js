// Puts a page together: each exercise by itself.

function start(article) {
  article.classList.add('live');
  const data = JSON.parse(article.querySelector('script[type="application/json"]').textContent);
  const figure = new Figure(article), followed = data.fields ? new Followed(data) : null;
  const walk = data.stages ? new Walk(article, data, figure, followed) : null;
  if (followed) new Values(article, data, followed, () => walk?.follow());
  if (data.practice) new Check(article, {...data.practice, computation: data.computation, letters: letters(article)});
}

// How names are written: a copy of what the page has made of each.
function letters(article) {
  return Object.fromEntries([...article.querySelectorAll('.letters > *')].map((one) => [one.dataset.name, one.firstChild]));
}

if (typeof document !== 'undefined') {
  setLanguage(JSON.parse(document.getElementById('language').textContent));
  for (const article of document.querySelectorAll('article.play')) start(article);
}
