"""Medical questions and answers: a language model that hospitals teach together."""
