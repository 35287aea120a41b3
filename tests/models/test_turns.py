"""Turns: never more at a time than may be, and whoever came first is next."""

import threading
import time

from models.turns import Turns


def test_no_more_than_may_have_a_turn() -> None:
    turns, lock = Turns(2), threading.Lock()
    at_work, most = 0, 0

    def work() -> None:
        nonlocal at_work, most
        with turns.turn():
            with lock:
                at_work += 1
                most = max(most, at_work)
            time.sleep(0.02)
            with lock:
                at_work -= 1

    _joined([threading.Thread(target=work) for _ in range(8)])
    assert most == 2


def test_whoever_came_first_is_next() -> None:
    turns, came = Turns(1), []

    def work(number: int) -> None:
        with turns.turn():
            came.append(number)

    with turns.turn():
        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for waiting, thread in enumerate(threads, 1):
            thread.start()
            while len(turns._waiting) < waiting:
                time.sleep(0.001)
        assert not came
    for thread in threads:
        thread.join(20)
    assert came == list(range(6))


def _joined(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)


def test_a_turn_comes_back_when_the_work_fails() -> None:
    turns = Turns(1)
    for _ in range(3):
        try:
            with turns.turn():
                raise ValueError
        except ValueError:
            pass
    with turns.turn():
        pass
