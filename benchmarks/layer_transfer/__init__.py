"""How transferable layers are; ``__main__`` says how to run it."""
