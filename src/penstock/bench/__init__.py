"""Annexe: how fast and how large, each figure beside a floor that was measured in the same run.

One module per part (``receive``, ``fetch``, ``memory``, ``answer``), one per process that a part runs, and what they
share. Figures without their floor mean nothing on another machine, so none is given. Called by ``cli.bench``.
"""
