"""MedHive's own engine, reached as ``python -m fl run`` reaches it: ``… medhive EXECUTOR TASK [FRACTION]``."""

import logging
import os
import sys

from benchmarks.systems import events
from fl.engine import Engine
from fl.request import RunRequest
from fl.watcher import RoundResult, Silent, Snapshot, Stop


class Noted(Silent):
    """Notes the end of every round."""

    def round_done(self, result: RoundResult, snapshot: Snapshot) -> None:
        """Take no note of round 0, in which nobody trains."""
        if result.round:
            events.round_done(result.round)


def main(executor: str, task: str, fraction: float = 1.0) -> None:
    """Train the task with its own settings."""
    engine = Engine()

    def federated() -> None:
        from fl.federation import close, federate
        from models.registry import get_task

        request = RunRequest.for_task(get_task(task), executor=executor, fraction=fraction, benefit=False)
        events.finish(federate(request, watcher=Noted(), stop=Stop()).weights)
        close()

    engine.call(federated).result()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(float, sys.argv[3:]))
    logging.shutdown()
    os._exit(0)  # as the command line does: taking PyTorch down in order would keep the person waiting
