"""The HTTP interface under /api: thin routes over the functions that pages use."""
