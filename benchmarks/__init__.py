"""gradcalc beside its peers, on the same work, in one run: `python -m benchmarks`. See docs/benchmarks.md."""
