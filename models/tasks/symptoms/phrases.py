"""Texts put together from phrases, for demonstration: nobody complained of this."""

import numpy as np

from data.table import Dataset
from data.texts import pack_texts

_BEGINNINGS = ("For some days", "Since last week", "Lately", "For about a month", "Since yesterday")
_SIGNS = (  # in the order of the classes
    *("pimples on my face", "stiff and swollen joints", "wheezing and shortness of breath", "a stiff, aching neck"),
    *("itchy blisters all over", "a runny nose and sneezing", "high fever and pain behind the eyes"),
    *("bleeding and itching when I go to the toilet", "an itchy ring-shaped rash", "a pounding head and dizziness"),
    *("yellow crusts around my mouth", "yellow eyes and dark urine", "chills, sweating and fever that comes back"),
    *("throbbing pain on one side of my head", "fever, cough with phlegm and chest pain when breathing"),
    *("dry, scaly patches on my elbows", "fever, belly pain and constipation", "bulging veins on my legs"),
    *("itchy, watery eyes and sneezing from pollen", "great thirst and passing water often"),
    *("a rash since I started a new medicine", "burning in my chest after meals", "gnawing stomach pain at night"),
    *("burning when I pass water",),
)
_ENDS = ("It worries me.", "It is worse at night.", "It comes and goes.", "Nothing has helped so far.", "I feel weak.")


def write(n: int, seed: int) -> Dataset:
    """Return ``n`` texts, each with the sign of its class."""
    random = np.random.default_rng(seed)
    y = random.integers(0, len(_SIGNS), n)
    texts = [
        f"{_BEGINNINGS[random.integers(len(_BEGINNINGS))]} I have had {_SIGNS[k]}. {_ENDS[random.integers(len(_ENDS))]}"
        for k in y
    ]
    return Dataset(pack_texts(texts), y.astype(np.int64), f"made up, seed {seed}", synthetic=True)
