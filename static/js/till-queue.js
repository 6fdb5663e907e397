/* till-queue */
