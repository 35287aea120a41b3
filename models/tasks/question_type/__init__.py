"""What a question on health asks about: an encoder that hospitals teach together."""
