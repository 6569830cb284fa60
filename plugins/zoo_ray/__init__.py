"""Survey runs on a Ray cluster, or on all processes of one machine."""
