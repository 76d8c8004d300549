-- What changes whenever another recipe is in use, or a rollout was changed.
SELECT u.recipe, u.revision, r.id, r.revision FROM recipe_in_use u LEFT JOIN rollouts r ON r.ended_at IS NULL
