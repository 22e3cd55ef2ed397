"""What several models spent adds up, whatever the order."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from cope_graph.models.usage import Usage, together

STATUSES = ("reported", "estimated", "unknown")
spent = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.builds(
            Usage,
            st.integers(0, 10**9),
            st.integers(0, 10**9),
            st.integers(0, 10**9),
            st.integers(0, 10**9),
            st.sampled_from(STATUSES),
        ),
    )
)


def figures(usage: Usage) -> tuple[int, int, int, int]:
    return (
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_tokens,
        usage.reasoning_tokens,
    )


@given(spent)
def test_the_whole_is_the_sum_with_the_weakest_status(one: Sequence[tuple[str, Usage]]) -> None:
    whole = together(one)
    columns = zip(*(figures(usage) for _, usage in one), strict=True)
    assert figures(whole) == (tuple(map(sum, columns)) if one else (0, 0, 0, 0))
    weakest = max((STATUSES.index(usage.status) for _, usage in one), default=0)
    assert whole.status == STATUSES[weakest]


@given(spent, st.randoms(use_true_random=False))
def test_each_model_is_a_part_whatever_the_order(
    one: list[tuple[str, Usage]], random: object
) -> None:
    parts = dict(together(one).parts)
    random.shuffle(one)  # type: ignore[attr-defined]
    assert dict(together(one).parts) == parts
    assert set(parts) == {name for name, _ in one}
    for name, part in parts.items():
        assert figures(part) == figures(together([it for it in one if it[0] == name]))
