"""What the API takes and gives, for validation and the documentation. Mirrors models.predict without importing it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AllowInfNan, BaseModel, ConfigDict, Field, Strict, StrictInt, StrictStr

MAX_ROWS = 1000
MAX_CSV_ROWS = 10_000
MAX_TEXTS = 100


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Health(_Out):
    """The server answers, and what it can do now."""

    status: Literal["ok"]
    worker: bool = Field(description="Whether the worker process that executes runs is alive.")
    demo: bool = Field(description="Whether this installation is in demo mode.")


class Column(_Out):
    """One input of a task."""

    name: str
    title: str
    unit: str = Field(description="Unit of measurement, empty for none.")
    kind: Literal["number", "integer", "category"]
    low: float = Field(description="Smallest value taken.")
    high: float = Field(description="Largest value taken.")
    levels: dict[int, str] = Field(description="For categories: code and meaning.")
    nullable: bool = Field(description="Whether the value may be missing (null, or an empty cell).")
    help: str


class Score(BaseModel):
    """A figure on the held-out rows with its 95 % interval; null where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


class Champion(BaseModel):
    """The model version that answers predictions."""

    version_id: int
    version: str
    sha256: str
    scores: dict[str, Score]


class Task(BaseModel):
    """One medical question the hive answers."""

    name: str
    title: str
    question: str
    modality: str
    classes: list[str] = Field(description="Answers in words: negative and positive, or three and more classes.")
    columns: list[Column]
    synthetic_only: bool = Field(description="Whether every figure of this task is on generated data.")
    champion: Champion | None


class ModelVersion(BaseModel):
    """What a run or a command made, whoever it serves."""

    task: str
    number: int = Field(description="Counts the versions of the task.")
    version_id: int
    version: str
    sha256: str = Field(description="Of the weights, not sealed.")
    champion: bool = Field(description="Whether it answers now.")
    shipped: bool = Field(description="Whether it came with MedHive.")
    created: datetime
    run: int | None = Field(description="The run that made it; null when a command did.")
    sites: int = Field(description="How many sites trained it together.")
    rounds: int | None
    seed: int | None
    held_out: int | None = Field(description="Rows that nobody trained on, on which the scores rest.")
    source: str = Field(description="Where the public rows come from.")
    synthetic: bool = Field(description="Whether the scores rest on generated rows.")
    command: str = Field(description="What makes it again.")
    scores: dict[str, Score]


class Card(BaseModel):
    """The model card of a task."""

    task: str
    title: str
    licence: str = Field(description="Of the public data.")
    card: str = Field(description="Markdown: question, data, network, figures of the shipped version, limits.")
    champion: ModelVersion | None
    champion_figures: str = Field(description="Markdown: the figures of the version that answers now.")
    not_for_clinical_use: str = "A research demonstration, not for clinical use."


Cell = Annotated[float, Strict(), AllowInfNan(False)] | StrictInt | StrictStr | None


class Rows(BaseModel):
    """Rows to predict: one object a patient, column name to value."""

    model_config = ConfigDict(extra="forbid")
    rows: list[dict[str, Cell]] = Field(min_length=1, max_length=MAX_ROWS)


class Contribution(_Out):
    """What one input added to the answer."""

    column: str
    title: str
    value: float | None
    unit: str
    weight: float = Field(description="Shapley value in log-odds: positive speaks for the positive answer.")


class Chance(_Out):
    """The calibrated probability of one class and its 95 % interval."""

    name: str
    probability: float
    low: float
    high: float


class Prediction(_Out):
    """The answer for one row."""

    task: str
    answer: str
    chosen: int = Field(description="Number of the class that the answer names.")
    positive: bool
    probability: float = Field(description="Of the positive class; of more than two classes that of the answer.")
    low: float = Field(description="Lower end of the 95 % interval of the probability.")
    high: float = Field(description="Upper end of the 95 % interval of the probability.")
    threshold: float = Field(description="Operating point: from this probability on the answer is positive.")
    contributions: list[Contribution] = Field(description="Given for the first 20 rows, what counted most first.")
    version_id: int
    version: str
    sha256: str
    synthetic: bool
    warnings: list[str]
    refused: str = Field(description="Why the model does not answer: the record is unlike those it learned from.")
    chances: list[Chance] = Field(description="Every class with its probability, in the task's order.")
    not_for_clinical_use: str


class PicturePrediction(Prediction):
    """The answer for a picture."""

    looked: list[list[float]] = Field(
        description="Rows of a map over the picture, 0 to 1, of what spoke for the answer (Grad-CAM)."
    )


class BeatPrediction(Prediction):
    """The answer for a heartbeat."""

    second: float = Field(description="Where its R peak is, from the start of the recording.")
    letter: str = Field(description="Class of AAMI EC57: N, S, V, F or Q.")


class Predictions(BaseModel):
    """One prediction a row, in the order of the rows."""

    predictions: list[PicturePrediction | BeatPrediction | Prediction]


class NamedBeat(_Out):
    """A heartbeat named by rules."""

    peak: int = Field(description="Sample of its R peak.")
    second: float = Field(description="Where that is, from the start of the recording.")
    letter: str = Field(description="N, S or V, the classes of AAMI EC57, or ? where no rule fits.")


class Trust(_Out):
    """How far a class that rules gave can be trusted, on people on whom no limit was chosen."""

    letter: str
    sensitivity: float | None = Field(description="Part of the marked beats of the class that were found.")
    precision: float | None = Field(description="Part of the beats so named that were right.")
    n: int = Field(description="Marked beats.")
    people: int
    reliable: bool


class EcgReading(BaseModel):
    """What an ECG shows, measured and named by rules."""

    by: str = Field(description="What named the beats.")
    lead: str
    rate: float = Field(description="Beats a minute.")
    rhythm: list[str] = Field(description="In words, of each ten seconds.")
    beats: list[NamedBeat]
    trust: list[Trust]
    reliability: str
    not_for_clinical_use: str


class EcgPredictions(Predictions):
    """An ECG: its beats named by rules, and in `predictions` what the champion says of each, from a minute on.

    The two go by different rules and need not agree. Without the champion `predictions` is empty.
    """

    ecg: EcgReading


class Complaint(BaseModel):
    """A complaint to weigh; it is neither kept nor logged."""

    model_config = ConfigDict(extra="forbid")
    complaint: str = Field(min_length=1, max_length=1000, description="In words, in English.")
    age: Literal["baby", "child", "adult", "older"] = Field("adult", description="baby: under 1; older: 65 or more.")
    sex: Literal["female", "male", ""] = ""
    pregnant: bool = False
    lasting: Literal["hours", "days", "weeks", "months"] = "days"
    strength: Literal["mild", "moderate", "severe"] = "moderate"
    answers: dict[str, bool] = Field({}, description="Answers to earlier questions, by the name of the symptom.")
    skipped: list[str] = Field([], description="Symptoms that were asked for and not answered.")


class PublicPage(_Out):
    """A public page where something can be checked."""

    title: str
    url: str


class Question(_Out):
    """The symptom to ask for next."""

    name: str = Field(description="Under this name the answer goes into `answers`.")
    ask: str


class Alarm(_Out):
    """A reason to be seen soon."""

    soon: str
    why: str
    source: PublicPage


class EmergencyText(_Out):
    """The fixed text of an emergency."""

    kind: str
    title: str
    advice: str
    link: PublicPage


class Possibility(_Out):
    """One thing it might be."""

    name: str
    probability: float
    speaks_for: tuple[str, ...]
    against: tuple[str, ...]
    soon: str
    care: str
    source: PublicPage


class Assessment(_Out):
    """What a complaint may come from, and how soon to be seen; no diagnosis."""

    red_flag: EmergencyText | None = Field(description="An emergency that the words tell of; nothing else counts then.")
    maybe: EmergencyText | None = Field(description="An emergency that the words may mean; show it first.")
    alarms: tuple[Alarm, ...]
    soon: Literal["emergency", "today", "appointment", "self-care"]
    what_to_do: str
    possibilities: tuple[Possibility, ...]
    others: tuple[Possibility, ...] = Field(description="Fit as well, and are none of the model's classes.")
    next_question: Question | None
    version: str = Field(description="Model version behind the probabilities; empty: a rough table, not calibrated.")
    notice: str


class ProblemDetails(BaseModel):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="One sentence: what is wrong, where, and what would be right.")
    instance: str


class Turn(BaseModel):
    """An earlier question with its answer."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(max_length=1000)
    answer: str = Field(max_length=8000)


class Ask(BaseModel):
    """A question for the companion; it is neither kept nor logged."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(description="At most 1,000 characters.")
    history: list[Turn] = Field([], max_length=20, description="Earlier turns, oldest first.")
    provider: Literal["", "groq", "local", "federated", "extractive"] = Field(
        "", description="Who words the answer; empty for the one this installation prefers."
    )
    nobody_in_danger: bool = Field(
        False, description="The person has read the emergency text and says that it does not fit; not for suicide."
    )


class Said(_Out):
    """A sentence of an answer."""

    text: str
    sources: list[int] = Field(description="Numbers of the sources that it rests on.")


class Cited(_Out):
    """A source of an answer: a public page, and the passage that cites it."""

    number: int
    title: str
    url: str
    topic: str
    section: str
    passage: tuple[str, ...] = Field(description="All sentences of the passage.")
    cited: tuple[int, ...] = Field(description="Which of them the answer rests on, counted from 0.")
    score: float


class Reply(_Out):
    """The companion's answer."""

    text: str = Field(description="The whole answer with [n] behind each sentence.")
    sentences: list[Said]
    sources: tuple[Cited, ...]
    red_flag: EmergencyText | None = Field(description="An emergency; its text is fixed and no model wrote it.")
    abstained: bool = Field(description="Whether there is no answer: no source, or not a question for the companion.")
    provider: str
    verbatim: bool = Field(description="Whether every sentence stands in its source word for word.")
    notice: str = Field(description="Why another provider answered than was asked, empty when none did.")
    removed: int = Field(description="Sentences of a language model that no source backs, and that are not shown.")
    sent: str = Field(description="The question as it left this machine, empty when it did not.")
    lead: str = Field(description="How a misspelt question was read, or a sentence in its language; mostly empty.")
    language: str = Field(description="The language that the sentences were translated into, empty when they were not.")
    tokens: int
    seconds: float
    topic: str
    follow_ups: tuple[str, ...]
    disclaimer: str
