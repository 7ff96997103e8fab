"""Libraries that write layouts by their own defaults or read them, in environments of their own."""
