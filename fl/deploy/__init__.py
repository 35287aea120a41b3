"""Real sites: a server that they connect to, and a process at each of them that trains on its own vault."""
