-- How the customer can be reached by now, where that was shown which is no longer so.
UPDATE conversations SET contact = :contact WHERE id = :id AND contact = :previous
