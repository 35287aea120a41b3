"""Rows: the database, the vault, intake, partitions and public data sets."""
