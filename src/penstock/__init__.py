"""Penstock: inbound WhatsApp media that never goes missing.

The package's front door. It lists the version and nothing else; the rooms below it are described in ARCHITECTURE.md.
"""

__version__ = "0.1.0"
