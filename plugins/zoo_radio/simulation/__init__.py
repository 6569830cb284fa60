"""Images of radio galaxies as an interferometer sees them."""
