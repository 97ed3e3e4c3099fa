"""The revisions of the state database, oldest first. A file that was released is never changed."""
