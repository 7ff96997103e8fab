"""Questions that people who store tomograms asked, each answered by figures that were measured."""
