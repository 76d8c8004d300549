"""The watch: what fails, why, and the incidents that tell of it."""
