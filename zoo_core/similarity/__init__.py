"""Which objects are like a given one: nearest neighbours among feature vectors."""

from ._queries import Query, find_queries, make_queries
from ._search import METRICS, Found, nearest
from ._vectors import FEATURES, Vectors, open_vectors

__all__ = [
    "FEATURES",
    "METRICS",
    "Found",
    "Query",
    "Vectors",
    "find_queries",
    "make_queries",
    "nearest",
    "open_vectors",
]
