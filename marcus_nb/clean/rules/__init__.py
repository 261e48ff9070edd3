"""The rules of cleaning: each takes conversations and returns what it would change and drop, an `Outcome`."""
