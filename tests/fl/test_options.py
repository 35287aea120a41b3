"""The options of ``python -m fl`` and the help that explains them."""

from dataclasses import fields

import pytest

from fl.__main__ import OF_REQUEST, main
from fl.options import parser
from fl.request import EXECUTORS, RunRequest
from fl.result import command_of
from models.registry import get_task

COMMANDS = ("run", "resume", "cancel", "list", "worker", "strategies")
OTHERWISE = {"task": "--task", "strategy_settings": "--setting", "benefit": "--benefit, --no-benefit"}


def help_of(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    with pytest.raises(SystemExit) as end:
        main([*command, "--help"])
    assert end.value.code == 0
    return " ".join(capsys.readouterr().out.split())


def test_the_help_names_every_command_gives_examples_and_explains_exit_codes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = help_of(capsys)
    for command in COMMANDS:
        assert f" {command} " in said
    assert "python -m fl run --task breast_cancer" in said
    assert "0 done, 1 failed, 2 the input is wrong (one line says what), 130 cancelled" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_in_a_sentence(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert ". " in help_of(capsys, command)


def test_everything_that_can_be_asked_of_a_run_has_an_option_with_its_default(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = help_of(capsys, "run").partition(" examples: ")[0]
    for each in fields(RunRequest):
        assert OTHERWISE.get(each.name, f"--{each.name.replace('_', '-')} ") in said
        assert each.name in {*OF_REQUEST, *OTHERWISE}
    for name, default in (("quorum", 0.5), ("fraction", 1.0), ("deadline", 0.0), ("drop", 0.0)):
        assert getattr(RunRequest("any"), name) == default
        assert f"(default: {default:g})" in said.rpartition(f" --{name} ")[2].partition(" --")[0]


def test_every_executor_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    said = help_of(capsys, "run").rpartition("--executor NAME")[2].partition("--benefit")[0]
    for executor in EXECUTORS:
        assert executor in said


def test_benefit_is_measured_by_default_but_not_with_a_language_model() -> None:
    reads = parser(dict.fromkeys((*COMMANDS, "audit", "compare"), lambda _: 0))
    for name, usual in (("breast_cancer", True), ("medical_qa", False)):
        task = get_task(name)
        assert RunRequest.for_task(task).benefit is usual
        assert RunRequest.for_task(task, benefit=not usual).benefit is not usual
        for benefit in (True, False):
            words = command_of(RunRequest.for_task(task, benefit=benefit)).split()
            given = reads.parse_args(words[3:]).benefit
            assert (usual if given is None else given) is benefit
