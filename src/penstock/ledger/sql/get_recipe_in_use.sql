SELECT recipe FROM recipe_in_use
