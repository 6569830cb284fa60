"""The simulated sky of the strong-lensing models: physics, priors, rendering."""
