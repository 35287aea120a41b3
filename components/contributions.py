"""What a site contributed: its receipts, and how to withdraw."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import streamlit as st

from accounts import audit
from accounts.people import UserView
from components.plain_text import plain
from components.theme import amount, figure
from data.vault import Receipt, VaultError, withdraw
from models.task import Task

_ASKED = "withdraw_asked"  # the dataset whose withdrawal is being asked about


def receipt_json(receipt: Receipt) -> str:
    """Return the receipt as the JSON document that a provider keeps."""
    return json.dumps(asdict(receipt), indent=2, default=lambda moment: moment.isoformat())


def receipt_card(receipt: Receipt, task: Task, *, key: str) -> None:
    """Draw a receipt: what was stored, when, and the SHA-256 by which the file can be recognised."""
    with st.container(border=True, key=f"{key}_receipt_{receipt.dataset_id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**Receipt {receipt.dataset_id}** · {task.title} · {plain(receipt.site)}", width="content")
            _synthetic_badge(receipt)
        rows, when = st.columns(2)
        with rows:
            figure("Rows stored", f"{receipt.rows:,}", _found(receipt, task))
        with when:
            figure("Stored", f"{receipt.created_at:%H:%M} UTC", f"{receipt.created_at:%d %B %Y}")
        st.caption(f"SHA-256 of {plain(receipt.filename)}")
        st.code(receipt.sha256, language=None, wrap_lines=True)
        _download("Download the receipt", receipt, key=f"{key}_made")


def _found(receipt: Receipt, task: Task) -> str:
    """Return how many rows are positive; nothing for a task of more than two classes, of which receipts do not tell."""
    return f"{receipt.positives:,} {task.classes[1]}" if len(task.classes) == 2 else ""


def contribution_list(
    receipts: Sequence[Receipt],
    known: Mapping[str, Task],
    used_in: Mapping[int, Sequence[int]],
    *,
    person: UserView,
    key: str,
) -> None:
    """Draw one card a dataset of the own site, each with its receipt and a way to withdraw it.

    Parameters
    ----------
    known : task name → task.
    used_in : dataset → the runs that trained on it.
    person : who looks at it, and whose site gave the datasets.
    """
    for receipt in receipts:
        with st.container(border=True, key=f"{key}_dataset_{receipt.dataset_id}"):
            text, acts = st.columns([3, 2], vertical_alignment="center")
            with text:
                with st.container(horizontal=True, vertical_alignment="center"):
                    title = known[receipt.task].title if receipt.task in known else receipt.task
                    st.markdown(f"**{title}** · {amount(receipt.rows, 'row')}", width="content")
                    _synthetic_badge(receipt)
                words = _found(receipt, known[receipt.task]) if receipt.task in known else ""
                found = f" · {words}" if words else ""
                st.caption(
                    f"{plain(receipt.filename)}{found} · {receipt.created_at:%d %b %Y, %H:%M} UTC · "
                    f"SHA-256 {receipt.sha256[:12]}…"
                )
                st.caption(_usage(used_in.get(receipt.dataset_id, ())))
            with acts, st.container(horizontal=True, horizontal_alignment="right"):
                _download("Receipt", receipt, key=key)
                if receipt.withdrawn_at:
                    st.badge(f"withdrawn {receipt.withdrawn_at:%d %b %Y}", icon=":material/undo:", color="gray")
                elif st.button("Withdraw", icon=":material/undo:", key=f"{key}_withdraw_{receipt.dataset_id}"):
                    st.session_state[_ASKED] = receipt.dataset_id
        if st.session_state.get(_ASKED) == receipt.dataset_id:
            _confirm_withdrawal(receipt, person, key)


def _forget_question() -> None:
    st.session_state.pop(_ASKED, None)


@st.dialog("Withdraw these rows?", on_dismiss=_forget_question)
def _confirm_withdrawal(receipt: Receipt, person: UserView, key: str) -> None:
    st.markdown(
        f"**{plain(receipt.filename)}** with {amount(receipt.rows, 'row')} is removed from the vault at once and "
        "cannot be brought back. No later run will use it. Models trained with it before stay as they are. The "
        "receipt stays, with the date of withdrawal."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep them", key=f"{key}_keep_{receipt.dataset_id}"):
            _forget_question()
            st.rerun()
        if st.button("Yes, withdraw", type="primary", key=f"{key}_confirm_{receipt.dataset_id}"):
            _forget_question()
            if person.site_id is None:
                return
            try:
                withdraw(receipt.dataset_id, site_id=person.site_id)
            except VaultError as error:
                st.error(plain(str(error)))
                return
            subject = f"{receipt.site}: {receipt.task}"
            audit.record("withdraw data", subject, by=person.id, detail={"dataset": receipt.dataset_id})
            st.session_state[f"{key}_said"] = (
                f"{plain(receipt.filename)} is withdrawn: its rows are no longer in the vault."
            )
            st.rerun()


def _synthetic_badge(receipt: Receipt) -> None:
    if receipt.synthetic:
        st.badge("synthetic", icon=":material/science:", color="orange")


def _usage(runs: Sequence[int]) -> str:
    if not runs:
        return "Not used in a run yet."
    return f"Used in {'run' if len(runs) == 1 else 'runs'} {', '.join(str(run) for run in runs)}."


def _download(label: str, receipt: Receipt, *, key: str) -> None:
    st.download_button(
        label,
        receipt_json(receipt),
        file_name=f"medhive-receipt-{receipt.dataset_id}.json",
        mime="application/json",
        icon=":material/receipt_long:",
        help="Download the receipt as JSON",
        on_click="ignore",
        key=f"{key}_receipt_json_{receipt.dataset_id}",
    )
