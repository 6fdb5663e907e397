"""The earning engine: a pure function from an occasion, its context and compiled rules to awards."""
