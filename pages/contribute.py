"""Contribute: a site gives rows in four steps, sees what it gave, and what it gains."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from accounts import audit
from accounts.people import UserView
from accounts.permissions import Action
from components import gate, theme
from components.contribute_compute import own_machine
from components.contributions import contribution_list, receipt_card
from components.example_files import column_guide, example_files, example_pictures
from components.plain_text import plain
from components.records import example_records, show_records, upload_records
from components.site_benefit import own_run, runs_by_dataset, site_benefit
from components.step_list import State, StepList
from components.texts import example_texts, show_texts, upload_texts
from components.theme import amount
from components.upload import (
    Upload,
    forget_upload,
    show_pictures,
    show_preview,
    show_problems,
    size_words,
    upload,
    upload_pictures,
)
from data.vault import Receipt, VaultError, receipts, store
from models.registry import tasks
from models.task import Task

KEY = "contribute"
STORED = f"{KEY}_stored"
WHAT_HAPPENS = (
    (":material/lock:", "Your rows are encrypted with your site's own key before they are written down."),
    (":material/home_health:", "They stay in the vault. Training opens them there and nowhere else."),
    (":material/sync_alt:", "Only model updates travel: numbers that describe the model, never a row."),
    (":material/undo:", "You can withdraw at any time. The rows are deleted, and no later run uses them."),
)


def page() -> None:
    """Draw the page for whoever is signed in."""
    gate.require(Action.CONTRIBUTE)
    theme.page(
        "Contribute what your site knows",
        "Your records help to train a model together with other sites, and you see what your site gains from it.",
    )
    person = gate.current_person()
    if person is None:
        return
    if gate.may(Action.CONTRIBUTE_DATA):
        _data(person)
    st.header("Train at your own site", anchor=False)
    own_machine(person, key=f"{KEY}_machine")


def _data(person: UserView) -> None:
    if person.site_id is None:
        _no_site()
        return
    site_id, known = person.site_id, tasks()
    own_run(site_id, key=KEY, can_cancel=gate.may(Action.CANCEL_RUN))
    steps, promise = st.columns([5, 2], gap="large")
    with steps:
        _four_steps(person, site_id, known)
    with promise, st.container(border=True):
        st.markdown(f"**What happens to the data of {plain(person.site_name or '')}**")
        for icon, sentence in WHAT_HAPPENS:
            st.markdown(f"{icon} {sentence}")
    titles = {name: task.title for name, task in known.items()}
    st.header("My contributions", anchor=False)
    _my_contributions(person, site_id, known)
    if gate.may(Action.VIEW_OWN_BENEFIT):
        st.header("What my site gains", anchor=False)
        site_benefit(site_id, titles, key=KEY)


def _no_site() -> None:
    st.info(
        "Rows are always contributed by a site, and this account belongs to none. An admin gives an account its site "
        "under People on the Admin page; in demo mode you can also sign in as the demo data provider on the Account "
        "page.",
        icon=":material/info:",
    )


def _four_steps(person: UserView, site_id: int, known: Mapping[str, Task]) -> None:
    steps = StepList(("Task", "File", "Check", "Confirm"), key=KEY)
    with steps.body(1):
        task = _choose_task(known)
    chosen: Upload | None = None
    with steps.body(2):
        if task is None:
            st.caption("Choose a task first.")
        else:
            chosen = _choose_file(task, person, site_id)
    if chosen is not None:
        st.session_state.pop(STORED, None)
    stored: Receipt | None = st.session_state.get(STORED)
    with steps.body(3):
        _check(task, chosen, stored)
    with steps.body(4):
        if stored is not None and task is not None:
            rows, name = amount(stored.rows, "row"), plain(stored.filename)
            st.success(f"{rows} of {name} are in the vault of {plain(stored.site)}.")
            receipt_card(stored, task, key=KEY)
        elif task is None or chosen is None or chosen.report.dataset is None:
            st.caption("Opens when a file has passed the check. Until then nothing is stored.")
        else:
            _confirm(task, chosen, person, site_id)
    steps.mark(_states(task, chosen, stored))


def _states(task: Task | None, chosen: Upload | None, stored: Receipt | None) -> tuple[State, State, State, State]:
    if task is None:
        return "now", "later", "later", "later"
    if stored is not None:
        return "done", "done", "done", "done"
    if chosen is None:
        return "done", "now", "later", "later"
    if chosen.report.dataset is None:
        return "done", "done", "mend", "later"
    return "done", "done", "done", "now"


def _choose_task(known: Mapping[str, Task]) -> Task | None:
    name = st.selectbox(
        "Task",
        list(known),
        index=None,
        format_func=lambda name: known[name].title,
        placeholder="Choose the question your records can help to answer",
        key=f"{KEY}_task",
        on_change=lambda: st.session_state.pop(STORED, None),
    )
    if name is None:
        return None
    task = known[name]
    if task.pictures is not None:
        named = ", ".join(f"{k} ({name})" for k, name in enumerate(task.classes))
        st.markdown(f"**{task.question}** A record is {task.pictures.kind} and what was found: {named}.")
        return task
    if task.texts is not None:
        beside = "" if task.generates else f" and {task.texts.labelled}"
        st.markdown(f"**{task.question}** A record is {task.texts.kind}{beside}. Leave out what identifies a person.")
        if not task.generates:
            st.caption("One of these: " + ", ".join(f"{k} ({name})" for k, name in enumerate(task.classes)))
        return task
    if task.signal:
        st.markdown(f"**{task.question}** A record is a heartbeat and its kind, as somebody marked it in an ECG.")
        return task
    st.markdown(f"**{task.question}** A record is {len(task.schema.columns)} inputs and what was found.")
    with st.expander("What each column must hold", icon=":material/list_alt:"):
        st.dataframe(column_guide(task), hide_index=True, key=f"{KEY}_guide")
    return task


def _choose_file(task: Task, person: UserView, site_id: int) -> Upload | None:
    source = f"contributed by {person.site_name}"
    if task.pictures is not None:
        example_pictures(task, seed=site_id, key=KEY)
        chosen = upload_pictures(task, source=source, key=KEY)
    elif task.texts is not None:
        example_texts(task, seed=site_id, key=KEY)
        chosen = upload_texts(task, source=source, key=KEY)
    elif task.signal:
        example_records(task, seed=site_id, key=KEY)
        chosen = upload_records(task, source=source, key=KEY)
    else:
        example_files(task, seed=site_id, key=KEY)
        chosen = upload(
            task.schema,
            source=source,
            key=KEY,
            help="One line a record, with the column names of the template. Leave out names, dates of birth and "
            "numbers that identify a person: other columns are neither read nor kept.",
        )
    if chosen is not None:
        st.caption(f"{plain(chosen.filename)} · {size_words(chosen.size)} · SHA-256 {chosen.report.sha256[:12]}…")
    return chosen


def _check(task: Task | None, chosen: Upload | None, stored: Receipt | None) -> None:
    if stored is not None:
        st.caption(f"All {amount(stored.rows, 'row')} of {plain(stored.filename)} passed.")
    elif task is None or chosen is None:
        st.caption("Every value is checked against the task's columns and ranges as soon as a file is chosen.")
    elif chosen.report.dataset is None:
        show_problems(chosen.report, filename=chosen.filename, key=KEY)
    else:
        dataset = chosen.report.dataset
        counts = [int((dataset.y == k).sum()) for k in range(len(task.classes))]
        order = (1, 0) if len(counts) == 2 else range(len(counts))
        found = ", ".join(f"{counts[k]:,} {task.classes[k]}" for k in order if counts[k] or task.texts is None)
        st.success(f"All {len(dataset):,} rows passed: {found}.")
        if task.pictures is not None:
            show_pictures(chosen.report, task)
        elif task.texts is not None:
            show_texts(chosen.report, key=KEY)
        elif task.signal:
            show_records(chosen.report, key=KEY)
        else:
            show_preview(chosen.report, task.schema, key=KEY)


def _confirm(task: Task, chosen: Upload, person: UserView, site_id: int) -> None:
    dataset = chosen.report.dataset
    assert dataset is not None  # the caller has looked
    synthetic = st.checkbox(
        "These rows are synthetic, not from patients",
        value=dataset.synthetic,
        disabled=dataset.synthetic,
        key=f"{KEY}_synthetic_{chosen.report.sha256[:12]}",
        help="Synthetic rows are marked so in every run and on every figure that rests on them. A file that marks its "
        "own rows, as the sample does, keeps that mark.",
    )
    st.markdown(
        f"**{amount(len(dataset), 'row')}** for **{task.title}** go into the vault of "
        f"**{plain(person.site_name or '')}**, encrypted. You get a receipt."
    )
    if st.button(
        "Contribute these rows",
        type="primary",
        icon=":material/volunteer_activism:",
        key=f"{KEY}_confirm",
    ):
        try:
            with st.spinner("Encrypting and storing"):
                st.session_state[STORED] = store(
                    replace(dataset, synthetic=synthetic),
                    task=task.name,
                    site_id=site_id,
                    filename=chosen.filename,
                    file_sha256=chosen.report.sha256,
                    by=person.id,
                )
        except VaultError as error:
            st.error(plain(str(error)))
            return
        detail = {"dataset": st.session_state[STORED].dataset_id, "rows": len(dataset), "synthetic": synthetic}
        audit.record("contribute data", f"{person.site_name}: {task.name}", by=person.id, detail=detail)
        forget_upload(KEY)
        st.rerun()


def _my_contributions(person: UserView, site_id: int, known: Mapping[str, Task]) -> None:
    if said := st.session_state.pop(f"{KEY}_said", None):
        st.success(said)
    used_in = runs_by_dataset(site_id)
    everything = receipts(site_id, withdrawn=True)
    kept = [receipt for receipt in everything if receipt.withdrawn_at is None]
    gone = [receipt for receipt in everything if receipt.withdrawn_at is not None]
    if not kept:
        st.markdown(
            "Nothing in the vault at the moment. What you contribute is listed here, with a way to withdraw it."
        )
    contribution_list(kept, known, used_in, person=person, key=KEY)
    if gone:
        with st.expander(f"Withdrawn ({len(gone)})", icon=":material/undo:"):
            contribution_list(gone, known, used_in, person=person, key=KEY)


page()
