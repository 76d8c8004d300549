"""OpenTelemetry, for those who have a collector: spans and instruments in the words of the semantic conventions."""
