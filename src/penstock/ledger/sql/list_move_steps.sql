SELECT table_name, copied, content, last FROM move_steps
