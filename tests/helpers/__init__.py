"""What several test files share; `tests/` is on the path of the tests, so that each imports `helpers.…`."""
