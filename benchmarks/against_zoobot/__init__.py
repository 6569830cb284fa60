"""Speed against Zoobot; ``__main__`` says how to run it."""
