"""Runs code that a model wrote, where it can read, reach and keep nothing.

`choose` finds a sandbox that holds (`probe` tries it), `verdicts` judges a candidate by tests
(`harness` is what runs inside, `asserts` what the tests look like there). A sandbox is a
`runner.CodeRunner`: `sandlock`, `bubblewrap`, `wasi`, and `unsafe`, which is none. The first two
and the last start the caller's Python (`interpreter`) on `boot`, and talk to it through `pipes`.
"""
