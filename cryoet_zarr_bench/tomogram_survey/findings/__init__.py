"""What the rows of a survey say: of each tomogram, of all together, of samples."""
