"""What a layout of one's own tomogram will take, predicted from a few chunks, and checked."""
