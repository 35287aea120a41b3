"""Glaucoma in a photograph of the back of the eye."""
