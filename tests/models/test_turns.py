"""Turns: never more at a time than may be, and whoever came first is next."""

import threading
import time

from models.turns import Turns


def test_no_more_than_may_have_a_turn_and_each_is_handed_on_in_order() -> None:
    turns, lock = Turns(2), threading.Lock()
    at_work, most, came = 0, 0, []

    def work(number: int) -> None:
        nonlocal at_work, most
        with turns.turn():
            with lock:
                at_work += 1
                most = max(most, at_work)
                came.append(number)
            time.sleep(0.05)
            with lock:
                at_work -= 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
        time.sleep(0.005)  # in this order
    for thread in threads:
        thread.join(20)
    assert most == 2 and came == list(range(8))


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
