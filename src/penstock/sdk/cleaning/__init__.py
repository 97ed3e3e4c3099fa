"""Cleaning actions on data frames: the transformer actions of Mage, with the results that Mage 0.9.80 gives.

What never lives here: reading or writing data. Start reading at `actions`, which builds and executes an action;
`vocabulary` holds the words, `column_types` says what kind of values a column holds, the other modules do the work.
Actions that add or fill columns change the frame that they are given, as they do in Mage, and return it.
"""
