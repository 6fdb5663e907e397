/* till-store */
