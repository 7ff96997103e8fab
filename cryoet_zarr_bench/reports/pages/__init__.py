"""Contents of the dashboard's own pages, of the page of `qc` and of the table on the screen."""
