"""What changed from one release to another, and how sure that is: the one source of statements."""
