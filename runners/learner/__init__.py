"""Learner `horovod` and its parts: ranks, flat models, batches, and the work between two merges."""
