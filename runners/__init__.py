"""Accord's runners: compose, build, launch Horovod ranks, train, record, compare, report."""
