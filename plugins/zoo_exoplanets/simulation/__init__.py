"""Simulated light curves of transits, and what can be mistaken for one."""
