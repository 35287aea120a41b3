"""Many records at once: a CSV file in, a table of answers out."""

import pandas as pd
import streamlit as st

from components.plain_text import plain
from components.theme import NOT_FOR_CLINICAL_USE, amount
from components.upload import show_preview, show_problems, upload
from data.intake.table import template_csv
from data.table import Dataset
from models.task import Task
from models.versions import VersionError, VersionView

_DRAWN = 500  # answers drawn in the browser; the download has them all


def ask_file(task: Task, version: VersionView, *, key: str) -> None:
    """Ask for a file, and draw what the model says about each of its rows."""
    st.caption("One line a record, without the outcome. Rows are used for the answer only; nothing of them is kept.")
    st.download_button(
        "Download a template",
        template_csv(task.schema, labelled=False),
        file_name=f"{task.name}-questions.csv",
        mime="text/csv",
        icon=":material/table_rows:",
        on_click="ignore",
        key=f"{key}_template",
    )
    chosen = upload(task.schema, source="a file to be answered", key=f"{key}_batch", labelled=False)
    if chosen is None:
        return
    if chosen.report.dataset is None:
        show_problems(chosen.report, filename=chosen.filename, key=f"{key}_batch")
        return
    show_preview(chosen.report, task.schema, key=f"{key}_batch")
    mark = (chosen.report.sha256, version.id)
    if st.button("Ask the model", type="primary", icon=":material/neurology:", key=f"{key}_batch_ask"):
        _ask(task, version, chosen.report.dataset, mark, key)
    kept = st.session_state.get(f"{key}_batch_answer")
    if kept is not None and kept[0] == mark:
        _show(task, version, chosen.filename, kept[1], key)


def _ask(task: Task, version: VersionView, dataset: Dataset, mark: tuple[str, int], key: str) -> None:
    with st.spinner(f"Asking {version.label} about {amount(len(dataset), 'record')}"):
        from models.predict import InputError, predict_rows  # brings torch, only when somebody asks

        try:
            table = predict_rows(task, pd.DataFrame(dataset.x, columns=list(task.schema.names)), version_id=version.id)
        except (InputError, VersionError) as error:
            st.error(str(error))
            return
    table.insert(0, "row", range(1, len(table) + 1))
    st.session_state[f"{key}_batch_answer"] = (mark, table)


def _headline(task: Task, table: pd.DataFrame) -> str:
    """Return what was answered most, in one line."""
    records = amount(len(table), "record")
    if len(task.classes) == 2:
        return f"{int((table['answer'] == task.answer(1)).sum()):,} of {records}: probably {task.classes[1]}"
    counts = {name: int((table["answer"] == task.answer(k)).sum()) for k, name in enumerate(task.classes)}
    most = max(counts, key=lambda name: counts[name])
    return f"{counts[most]:,} of {records}: probably {most}, the most frequent answer"


def _show(task: Task, version: VersionView, filename: str, table: pd.DataFrame, key: str) -> None:
    headline = _headline(task, table)
    about = f"Probability of {task.classes[1]}" if len(task.classes) == 2 else "Its probability"
    with st.container(border=True, key=f"{key}_batch_card"):
        st.subheader(headline, anchor=False)
        st.dataframe(
            table[["row", "answer", "probability", "low", "high"]].head(_DRAWN),
            hide_index=True,
            key=f"{key}_batch_table",
            column_config={
                "row": st.column_config.NumberColumn("Row", width=50),
                "answer": "Answer",
                "probability": st.column_config.ProgressColumn(
                    about,
                    min_value=0.0,
                    max_value=1.0,
                    format="percent",
                ),
                "low": st.column_config.NumberColumn("95 % interval from", format="percent"),
                "high": st.column_config.NumberColumn("to", format="percent"),
            },
        )
        if len(table) > _DRAWN:
            st.caption(f"The first {_DRAWN} are shown; the download has all {len(table):,}.")
        st.download_button(
            "Download the answers",
            table.to_csv(index=False).encode(),
            file_name=f"{task.name}-answers.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=f"{key}_batch_csv",
        )
        st.divider()
        st.caption(f"{version.label} · {plain(filename)}")
        st.caption(f":material/medical_information: {NOT_FOR_CLINICAL_USE}")
