"""Networks that take an image and give an image, and the one that judges them."""
