UPDATE recipe_in_use SET recipe = :recipe, revision = revision + 1
