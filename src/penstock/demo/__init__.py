"""The demo: a whole Penstock beside a simulated Meta on this machine, and the acts that are played on it.

An annexe that nothing else needs. It uses the real parts and changes none of them. Called by ``cli.demo``.
"""
