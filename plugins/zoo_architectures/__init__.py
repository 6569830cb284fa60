"""The canonical networks for astrozoo, untrained, for any bands, sizes and outputs."""
