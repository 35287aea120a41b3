"""How long the companion takes and what it holds in memory: ``python -m benchmarks.rag_speed [N]`` prints it as JSON.

A process of its own, on one thread, that opens the index of MEDHIVE_HOME as it is and asks one question after the
other, as one person does; ``python -m benchmarks rag`` starts it.
"""

import json
import sys
import time

import numpy as np
import psutil  # type: ignore[import-untyped]  # it comes without types
import torch

from benchmarks.rag import cases
from rag import embedding
from rag.answer import answers
from rag.index import open_index
from rag.retrieve import search


def main() -> int:
    """Print the figures: milliseconds at the 95th percentile, 10⁶ bytes, passages and questions."""
    torch.set_num_threads(1)
    asked = [str(case["question"]) for case in (*cases("questions.jsonl"), *cases("medquad_lay.jsonl"))]
    asked = asked[: int(sys.argv[1])] if sys.argv[1:] else asked
    index = open_index()
    embedding.load()
    begins, searches = [], []
    next(answers(asked[0], provider="extractive"))  # what is prepared once does not count
    for question in asked:
        begun = time.perf_counter()
        next(answers(question, provider="extractive"))
        begins.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        search(question)
        searches.append(time.perf_counter() - begun)
    memory = psutil.Process().memory_full_info()
    figures = {
        "passages": len(index.passages),
        "questions": len(asked),
        "search_ms": float(np.percentile(searches, 95)) * 1000,
        "first_words_ms": float(np.percentile(begins, 95)) * 1000,
        "own_mb": memory.uss / 1e6,
        "resident_mb": memory.rss / 1e6,
    }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
