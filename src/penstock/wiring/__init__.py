"""The only room that knows which adapter stands behind which port: ``stores`` what lasts, ``instance`` what runs."""
