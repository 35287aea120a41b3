"""Admin, start a run: every setting with what it does, what will happen in one sentence, and the button."""

import streamlit as st

from accounts.permissions import Action
from components import gate, run_monitor, start_privacy
from components.task_menu import task_menu
from components.theme import amount
from data.vault import Receipt, receipts
from fl.attacks import KINDS
from fl.deploy.nodes import with_nodes
from fl.request import EXECUTORS, LONGEST_DEADLINE
from fl.runs import RequestError, RunRequest, list_runs, submit, worker_status
from fl.strategies import STRATEGIES
from models.registry import first_task, tasks
from models.task import Task

PARTITIONS = {
    "iid": "evenly mixed (iid)",
    "dirichlet": "unlike each other (Dirichlet)",
    "natural": "by real hospital",
    "none": "no demo sites",
}
EXECUTOR_WORDS = {
    "auto": "automatic",
    "in-process": "in process (any model)",
    "ray": "Ray actors (other processes, other machines)",
    "vectorised": "vectorised (many small sites at once)",
    "flower": "Flower's own simulation (reference)",
    "deployed": "real sites that are connected",
}
STANDARDISED = {
    "together": "by all sites together",
    "site": "by each site for itself, which keeps how (FedBN)",
}
ALPHA = 0.3  # of a Dirichlet division, where a task names none
_ERROR = "start_error"


def start_form() -> None:
    """Draw the form; its button queues the run and opens the monitor."""
    who, how = st.columns(2, gap="large")
    with who:
        st.subheader("What and who", anchor=False)
        task = task_menu("start_task")
        st.caption(task.question)
        if st.session_state.get("start_executor") == "deployed":
            st.caption("Real sites train on the rows in their own vaults: no demo sites, no datasets from this vault.")
        else:
            _datasets(task)
            _demo_sites(task)
    with how:
        st.subheader("How", anchor=False)
        _strategy()
        _training(task)
        start_privacy.controls(task)
    _summary(asked(), task)
    # Called before the page is drawn anew, so the run is under way while the monitor is drawn in place of this form.
    st.button("Start the run", type="primary", icon=":material/play_arrow:", key="start_run", on_click=_start)
    if error := st.session_state.pop(_ERROR, ""):
        st.error(error)


def asked() -> RunRequest:
    """Return what the form says now, what was changed in the moment before the click included.

    What has not been drawn yet, since another task or strategy was chosen in that moment, is at its default.
    """
    state, known = st.session_state, tasks()
    task = known[state.get("start_task", first_task())]
    own, key = task.training, task.name
    strategy = state.get("start_strategy", next(iter(STRATEGIES)))
    sites, partition = _division(task)
    datasets = tuple(state.get(f"start_datasets_{key}", _given(task)))
    noisy = start_privacy.trains_with_noise()
    executor = state.get("start_executor", EXECUTORS[0])
    if executor == "deployed":  # their rows lie in their own vaults
        sites, datasets = 0, ()
    return RunRequest.for_task(
        task,
        sites=sites,
        partition=partition,
        datasets=datasets,
        strategy=strategy,
        strategy_settings={
            each.name: float(state.get(f"start_{strategy}_{each.name}", each.default))
            for each in STRATEGIES[strategy].parameters
        },
        rounds=int(state.get(f"start_rounds_{key}", own.rounds)),
        # sites that add noise to their training have settings of their own for it
        local_epochs=None if noisy else int(state.get(f"start_epochs_{key}", own.local_epochs)),
        benefit=_benefit(task),
        personal=_personal(task),
        standardise=_standardise(task),
        steps=int(state.get(f"start_steps_{key}", own.steps)),
        learning_rate=None if noisy else float(state.get(f"start_rate_{key}", own.learning_rate)),
        seed=int(state[f"start_seed_{key}"] if f"start_seed_{key}" in state else _next_run()),
        executor=executor,
        fraction=float(state.get("start_fraction", 100)) / 100,
        deadline=float(state.get("start_deadline", 0)),
        drop=float(state.get("start_drop", 0)) / 100,
        **start_privacy.asked(),
        attack=_attack() if sites else "",
    )


def _benefit(task: Task) -> bool:
    """Whether to train each site alone as well; never where what sites send is hidden."""
    private = start_privacy.asked()
    if private.get("dp_epsilon") or private.get("secure_aggregation"):
        return False
    return bool(st.session_state.get(f"start_benefit_{task.name}", task.training.benefit))


def _personal(task: Task) -> int:
    """Return the epochs of further training; none where benefit is not measured."""
    if task.generates or not _benefit(task):
        return 0
    return int(st.session_state.get(f"start_personal_{task.name}", 0))


def _standardise(task: Task) -> str:
    """Return how inputs are standardised; together where a task leaves no choice, or noise on rows does not."""
    if not task.standardised or start_privacy.trains_with_noise():
        return "together"
    return str(st.session_state.get(f"start_standardise_{task.name}", "together"))


def _attack() -> str:
    kind = st.session_state.get("start_attack", "")
    return f"{kind}:{st.session_state.get('start_attack_part', 30) / 100:g}" if kind else ""


def _division(task: Task) -> tuple[int, str]:
    """Return the number of demo sites and how public data are divided among them."""
    state, key = st.session_state, task.name
    kind, _, alpha = task.training.partition.partition(":")
    how = state.get(f"start_partition_{key}", kind)
    if how == "none":
        return 0, "iid"
    if how == "natural":
        return max(task.training.sites, 1), how
    sites = int(state.get(f"start_sites_{key}", task.training.sites))
    return sites, "iid" if how == "iid" else f"dirichlet:{state.get(f'start_alpha_{key}', float(alpha or ALPHA)):g}"


def _given(task: Task) -> dict[int, Receipt]:
    return {receipt.dataset_id: receipt for receipt in receipts(task=task.name)}


def _datasets(task: Task) -> None:
    given = _given(task)
    if not given:
        st.caption("Nobody has contributed data for this task yet. The run can use demo sites.")
        return
    st.multiselect(
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


def _demo_sites(task: Task) -> None:
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
        return
    if how == "natural":
        st.caption("One site for each hospital of the public data.")
        return
    st.number_input("Number of demo sites", 1, 1000, task.training.sites, key=f"start_sites_{task.name}")
    if how == "dirichlet":
        st.number_input(
            "Dirichlet α",
            0.01,
            100.0,
            float(alpha or ALPHA),
            key=f"start_alpha_{task.name}",
            help="Small values make the sites unlike each other: 0.1 is extreme, 0.3 usual, 100 nearly even.",
        )


def _strategy() -> None:
    name = st.selectbox(
        "Strategy", list(STRATEGIES), format_func=lambda name: STRATEGIES[name].title, key="start_strategy"
    )
    info = STRATEGIES[name]
    st.caption(f"{info.summary} [Paper]({info.paper})")
    for each in info.parameters:
        st.number_input(
            each.title,
            each.low,
            each.high,
            each.default,
            step=1.0 if each.whole else None,
            format="%g",
            key=f"start_{name}_{each.name}",
        )
        st.caption(each.help)


def _training(task: Task) -> None:
    own, key = task.training, task.name
    left, right = st.columns(2)
    with left:
        st.number_input("Rounds", 1, 1000, own.rounds, key=f"start_rounds_{key}")
        st.number_input(
            "Learning rate",
            1e-6,
            10.0,
            own.learning_rate,
            format="%g",
            key=f"start_rate_{key}",
            help=f"Of the {own.optimiser} optimiser at the sites; multiplied by {own.decay:g} after every round.",
        )
    with right:
        st.number_input(
            "Local epochs",
            1,
            100,
            own.local_epochs,
            key=f"start_epochs_{key}",
            help="How often a site goes through its own records in a round.",
        )
        if own.steps:
            st.number_input(
                "Steps of a site in a round",
                1,
                100_000,
                own.steps,
                key=f"start_steps_{key}",
                help="The most that a site takes in a round; a step of a language model takes seconds.",
            )
        if not task.generates and _benefit(task):
            st.number_input(
                "Further epochs at each site",
                0,
                100,
                0,
                key=f"start_personal_{key}",
                help="Afterwards each site trains the finished model further on its own records, a fifth of which it "
                "sets aside to measure what that gives. 0 leaves it out.",
            )
        st.number_input(
            "Seed",
            0,
            2**31 - 1,
            _next_run(),
            key=f"start_seed_{key}",
            help="The same settings with the same seed give the same model. It begins with the number of the next run.",
        )
    st.checkbox(
        "Measure what each site gains",
        own.benefit,
        key=f"start_benefit_{key}",
        help="Afterwards each site is trained alone, and all records pooled, to compare. With a language model that "
        "takes longer than the run. Privacy budgets and secure aggregation leave it out: it would tell of a site.",
    )
    if task.standardised and not start_privacy.trains_with_noise():
        st.selectbox(
            "Inputs are standardised",
            list(STANDARDISED),
            format_func=STANDARDISED.__getitem__,
            key=f"start_standardise_{key}",
            help="By whose mean and deviation. A site that keeps its own can have another camera or other units; where "
            "sites differ in how many are ill, that difference is lost. The model of the run uses those of all sites.",
        )
    st.selectbox(
        "Executor",
        EXECUTORS,
        format_func=lambda name: EXECUTOR_WORDS.get(name, name),
        key="start_executor",
        help="What computes the sites' updates. All give the same model; they differ in speed.",
    )
    with st.expander("Absent sites"):
        st.number_input(
            "Sites sampled for each round (%)",
            1,
            100,
            100,
            key="start_fraction",
            help="With many sites a part of them, drawn anew for each round, is enough.",
        )
        st.number_input(
            "Deadline of a round (seconds)",
            0,
            LONGEST_DEADLINE,
            0,
            key="start_deadline",
            help="The round goes on without sites that have not answered by then. 0 waits for all.",
        )
        st.number_input(
            "Trial: chance that a site drops out of a round (%)",
            0,
            99,
            0,
            key="start_drop",
            help="To see what drop-outs do to the model. Below quorum the run stops with the last good model.",
        )
        wrong = st.selectbox(
            "Trial: demo sites that go wrong",
            ["", *KINDS],
            format_func=lambda kind: f"{kind}: {KINDS[kind]}" if kind else "none",
            key="start_attack",
            help="To see what a strategy withstands. What sites contributed is never altered.",
        )
        if wrong:
            st.number_input("Part of the demo sites that goes wrong (%)", 1, 90, 30, key="start_attack_part")


def _next_run() -> int:
    newest = list_runs(limit=1)
    return newest[0].id + 1 if newest else 1


def _summary(request: RunRequest, task: Task) -> None:
    parts = []
    if request.executor == "deployed":
        count = len(with_nodes(request).nodes)
        parts = [amount(count, "connected site")] if count else []
    if request.sites:
        parts.append("the public hospitals" if request.partition == "natural" else amount(request.sites, "demo site"))
    if request.datasets:
        parts.append(amount(len(request.datasets), "contributed dataset"))
    nobody = (
        "no connected site has rows" if request.executor == "deployed" else "choose contributed datasets or demo sites"
    )
    who = " and ".join(parts) or f"nobody yet: {nobody}"
    st.markdown(
        f"**{task.title}** trains for {amount(request.rounds, 'round')} with "
        f"{STRATEGIES[request.strategy].title} on {who}."
    )
    if not worker_status().alive:
        st.caption("The worker is not running now. The run waits in the queue until it is back.")


def _start() -> None:
    person = gate.current_person()
    if person is None or not gate.may(Action.START_RUN):
        st.session_state[_ERROR] = "Your role may not start a run."
        return
    try:
        run_id = submit(asked(), by=person.id)
    except RequestError as error:
        st.session_state[_ERROR] = str(error)
        return
    st.query_params.from_dict({"section": "runs", "run": str(run_id)})
    run_monitor.await_first_round(run_id)
