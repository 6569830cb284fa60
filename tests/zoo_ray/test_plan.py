"""How a cluster is divided."""

import pytest
from zoo_ray._plan import Node, Plan, make_plan

from zoo_core import UsageError


@pytest.mark.parametrize(
    ("nodes", "asked", "plan"),
    [
        # One machine: workers of four threads, or of as many as there are.
        ([Node(64)], {}, Plan(16, 4)),
        ([Node(2)], {}, Plan(1, 2)),
        ([Node(1)], {}, Plan(1, 1)),
        # A worker is in one machine: 5 + 3 cores are no two workers of four.
        ([Node(5), Node(3)], {"workers": 2}, Plan(2, 3)),
        ([Node(8), Node(8)], {"workers": 2}, Plan(2, 8)),
        ([Node(8), Node(8)], {"workers": 16}, Plan(16, 1)),
        ([Node(8), Node(6)], {"threads": 3}, Plan(4, 3)),
        ([Node(8)], {"workers": 1, "threads": 2}, Plan(1, 2)),
        # Machines that only keep the cluster together have no cores for work.
        ([Node(0), Node(16)], {}, Plan(4, 4)),
        # A GPU for each worker, with its share of the cores.
        ([Node(32, 4), Node(16)], {"on_gpu": True}, Plan(4, 8, 1)),
        ([Node(4, 8)], {"on_gpu": True}, Plan(4, 1, 1)),
    ],
)
def test_workers_and_threads(nodes, asked, plan):
    """No more threads than cores, on no machine."""
    assert make_plan(nodes, **asked) == plan


@pytest.mark.parametrize(
    ("nodes", "asked", "told"),
    [
        ([Node(8)], {"workers": 9}, "8 cores here, which are 8 workers of 1 threads; 9 are"),
        ([Node(8)], {"threads": 9}, "8 cores here, which are 0 workers of 9"),
        ([Node(8), Node(8)], {"workers": 3, "threads": 8}, "2 workers of 8 threads; 3 are"),
        ([Node(8)], {"on_gpu": True}, "0 GPUs"),
        ([Node(8, 2)], {"on_gpu": True, "workers": 3}, "2 GPUs"),
    ],
)
def test_too_small_is_told(nodes, asked, told):
    """Instead of waiting for cores that will never be there."""
    with pytest.raises(UsageError, match=told):
        make_plan(nodes, **asked)
