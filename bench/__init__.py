"""Benchmarks: each figure beside a floor that is measured on the same machine in the same run (`make bench`)."""
