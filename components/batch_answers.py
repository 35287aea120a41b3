"""Many records at once: a CSV file in, a table of answers out."""

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.upload import Upload, show_preview, show_problems, upload
from data.intake.table import template_csv
from data.table import Dataset
from models.task import Task
from models.versions import VersionError, VersionView

if TYPE_CHECKING:
    from models.predict import Prediction

_DRAWN = 500  # answers drawn in the browser; the download has them all


def ask_file(task: Task, version: VersionView, *, answers: DeltaGenerator, key: str) -> None:
    """Ask for a file, and draw in ``answers`` what the model says about each of its rows."""
    st.download_button(
        "Download a template",
        _unlabelled_template(task),
        file_name=f"{task.name}-questions.csv",
        mime="text/csv",
        icon=":material/table_rows:",
        on_click="ignore",
        key=f"{key}_template",
    )
    st.caption("One line a record, without the outcome. Rows are used for the answer only; nothing is kept.")
    chosen = upload(task.schema, source="a file to be answered", key=f"{key}_batch", labelled=False)
    if chosen is None:
        with answers, st.container(border=True):
            st.markdown("**The answers appear here**")
            st.caption("One line a record: the answer in words, the calibrated probability and its 95 % interval.")
        return
    if chosen.report.dataset is None:
        show_problems(chosen.report, filename=chosen.filename, key=f"{key}_batch")
        return
    show_preview(chosen.report, task.schema, key=f"{key}_batch")
    asked = st.button("Ask the model", type="primary", icon=":material/neurology:", key=f"{key}_batch_ask")
    mark = (chosen.report.sha256, version.id)
    with answers:
        if asked:
            _ask(task, version, chosen, chosen.report.dataset, key)
        kept = st.session_state.get(f"{key}_batch_answer")
        if kept is not None and kept[0] == mark:
            _show(task, version, chosen.filename, kept[1], kept[2], key)


def answer_table(task: Task, dataset: Dataset, predictions: "list[Prediction]") -> pd.DataFrame:
    """Return the inputs of each row followed by answer, probability, interval and the version that answered."""
    table = pd.DataFrame(dataset.x, columns=list(task.schema.names))
    table.insert(0, "row", range(1, len(table) + 1))
    return table.assign(
        answer=[task.classes[int(p.positive)] for p in predictions],
        probability=[round(p.probability, 4) for p in predictions],
        low=[round(p.low, 4) for p in predictions],
        high=[round(p.high, 4) for p in predictions],
        version=[p.version for p in predictions],
    )


def _ask(task: Task, version: VersionView, chosen: Upload, dataset: Dataset, key: str) -> None:
    with st.spinner(f"Asking {version.label} about {len(dataset):,} records"):
        from models.predict import predict  # brings torch: seconds, once, and only when somebody asks

        try:
            predictions = predict(task, dataset.x, explain=False, version_id=version.id)
        except VersionError as error:
            st.error(str(error))
            return
    caution = predictions[0].not_for_clinical_use
    table = answer_table(task, dataset, predictions)
    st.session_state[f"{key}_batch_answer"] = ((chosen.report.sha256, version.id), table, caution)


def _show(task: Task, version: VersionView, filename: str, table: pd.DataFrame, caution: str, key: str) -> None:
    positive = int((table["answer"] == task.classes[1]).sum())
    with st.container(border=True, key=f"{key}_batch_card"):
        st.subheader(f"{positive:,} of {len(table):,}: {task.classes[1]}", anchor=False)
        st.dataframe(
            table[["row", "answer", "probability", "low", "high"]].head(_DRAWN),
            hide_index=True,
            key=f"{key}_batch_table",
            column_config={
                "row": st.column_config.NumberColumn("Row", width="small"),
                "answer": "Answer",
                "probability": st.column_config.ProgressColumn(
                    f"Probability of {task.classes[1]}", min_value=0.0, max_value=1.0, format="percent"
                ),
                "low": st.column_config.NumberColumn("95 % from", format="percent"),
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
        st.caption(f"{version.label} · {filename}")
        st.caption(f":material/medical_information: {caution}")


def _unlabelled_template(task: Task) -> bytes:
    """Return the template without the outcome column, which is what is asked for here."""
    header = template_csv(task.schema).decode("utf-8-sig").strip().split(",")
    return (",".join(name for name in header if name != task.schema.label) + "\n").encode()
