"""From a complaint to possibilities: what fits, what speaks for and against it, how soon to be seen. No diagnosis."""
