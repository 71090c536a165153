"""Training of agents: episodes of a simulation that asks its decisions outside, environments for
any library of reinforcement learning, and our own deep Q-learning.
"""
