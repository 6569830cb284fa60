"""Support vector machines and random forests on measured features, stored without pickle."""
