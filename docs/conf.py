"""How Sphinx builds the documentation: `make docs`."""

from __future__ import annotations

import importlib.metadata

project = "cryoet-zarr-bench"
release = version = importlib.metadata.version(project)
copyright = "the authors of cryoet-zarr-bench"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinxcontrib.typer"]
exclude_patterns = ["_build"]

# The documents are read on their own too, where headings have these addresses.
myst_heading_anchors = 3
myst_enable_extensions = ["fieldlist"]
suppress_warnings = ["myst.header", "myst.xref_missing"]

# Every notebook runs each time: a page never shows what the code no longer does.
nb_execution_mode = "force"
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_merge_streams = True

autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = "cryoet-zarr-bench"
html_copy_source = False
html_show_sourcelink = False
templates_path = ["_templates"]
html_sidebars = {
    "**": [
        *("sidebar/brand.html", "sidebar/search.html", "sidebar/scroll-start.html"),
        *("sidebar/dashboard.html", "sidebar/navigation.html", "sidebar/scroll-end.html"),
    ]
}
