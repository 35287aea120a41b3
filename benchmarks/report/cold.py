"""One answer in a process of its own: imports, reading the model, writing."""

from benchmarks.report.measure import QUESTION, TOKENS
from models.language.base import base
from models.language.writing import write
from models.tasks.medical_qa.network import make

if __name__ == "__main__":
    print(write(make().eval().model, base().tokenizer, QUESTION, TOKENS))
