"""The thirty inputs of breast_cancer: ten properties of cell nuclei, each as mean, standard error and worst.

Properties after Street, Wolberg and Mangasarian 1993, "Nuclear feature extraction for breast tumor diagnosis".
The source gives lengths in units of the digitised image, without a physical scale.
"""

from data.table import Column

# property: (unit, what it is, (lowest and highest plausible value, typical) of mean, of error, of worst)
_Range = tuple[float, float, float]
_PROPERTIES: dict[str, tuple[str, str, _Range, _Range, _Range]] = {
    "radius": (
        "image units",
        "Distance from the centre of a nucleus to its outline",
        (3, 50, 13.4),
        (0, 6, 0.32),
        (3, 70, 15.0),
    ),
    "texture": (
        "grey levels",
        "Standard deviation of the grey values inside a nucleus",
        (3, 80, 18.8),
        (0, 10, 1.11),
        (3, 100, 25.4),
    ),
    "perimeter": (
        "image units",
        "Length of the outline of a nucleus",
        (20, 350, 86.2),
        (0, 45, 2.29),
        (20, 500, 97.7),
    ),
    "area": (
        "image units²",
        "Area inside the outline of a nucleus",
        (30, 6000, 551),
        (0, 1200, 24.5),
        (30, 10000, 686),
    ),
    "smoothness": (
        "",
        "Local variation of the radius",
        (0.01, 0.4, 0.096),
        (0, 0.1, 0.0064),
        (0.01, 0.6, 0.131),
    ),
    "compactness": (
        "",
        "Perimeter² / area − 1; 0 would be a dot-like ideal",
        (0, 1, 0.093),
        (0, 0.5, 0.02),
        (0, 2.5, 0.212),
    ),
    "concavity": (
        "",
        "How deep the inward dents of the outline are",
        (0, 1, 0.062),
        (0, 1, 0.026),
        (0, 2.5, 0.227),
    ),
    "concave_points": (
        "",
        "How much of the outline is dented inward",
        (0, 0.6, 0.034),
        (0, 0.2, 0.011),
        (0, 0.8, 0.1),
    ),
    "symmetry": (
        "",
        "Difference between the two halves of a nucleus",
        (0.03, 0.8, 0.179),
        (0, 0.3, 0.019),
        (0.03, 1.5, 0.282),
    ),
    "fractal_dimension": (
        "",
        "How ragged the outline is (coastline approximation − 1)",
        (0.01, 0.3, 0.062),
        (0, 0.1, 0.0032),
        (0.01, 0.5, 0.08),
    ),
}
_KINDS = (
    ("mean_{}", "Mean {}", "Mean over the nuclei of the sample."),
    ("{}_error", "Standard error of {}", "Standard error over the nuclei of the sample."),
    ("worst_{}", "Worst {}", "Mean of the three largest values in the sample."),
)


def _columns() -> tuple[Column, ...]:
    made = []
    for kind, (name, title, how) in enumerate(_KINDS):
        for key, (unit, what, *ranges) in _PROPERTIES.items():
            low, high, typical = ranges[kind]
            words = title.format(key.replace("_", " "))
            made.append(Column(name.format(key), words, unit, low, high, typical, help=f"{what}. {how}"))
    return tuple(made)


COLUMNS = _columns()
