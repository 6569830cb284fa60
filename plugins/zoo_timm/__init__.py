"""timm's backbones for astrozoo, and their weights on the Hub."""
