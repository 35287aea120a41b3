"""What a page computes in a thread: how far it is, how it is stopped, and what it says where it fails."""

import threading

from components.work import Check, Unable, Work


def test_it_says_how_far_it_is_and_gives_its_result() -> None:
    seen, on = threading.Event(), threading.Event()

    def count(check: Check) -> str:
        for done in (0, 3, 6):
            check(done, 12)
        seen.set()
        on.wait(20)
        return "all"

    work = Work(count)
    assert seen.wait(20)
    part, words = work.how_far("case")
    assert part == 0.5 and words.startswith("6 of 12 cases, about ")
    on.set()
    assert work.ended.wait(20) and work.given == "all" and not work.error


def test_stopped_it_ends_at_the_next_step_without_an_error() -> None:
    on = threading.Event()

    def forever(check: Check) -> None:
        on.wait(20)
        while True:
            check(0, 1)

    work = Work(forever)
    assert work.how_far("case") == (0.0, "Getting ready")
    work.stop()
    on.set()
    assert work.ended.wait(20) and work.given is None and work.error == ""


def test_what_cannot_be_done_is_said_and_what_was_not_foreseen_is_named_without_its_content() -> None:
    def unable(_: Check) -> None:
        raise Unable("It cannot be read.")

    def broken(_: Check) -> None:
        raise ValueError("a person's name")

    told, hidden = Work(unable), Work(broken)
    assert told.ended.wait(20) and told.error == "It cannot be read."
    assert hidden.ended.wait(20) and hidden.error == "It ended with an unexpected ValueError."
