"""Does a lossy codec hurt: particles at known places, found before and after."""
