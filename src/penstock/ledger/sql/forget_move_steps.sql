DELETE FROM move_steps
