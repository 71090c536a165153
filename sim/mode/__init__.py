"""Modes: protocols by which partners get one model. Each is one page and a SimPy process."""
