"""Leads from a CSV file: taken in and read once, mapped to fields, tried out, then imported step by step.

The file is read to its end when it comes, so that whatever is wrong with it as a file is told at once. What is kept is its rows, sealed, in parts of
at most 500 rows: a part is a step of the import, and its number is the whole cursor.
"""
