"""One answer in a process of its own: imports, reading the model, writing."""

from benchmarks.report.measure import QUESTION, TASK, TOKENS
from models.language.base import base
from models.language.writing import write
from models.registry import get_task

if __name__ == "__main__":
    network = get_task(TASK).network().eval()
    print(write(network.model, base().tokenizer, QUESTION, TOKENS))  # type: ignore[arg-type]
