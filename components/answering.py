"""An answer on its way: worded in a thread, so that the page can show it growing and stop it at any moment."""

import threading
import time
from collections.abc import Sequence

from accounts.allowance import Allowance
from rag.answer import Answer, answers


class Answering:
    """One question being answered.

    ``latest`` is what has been said so far, ``error`` what ended it early; both are final once ``done`` is set.
    """

    def __init__(
        self,
        question: str,
        history: Sequence[tuple[str, str]],
        provider: str,
        allowance: Allowance | None,
        *,
        nobody_in_danger: bool = False,
    ) -> None:
        self.question = question
        self.latest: Answer | None = None
        self.error: Exception | None = None
        self.done = threading.Event()
        self._begun = time.monotonic()
        self._stopped = threading.Event()
        self._ask = (tuple(history), provider, allowance, nobody_in_danger)
        threading.Thread(target=self._work, name="answer", daemon=True).start()

    @property
    def seconds(self) -> float:
        """Seconds since the question was asked."""
        return time.monotonic() - self._begun

    def stop(self) -> None:
        """Leave the answer; a language model is cut off with the next piece that comes."""
        self._stopped.set()

    def _work(self) -> None:
        history, provider, allowance, nobody_in_danger = self._ask
        try:
            for given in answers(
                self.question,
                history,
                provider=provider,
                allowance=allowance,
                stopped=self._stopped.is_set,
                nobody_in_danger=nobody_in_danger,
            ):
                if not self._stopped.is_set():  # else it is only followed to its end, to count what it cost
                    self.latest = given
        except Exception as error:  # the page raises or shows it
            self.error = error
        finally:
            self.done.set()
