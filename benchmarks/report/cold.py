"""One answer in a process of its own: imports, reading the model, writing. Says ``first`` with its first word."""

import sys

from models.language.base import base
from models.language.writing import pieces
from models.tasks.medical_qa.network import make


def main(question: str, most: int) -> None:
    """Write an answer to ``question`` of at most ``most`` tokens."""
    for number, _ in enumerate(pieces(make().eval().model, base().tokenizer, question, most)):
        if number == 0:
            print("first", flush=True)
    print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
