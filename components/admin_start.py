"""Admin, start a run: every setting with what it does, what will happen in one sentence, and the button."""

from dataclasses import replace
from typing import Any

import streamlit as st

from accounts.permissions import Action
from components import gate
from components.links import go
from components.theme import amount
from data.vault import Receipt, receipts
from fl.request import EXECUTORS
from fl.runs import RequestError, RunRequest, list_runs, submit, worker_status
from fl.strategies import STRATEGIES
from models.registry import tasks
from models.task import Task

PARTITIONS = {
    "iid": "evenly mixed (iid)",
    "dirichlet": "unlike each other (Dirichlet)",
    "natural": "by real hospital",
    "none": "no demo sites",
}
EXECUTOR_WORDS = {
    "auto": "automatic",
    "in-process": "in process (small models)",
    "ray": "Ray actors (large models)",
    "flower": "Flower's own simulation (reference)",
}


def start_form() -> None:
    """Draw the form; a good request is queued and its monitor opened."""
    known = tasks()
    who, how = st.columns(2, gap="large")
    with who:
        st.subheader("What and who", anchor=False)
        name = st.selectbox(
            "Task", list(known), format_func=lambda name: known[name].title, key="start_task", persist_state="page"
        )
        task = known[name]
        st.caption(task.question)
        datasets = _datasets(task)
        sites, partition = _demo_sites(task)
    with how:
        st.subheader("How", anchor=False)
        settings = _strategy()
        settings |= _training(task)
    request = replace(RunRequest.for_task(task), sites=sites, partition=partition, datasets=tuple(datasets), **settings)
    _summary(request, task)
    if st.button("Start the run", type="primary", icon=":material/play_arrow:", key="start_run"):
        _start(request)


def _datasets(task: Task) -> list[int]:
    given = {receipt.dataset_id: receipt for receipt in receipts(task=task.name)}
    if not given:
        st.caption("Nobody has contributed data for this task yet. The run can use demo sites.")
        return []
    return st.multiselect(
        "Contributed datasets",
        list(given),
        default=list(given),
        format_func=lambda key: _dataset_words(given[key]),
        key=f"start_datasets_{task.name}",
        help="Datasets of one site train together. The rows stay encrypted in the vault until the site's turn.",
    )


def _dataset_words(receipt: Receipt) -> str:
    made = ", synthetic" if receipt.synthetic else ""
    return f"{receipt.site}: {amount(receipt.rows, 'row')}{made}, {receipt.created_at:%d %b %Y}"


def _demo_sites(task: Task) -> tuple[int, str]:
    kind, _, alpha = task.training.partition.partition(":")
    choices = [each for each in PARTITIONS if each != "natural" or task.natural_sites]
    how = st.selectbox(
        "Demo sites from public data",
        choices,
        index=choices.index(kind),
        format_func=lambda each: PARTITIONS[each],
        key=f"start_partition_{task.name}",
        help="Public data are divided among demo sites. Held-out rows are never among them.",
    )
    if how == "none":
        return 0, "iid"
    if how == "natural":
        st.caption("One site for each hospital of the public data.")
        return max(task.training.sites, 1), "natural"
    sites = int(st.number_input("Number of demo sites", 1, 1000, task.training.sites, key=f"start_sites_{task.name}"))
    if how == "iid":
        return sites, "iid"
    value = st.number_input(
        "Dirichlet α",
        0.01,
        100.0,
        float(alpha or 0.3),
        key=f"start_alpha_{task.name}",
        help="Small values make the sites unlike each other: 0.1 is extreme, 0.3 usual, 100 nearly even.",
    )
    return sites, f"dirichlet:{value:g}"


def _strategy() -> dict[str, Any]:
    name = st.selectbox(
        "Strategy", list(STRATEGIES), format_func=lambda name: STRATEGIES[name].title, key="start_strategy"
    )
    info = STRATEGIES[name]
    st.caption(f"{info.summary} [Paper]({info.paper})")
    settings = {
        parameter.name: float(
            st.number_input(
                parameter.title,
                parameter.low,
                parameter.high,
                parameter.default,
                format="%g",
                key=f"start_{name}_{parameter.name}",
            )
        )
        for parameter in info.parameters
    }
    for parameter in info.parameters:
        st.caption(parameter.help)
    return {"strategy": name, "strategy_settings": settings}


def _training(task: Task) -> dict[str, Any]:
    own, key = task.training, task.name
    left, right = st.columns(2)
    with left:
        rounds = st.number_input("Rounds", 1, 1000, own.rounds, key=f"start_rounds_{key}")
        rate = st.number_input(
            "Learning rate",
            1e-6,
            10.0,
            own.learning_rate,
            format="%g",
            key=f"start_rate_{key}",
            help=f"Of the {own.optimiser} optimiser at the sites; multiplied by {own.decay:g} after every round.",
        )
    with right:
        epochs = st.number_input(
            "Local epochs",
            1,
            100,
            own.local_epochs,
            key=f"start_epochs_{key}",
            help="How often a site goes through its own records in a round.",
        )
        seed = st.number_input(
            "Seed",
            0,
            2**31 - 1,
            _next_run(),
            key=f"start_seed_{key}",
            help="The same settings with the same seed give the same model. It begins with the number of the next run.",
        )
    executor = st.selectbox(
        "Executor",
        EXECUTORS,
        format_func=lambda name: EXECUTOR_WORDS.get(name, name),
        key="start_executor",
        help="What computes the sites' updates. All give the same model; they differ in speed.",
    )
    return {
        "rounds": int(rounds),
        "local_epochs": int(epochs),
        "learning_rate": float(rate),
        "seed": int(seed),
        "executor": executor,
    }


def _next_run() -> int:
    newest = list_runs(limit=1)
    return newest[0].id + 1 if newest else 1


def _summary(request: RunRequest, task: Task) -> None:
    parts = []
    if request.sites:
        parts.append("the public hospitals" if request.partition == "natural" else amount(request.sites, "demo site"))
    if request.datasets:
        parts.append(amount(len(request.datasets), "contributed dataset"))
    who = " and ".join(parts) or "nobody yet: choose contributed datasets or demo sites"
    st.markdown(
        f"**{task.title}** trains for {amount(request.rounds, 'round')} with "
        f"{STRATEGIES[request.strategy].title} on {who}."
    )
    if not worker_status().alive:
        st.caption("The worker is not running now. The run waits in the queue until it is back.")


def _start(request: RunRequest) -> None:
    person = gate.current_person()
    if person is None or not gate.may(Action.START_RUN):
        st.error("Your role may not start a run.")
        return
    try:
        run_id = submit(request, by=person.id)
    except RequestError as error:
        st.error(str(error))
        return
    go("admin.py", {"section": "runs", "run": str(run_id)})
