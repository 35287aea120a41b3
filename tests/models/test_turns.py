"""Turns: never more at a time than may be, and whoever came first is next."""

import threading
import time

from models.turns import Turns


def test_no_more_than_may_have_a_turn() -> None:
    turns, came = Turns(2), threading.Event()

    def work() -> None:
        with turns.turn():
            came.set()

    third = threading.Thread(target=work)
    with turns.turn():
        with turns.turn():
            third.start()
            while not turns._waiting:
                time.sleep(0.001)
            assert not came.is_set()
        assert came.wait(20)
    third.join(20)


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
