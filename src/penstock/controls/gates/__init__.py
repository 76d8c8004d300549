"""Gates: one valve for kill switches, breakers and throttles. See ``core.gate`` for what they mean together."""
