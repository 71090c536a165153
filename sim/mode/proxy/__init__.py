"""Proxy modes: something stands between the partners."""
