"""Where incidents are told: alert targets outside of Penstock."""
