"""Where the bytes of attached files are kept: ``port`` says what is asked of a store, ``disk`` is a local folder."""
