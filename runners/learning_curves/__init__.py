"""Learning curves: how accuracy follows from who was merged when, found from recorded runs."""
