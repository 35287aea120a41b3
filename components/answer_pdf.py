"""One answer as a PDF page: words, probability, what counted, version, and the caution."""

import io
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from components.theme import NOT_FOR_CLINICAL_USE
from models.task import Task

if TYPE_CHECKING:
    from models.predict import Prediction

_LISTED = 15


def answer_pdf(prediction: "Prediction", task: Task, made_by: str) -> bytes:
    """Return the page.

    Parameters
    ----------
    made_by : who trained the version and when, in words; may be empty.
    """
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

    styles = getSampleStyleSheet()
    said = [Paragraph(escape(task.title), styles["Normal"]), Paragraph(escape(task.question), styles["Title"])]
    said.append(Paragraph(escape(prediction.answer), styles["Heading2"]))
    sentences = [prediction.refused] if prediction.refused else _probabilities(prediction, task)
    said += [Paragraph(escape(each), styles["Normal"]) for each in (*sentences, *prediction.warnings)]
    if prediction.contributions:
        said.append(Paragraph("Which inputs mattered", styles["Heading3"]))
        said.append(_contributions(prediction, task))
        said.append(
            Paragraph("Shapley values in log-odds, from the answer for a typical record.", styles["Italic"]),
        )
    said.append(Spacer(1, 6 * mm))
    print_ = [
        " · ".join(part for part in (f"{task.title}, {prediction.version}", made_by) if part),
        f"SHA-256 of the model: {prediction.sha256}",
        f"Written {datetime.now(UTC):%d %B %Y, %H:%M} UTC by MedHive.",
        "Trained on generated rows." if prediction.synthetic else "",
    ]
    said += [Paragraph(escape(each), styles["Normal"]) for each in print_ if each]
    said.append(Spacer(1, 4 * mm))
    said.append(Paragraph(f"<b>{escape(NOT_FOR_CLINICAL_USE)}</b>", styles["Normal"]))
    made = io.BytesIO()
    SimpleDocTemplate(made, pagesize=A4, title=f"MedHive: {task.title}", author="MedHive").build(said)
    return made.getvalue()


def _probabilities(prediction: "Prediction", task: Task) -> list[str]:
    chances = prediction.chances if len(task.classes) > 2 else prediction.chances[1:]
    lines = [
        f"Probability of {each.name}: {each.probability:.1%} (95 % interval {each.low:.1%} to {each.high:.1%})."
        for each in sorted(chances, key=lambda each: -each.probability)
    ] or [f"Probability {prediction.probability:.1%} (95 % interval {prediction.low:.1%} to {prediction.high:.1%})."]
    if len(task.classes) == 2:
        lines.append(f"From {prediction.threshold:.0%} on, the answer is “{task.classes[1]}”.")
    return lines


def _contributions(prediction: "Prediction", task: Task) -> object:
    from reportlab.lib import colors
    from reportlab.platypus import Table, TableStyle

    from components.contribution_bars import named

    rows = [["Input", "Counts"]]
    rows += [[named(each, task), f"{each.weight:+.2f}"] for each in prediction.contributions[:_LISTED]]
    table = Table(rows, hAlign="LEFT")
    table.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.grey), ("FONTSIZE", (0, 0), (-1, -1), 9)]))
    return table
