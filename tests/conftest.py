"""What all tests share: hypothesis may take its time, since no test asserts a wall time."""

from hypothesis import settings

settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")
