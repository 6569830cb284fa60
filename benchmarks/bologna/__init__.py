"""The Bologna lens-finding challenge on our own sets."""
