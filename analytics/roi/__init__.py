"""What the program brings back: its costs against the margin that would not have come without it."""
