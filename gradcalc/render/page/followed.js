// Every number of an exercise at the values that are set: forward, and of each backward pass.

class Followed {
  constructor(data) {
    this.data = data;
    const {functions, unknown} = data.computation;
    this.words = {functions: [...Object.keys(functions), ...unknown]};
    this.trees = data.runs.map((run) => run.map((one) => this.read(one.text)));
    this.point = {sizes: data.sizes, values: {}, upstream: {}};
    for (const field of data.fields) this.table(field)[field.name] = field.value;
    this.start = structuredClone(this.point);
    this.compute();
  }

  read(text) {
    return parse(text, this.words);
  }

  // Where the value of a field is kept.
  table(field) {
    return this.point[field.upstream ? 'upstream' : 'values'];
  }

  // Follows a change. What has no value is kept with its reason.
  compute() {
    const {data} = this;
    this.env = environment(data.computation, this.point);
    this.found = data.runs.map((run, r) => {
      let env = this.env;
      const numbers = {};
      run.forEach((one, k) => {
        try {
          const tensor = this.formula(one, this.trees[r][k], env);
          numbers[one.key] = {tensor};
          env = bind(env, one.key, tensor);
        } catch (problem) {
          if (!(problem instanceof Undefined)) throw problem;
          numbers[one.key] = {problem: inWords(problem)};
        }
      });
      return numbers;
    });
  }

  formula(one, tree, env) {
    const tensor = one.free ? entries(tree, one.free, env) : evaluate(tree, env);
    return fitted(one.stacked ? unstacked(tensor, one.over) : tensor, one.shape, one.over ?? [], env);
  }

  value(name) {
    try {
      return {tensor: valueOfName({kind: 'name', id: name}, this.env)};
    } catch (problem) {
      if (!(problem instanceof Undefined)) throw problem;
      return {problem: inWords(problem)};
    }
  }

  gradient(run, key) {
    return this.found[run]?.[key] ?? {problem: ''};
  }

  // As it is printed: examples are the last axis.
  listed(tensor) {
    return tensor.over.length ? stacked(tensor, this.env) : tensor;
  }

  // The exercise's own values, with others in the place of some.
  reset(values = {}) {
    const {start} = this;
    this.point = structuredClone({...start, values: {...start.values, ...values}});
    this.compute();
  }

  // Are the exercise's own values set?
  get isOwn() {
    return JSON.stringify(this.point) === JSON.stringify(this.start);
  }
}

function inWords(problem) {
  return problem instanceof Unsure ? UNKNOWN : problem.message;
}

// A stack, its examples last, as one array for each example.
function unstacked(tensor, over) {
  const rank = tensor.dims.length, rest = rank - over.length;
  return rearranged(tensor, [...range(over.length).map((k) => rest + k), ...range(rest)], over);
}

// A tensor in the lengths it is declared to have, for each example where it is per example.
function fitted(tensor, lengths, over, env) {
  for (const index of over) tensor = alongIndex(tensor, index, env); // the same for every example
  const outer = tensor.dims.slice(0, tensor.over.length), dims = [...outer, ...lengths];
  const want = product(dims), each = product(lengths);
  let {lo, hi} = tensor;
  if (lo.length !== want) {
    if (product(tensor.shape) !== 1) throw new Misfit('the formula has another shape than the answer');
    [lo, hi] = [lo, hi].map((list) => Float64Array.from({length: want}, (_, k) => list[Math.floor(k / each)]));
  }
  return {lo, hi, dims, over: tensor.over, shape: lengths};
}
