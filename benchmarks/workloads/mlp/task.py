"""WDBC over ten sites: a small network on tables, the commonest federation there is."""

from models.task import Training
from models.tasks.breast_cancer.task import BreastCancer


class Mlp(BreastCancer):
    """The rows and the network of breast_cancer with the settings that every simulator is measured at."""

    name = "mlp"
    training = Training(rounds=20, batch_size=32, learning_rate=1e-3, optimiser="adam", sites=10)


TASK = Mlp()
