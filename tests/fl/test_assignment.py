"""What a message asks is read right though several threads read at once."""

import threading
import time
from typing import Any

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, RecordDict

from fl import assignment


def _content(value: float) -> RecordDict:
    arrays = ArrayRecord()
    arrays["weights"] = Array(np.full(3, value, dtype=np.float32))
    return RecordDict({"arrays": arrays, "config": ConfigRecord({"plan": "{}"})})


def test_arrays_are_read_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, most = [0], [0]
    read = Array.numpy

    def slowly(self: Array) -> Any:
        reading[0] += 1
        most[0] = max(most[0], reading[0])
        time.sleep(0.01)
        reading[0] -= 1
        return read(self)

    monkeypatch.setattr(Array, "numpy", slowly)
    threads = [threading.Thread(target=assignment.Assignment(_content(i)).array, args=("weights",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
