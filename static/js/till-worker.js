/* till-worker */
