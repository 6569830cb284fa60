"""Light curves folded at a period: the views that AstroNet takes."""
