"""Storage configs measured on one tomogram, by fresh processes and without asv."""
