"""Networks of our own and of the published lens finders and modellers."""
