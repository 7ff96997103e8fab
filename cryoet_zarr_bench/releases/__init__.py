"""Which releases there are, and the git history that is made of them."""
