"""Everything that reads and changes the files of a project for the browser.

Files are the only truth: nothing here keeps a copy that could be older than the disk, and nothing is overwritten that
the caller has not seen. What never lives here: HTTP, and any running of user code. Start reading at `workspace`.
"""
