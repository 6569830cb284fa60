"""Galaxies with structure, and what blur and noise make of them."""
