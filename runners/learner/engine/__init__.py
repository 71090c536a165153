"""Engines: ways to do a cohort's jobs. What they have in common is in `runners.learner.cohort`."""
