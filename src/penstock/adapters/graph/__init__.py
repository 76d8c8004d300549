"""Meta's Graph API behind ``port.Graph``; ``http`` is the one that talks to it."""
