"""Accord's simulator: partners, links, a proxy and agents on SimPy's virtual clock.

It imports simpy and numpy, and never torch, horovod, hydra or `runners`.
"""
