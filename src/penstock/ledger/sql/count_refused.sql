-- Items whose last attempt ended in this class, among those that are still to be fetched.
SELECT count(*) FROM fetches WHERE outcome = :outcome
