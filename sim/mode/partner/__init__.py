"""Partner modes: partners work together directly."""
