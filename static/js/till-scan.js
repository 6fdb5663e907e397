/* till-scan */
