"""Output for people: `pages` of the dashboard and `documents` in Markdown, made from `analysis`."""
