"""What ``python -m fl`` understands: its commands and options, and the help that explains them."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from fl.attacks import KINDS
from fl.deploy.command import add_commands

WRONG = 2  # exit code: the input is wrong

Command = Callable[[argparse.Namespace], int]

_ABOUT = "Federated runs: hospitals train a model together, and patients' records stay with them."
_EXAMPLES = """\
examples:
  python -m fl run --task breast_cancer                  ten demo sites, the task's own settings
  python -m fl list                                      runs and their numbers, the newest first
  python -m fl cancel 12                                 stop run 12; its last good model stays
  python -m fl resume 12                                 go on after its last completed round

exit codes: 0 done, 1 failed, 2 the input is wrong (one line says what), 130 cancelled
python -m fl COMMAND --help explains a command."""

_RUN = """\
Train a task over its sites, here in this process, and show each round as it
ends. Every site trains on its own records, the strategy joins the updates, and
the global model is scored on rows that no site trains on. Ctrl-C cancels: the
last good model stays, and resume goes on from it."""
_RUN_EXAMPLES = """\
examples:
  python -m fl run --task breast_cancer --sites 4 --rounds 10
  python -m fl run --task heart_disease --strategy fedprox --setting proximal_mu=0.1
  python -m fl run --task breast_cancer --partition dirichlet:0.3 --drop 0.5 --quorum 0.2
  python -m fl run --task breast_cancer --strategy agentic --attack label_flip:0.3
  python -m fl run --task breast_cancer --sites 100 --fraction 0.2 --deadline 30
  python -m fl run --task vitals --sites 0 --datasets 3,4 --seed 7 --json result.json
  python -m fl run --task breast_cancer --queue --priority 10"""


_COMPARE = """\
Run every strategy in every scenario with every seed, and score each model on
the same held-out rows, which no site trains on. Gives the mean loss with its 95 %
interval over seeds, and a paired test against federated averaging. Nothing is
kept but the figures. Ctrl-C ends it with what there is so far."""
_COMPARE_EXAMPLES = """\
examples:
  python -m fl compare --task breast_cancer --strategies fedavg,fedmedian,agentic --scenario label_flip:0.3
  python -m fl compare --task breast_cancer --scenario corrupted --seeds 5 --json compare.json
  python -m fl compare --task heart_disease --scenario natural,dirichlet:0.3+sign_flip:0.2"""


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and keeps the lines of its descriptions."""

    def error(self, message: str) -> NoReturn:
        """End with the line and the exit code of wrong input."""
        print(f"{self.prog}: {message}", file=sys.stderr)
        raise SystemExit(WRONG)


def parser(carry_out: Mapping[str, Command]) -> Parser:
    """Return the parser; ``carry_out`` maps the name of each command to what it does."""
    top = Parser(
        prog="python -m fl", description=_ABOUT, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND", title="commands", parser_class=Parser)

    def command(name: str, help: str, about: str = "", examples: str = "") -> Parser:
        made: Parser = commands.add_parser(
            name,
            help=help,
            description=about or help[:1].upper() + help[1:] + ".",
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        made.set_defaults(command=carry_out[name])
        return made

    run = command("run", "train a task over its sites", _RUN, _RUN_EXAMPLES)
    _who(run)
    _how(run)
    _privately(run)
    _where(run)
    resume = command("resume", "go on with a cancelled, failed or waiting run after its last round, in this process")
    for executing in (run, resume):
        after = executing.add_argument_group("what comes of it")
        about = "write the result as one JSON object, and the model beside it, open"
        after.add_argument("--json", type=Path, metavar="FILE", help=about)
        after.add_argument("--no-mlflow", action="store_true", help="leave MLflow's record to the next worker")
    cancel = command("cancel", "stop a run, wherever it is executed; its last good model stays")
    for of_one in (resume, cancel):
        of_one.add_argument("run", type=int, metavar="RUN", help="the run's number, see: python -m fl list")
    listing = command("list", "list runs and the queue, the newest first")
    listing.add_argument("--json", type=Path, metavar="FILE", help="write the list as JSON")
    auditing = command("audit", "attack a finished run's model, look for overlap of sites, and value each site")
    auditing.add_argument("run", type=int, metavar="RUN", help="the run's number, see: python -m fl list")
    auditing.add_argument("--shadows", type=int, default=32, metavar="N", help="copies that attack (default: 32)")
    auditing.add_argument("--orders", type=int, default=20, metavar="N", help="orders of sites (default: 20)")
    auditing.add_argument("--json", type=Path, metavar="FILE", help="write what is found as JSON")
    auditing.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    worker = command("worker", "execute queued runs, one after the other, until ended; the app starts one by itself")
    worker.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    add_commands(commands.add_parser("deploy", help="serve real sites from this machine, or be one of them"))
    _comparison(command("compare", "compare strategies under scenarios, over seeds", _COMPARE, _COMPARE_EXAMPLES))
    command("strategies", "list the strategies with their parameters and papers")
    return top


def _comparison(compare: Parser) -> None:
    compare.add_argument("--task", required=True, metavar="NAME", help="the medical question")
    compare.add_argument(
        "--strategies",
        default="fedavg,equal,agentic",
        metavar="A,B",
        help="names with commas, or all; fedavg is always among them (default: fedavg,equal,agentic)",
    )
    compare.add_argument(
        "--scenario",
        default="iid",
        metavar="S,S",
        help="iid, dirichlet:ALPHA, skew:RATIO, natural, drop:PART or a kind of attack with its part of the sites, "
        "such as label_flip:0.3; parts joined by +; or all, clean, corrupted (default: iid)",
    )
    compare.add_argument("--seeds", type=int, default=5, metavar="N", help="seeds 0 to N-1 (default: 5)")
    compare.add_argument("--sites", type=int, metavar="N", help="demo sites (default: the task's own, at least 10)")
    compare.add_argument("--rounds", type=int, metavar="N", help="rounds of each run (default: the task's own)")
    compare.add_argument("--json", type=Path, metavar="FILE", help="write every run and the summary as one JSON object")
    compare.add_argument("--job", type=Path, help=argparse.SUPPRESS)
    compare.add_argument("--parent", type=int, help=argparse.SUPPRESS)


def _who(run: Parser) -> None:
    who = run.add_argument_group("what is trained, and who takes part")
    who.add_argument("--task", required=True, metavar="NAME", help="the medical question; see: python -m models list")
    who.add_argument(
        "--sites", type=int, metavar="N", help="demo sites made from public data, 0 for none (default: the task's own)"
    )
    who.add_argument(
        "--partition",
        metavar="HOW",
        help="how public data are divided: iid (evenly mixed), dirichlet:ALPHA (unlike each other; 0.1 extreme, 0.3 "
        "usual, 100 nearly even), skew:RATIO (from small to RATIO times as large) or natural (by real hospital) "
        "(default: the task's own)",
    )
    who.add_argument(
        "--datasets", type=_numbers, metavar="N,N", help="numbers of contributed datasets, as their receipts give them"
    )
    who.add_argument(
        "--nodes",
        type=_numbers,
        metavar="N,N",
        help="with --executor deployed: numbers of the real sites that take part",
    )


def _how(run: Parser) -> None:
    how = run.add_argument_group("how it trains")
    how.add_argument("--rounds", type=int, metavar="N", help="rounds of updates (default: the task's own)")
    how.add_argument("--strategy", metavar="NAME", help="how updates are joined (default: fedavg); see: strategies")
    how.add_argument(
        "--setting",
        action="append",
        type=_setting,
        metavar="NAME=VALUE",
        help="a parameter of the strategy; may be given again for another one",
    )
    how.add_argument(
        "--local-epochs",
        type=int,
        metavar="N",
        help="how often a site goes through its records in a round (default: the task's own)",
    )
    how.add_argument(
        "--steps",
        type=int,
        metavar="N",
        help="the most steps of a site in a round, over all its epochs; 0 for no limit (default: the task's own)",
    )
    how.add_argument("--batch-size", type=int, metavar="ROWS", help="rows a step (default: the task's own)")
    how.add_argument(
        "--learning-rate",
        type=float,
        metavar="RATE",
        help="of the sites' optimiser (default: the task's own)",
    )
    how.add_argument(
        "--seed", type=int, metavar="N", help="the same settings with the same seed give the same model (default: 0)"
    )
    how.add_argument(
        "--personal",
        type=int,
        metavar="EPOCHS",
        help="measure what each site gains by training the finished model further on its own records, a fifth of which "
        "it sets aside for that (default: 0, do not)",
    )
    how.add_argument(
        "--standardise",
        metavar="HOW",
        help="by whose mean and deviation a site standardises its inputs: together (of all sites) or site (its own, "
        "which then stay there, as in FedBN, for cameras or units that differ) (default: together)",
    )
    how.add_argument(
        "--fraction", type=float, metavar="PART", help="part of the sites sampled for each round, 0 to 1 (default: 1)"
    )
    how.add_argument(
        "--deadline",
        type=float,
        metavar="SECONDS",
        help="a round goes on without sites that take longer; 0 waits for all (default: 0)",
    )
    how.add_argument(
        "--quorum",
        type=float,
        metavar="PART",
        help="part of the sites asked that must answer a round, else the run stops with the last good model "
        "(default: 0.5)",
    )
    how.add_argument(
        "--drop",
        type=float,
        metavar="CHANCE",
        help="for trials: the chance, 0 to below 1, that a site drops out of a round (default: 0)",
    )
    how.add_argument(
        "--attack",
        metavar="KIND:FRACTION",
        help=f"for trials: the part of the demo sites that goes wrong, and how: {', '.join(KINDS)} (default: none)",
    )


def _privately(run: Parser) -> None:
    private = run.add_argument_group("how private it is")
    private.add_argument(
        "--dp-epsilon",
        type=float,
        metavar="E",
        help="differential privacy: the most that the run may tell of one row or site; 8 is usual, 1 strict, 0 none; "
        "the noise is computed from it, and the run ends when it is spent (default: 0)",
    )
    private.add_argument(
        "--dp-delta",
        type=float,
        metavar="D",
        help="chance with which that may fail; below one over the number of rows (default: 1e-05)",
    )
    private.add_argument(
        "--dp-level",
        metavar="LEVEL",
        help="what is hidden: example, each row, by noise at its site, or client, each whole site, by noise on the "
        "mean, which takes hundreds of sites (default: example)",
    )
    private.add_argument(
        "--dp-clip",
        type=float,
        metavar="LENGTH",
        help="the longest that the gradient of a row (default: 0.3), or the update of a site (default: 1), may be",
    )
    private.add_argument(
        "--dp-noise",
        type=float,
        metavar="TIMES",
        help="noise as a multiple of --dp-clip, in place of the least that lets all rounds fit (default: 0)",
    )
    private.add_argument(
        "--secure-aggregation",
        action="store_true",
        default=None,
        help="let the server see only the sum of the updates of a round, none of them",
    )
    private.add_argument(
        "--secure-threshold",
        type=float,
        metavar="PART",
        help="part of the sites that share a site's secrets whose help takes its masks off, above 0.5 (default: 0.667)",
    )


def _where(run: Parser) -> None:
    where = run.add_argument_group("where it is computed")
    where.add_argument(
        "--executor",
        metavar="NAME",
        help="what computes the sites' updates: in-process, vectorised (many small sites at once), ray (large "
        "networks), flower (Flower's own simulation, for reference), deployed (real sites) or auto, the fastest that "
        "fits; all give the same model (default: auto)",
    )
    where.add_argument(
        "--benefit",
        action=argparse.BooleanOptionalAction,
        help="afterwards train each site alone, and all rows pooled, to compare (default: yes, but not with language "
        "models, where it takes longer than the run)",
    )
    where.add_argument("--queue", action="store_true", help="leave the run to the worker, and return at once")
    where.add_argument(
        "--priority",
        type=int,
        metavar="N",
        help="with --queue: of the runs that wait, the highest starts next (default: 0)",
    )


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} must be numbers with commas, for example 3,4") from None


def _setting(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} must be NAME=NUMBER, for example proximal_mu=0.1") from None
