"""The picture of facts puts what leads to a thing on its left and what follows on its right, and names everything."""

from components.graph_picture import figure, layout
from components.theme import DARK, LIGHT
from rag.graph.read import Fact, knowledge


def facts(*texts: str) -> list[Fact]:
    known = {fact.text: fact for fact in knowledge().facts}
    return [known[text] for text in texts]


SMOKING = facts(
    "Smoking can raise the risk of COPD.",
    "COPD can lead to pneumonia.",
    "COPD can lead to pulmonary hypertension.",
    "On an ECG, pulmonary hypertension can show as right heart strain.",
)


def test_causes_stand_left_and_effects_right_each_step_a_column() -> None:
    places = layout(SMOKING)
    columns = [places[name][0] for name in ("smoking", "COPD", "pulmonary hypertension", "right heart strain")]
    assert columns == [0, 1, 2, 3]


def test_no_two_things_stand_at_one_place() -> None:
    places = layout([*SMOKING, *facts("Gluten can cause coeliac disease.")])
    assert len(set(places.values())) == len(places) == 7


def test_every_thing_is_named_and_every_fact_has_an_arrow_and_can_be_read() -> None:
    for colours in (LIGHT, DARK):
        drawn = figure(SMOKING, colours)
        arrows = [entry for entry in drawn.layout.annotations if entry.showarrow is not False]
        names = {entry.text.replace("<br>", " ") for entry in drawn.layout.annotations if entry.showarrow is False}
        assert len(arrows) == len(SMOKING)
        assert names == set(layout(SMOKING))
        assert [text.replace("<br>", " ") for text in drawn.data[0].hovertext] == [fact.text for fact in SMOKING]
