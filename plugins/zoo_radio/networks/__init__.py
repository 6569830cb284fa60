"""Networks of the published classifiers of radio galaxies, and one that may be turned."""
