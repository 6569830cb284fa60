"""How many labels a start is worth; ``__main__`` says how to run it."""
