"""Signals from a file: WFDB records in a ZIP, CSV, EDF. A file that cannot be read gets one sentence."""

import io
import re
import tempfile
import warnings
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np

from data.signal import Recording
from data.table import FloatArray, IntArray

MOST_BYTES = 64 * 1024 * 1024  # of a file, and of what is unpacked from it
MOST_RECORDS = 200
MOST_LEADS = 16
LONGEST = 26 * 3600  # seconds
RATES = (50.0, 5000.0)  # samples a second that an ECG may have
_BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")  # PhysioBank's codes of beats; all others mark rhythm or noise
_ECG = re.compile(r"ecg|ekg|\bm?l?ii?i?\b|\bv[1-6]\b|av[rlf]", re.IGNORECASE)  # labels of leads
_MOST_MILLIVOLT = 50.0  # beyond, the unit is not mV


class SignalError(ValueError):
    """A file holds no signal that can be read; the message is one sentence that says what would be right."""


def read_signals(filename: str, raw: bytes, *, rate: float | None = None) -> list[Recording]:
    """Return the recordings in a file, told apart by what it holds and not only by its name.

    Parameters
    ----------
    rate : samples a second of a CSV file that has no column of times.

    Raises
    ------
    SignalError
        With one sentence: what is wrong with the file, and what would be right.
    """
    name = PurePosixPath(filename.replace("\\", "/")).name or "the file"
    if not raw:
        raise SignalError(f"{name} is empty.")
    if len(raw) > MOST_BYTES:
        raise SignalError(f"{name} has {len(raw) / 1e6:.0f} MB; at most {MOST_BYTES // 1024**2} MB are read at a time.")
    if raw[:2] == b"PK":
        return _from_zip(name, raw)
    if raw[:8] == b"0       ":
        return [_from_edf(name, raw)]
    if name.lower().endswith((".hea", ".dat", ".atr")):
        raise SignalError(f"{name} is one part of a WFDB record: put its .hea and .dat files into one ZIP.")
    if name.lower().endswith(".edf"):
        raise SignalError(f"{name} does not begin as an EDF file does; export it again as EDF.")
    return [_from_csv(name, raw, rate)]


def _checked(recording: Recording) -> Recording:
    """Return a recording that can be worked with; raises SignalError for one that cannot."""
    name, low, high = recording.name, *RATES
    if not low <= recording.rate <= high:
        raise SignalError(f"{name} has {recording.rate:g} samples a second; an ECG has {low:g} to {high:g}.")
    if not recording.leads or len(recording.leads) > MOST_LEADS:
        raise SignalError(f"{name} has {len(recording.leads)} leads; an ECG has 1 to {MOST_LEADS}.")
    if not 2 <= recording.seconds <= LONGEST:
        raise SignalError(f"{name} is {recording.seconds:.1f} s long; give 2 s to {LONGEST // 3600} h.")
    samples = recording.samples
    known = np.isfinite(samples)
    if known.mean() < 0.95:
        raise SignalError(f"{name} has gaps in {1 - known.mean():.0%} of its samples; at most 5 % are filled.")
    if not known.all():
        samples = samples.copy()
        for lead in range(samples.shape[1]):
            at = np.flatnonzero(known[:, lead])
            if not len(at):
                raise SignalError(f"{name}: lead {recording.leads[lead]} holds no number.")
            samples[:, lead] = np.interp(np.arange(len(samples)), at, samples[at, lead])
    if np.abs(samples - np.median(samples, axis=0)).max() > _MOST_MILLIVOLT:
        raise SignalError(f"{name} holds values far beyond {_MOST_MILLIVOLT:g} mV; give the signal in millivolt.")
    return Recording(name, samples, recording.rate, recording.leads, recording.peaks, recording.symbols)


def _from_zip(name: str, raw: bytes) -> list[Recording]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, ValueError, OSError):
        raise SignalError(f"{name} is damaged: the ZIP cannot be opened.") from None
    if any(entry.flag_bits & 1 for entry in entries):
        raise SignalError(f"{name} is locked with a password; pack it without one.")
    entries = [entry for entry in entries if "__MACOSX" not in entry.filename]
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise SignalError(f"{name} unpacks to more than {MOST_BYTES // 1024**2} MB; give fewer records at a time.")
    heads = [entry for entry in entries if entry.filename.lower().endswith(".hea")]
    if not heads:
        raise SignalError(f"{name} holds no WFDB record: it needs a .hea file and its .dat file for each.")
    if len(heads) > MOST_RECORDS:
        raise SignalError(f"{name} holds {len(heads)} records; at most {MOST_RECORDS} are read at a time.")
    files: dict[str, dict[str, bytes]] = {}
    try:
        for entry in entries:
            path = PurePosixPath(entry.filename.replace("\\", "/"))
            with archive.open(entry) as stream:
                content = stream.read(MOST_BYTES + 1)
            if len(content) != entry.file_size:
                raise zipfile.BadZipFile
            files.setdefault(str(path.parent), {})[path.name] = content
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError, RuntimeError):
        raise SignalError(f"{name} is damaged: a file in the ZIP cannot be unpacked.") from None
    return [
        _record(file.removesuffix(file[-4:]), folder)
        for folder in files.values()
        for file in sorted(folder)
        if file.lower().endswith(".hea") and not _is_part(file, folder)
    ]


def _is_part(file: str, folder: dict[str, bytes]) -> bool:
    """Whether a header is that of a segment of another record in the folder."""
    stem = file[:-4]
    return any(
        b"/" in content.split(b"\n", 1)[0].split(b" ", 1)[0]
        and re.search(rb"^%s\s" % re.escape(stem.encode()), content, re.M)
        for other, content in folder.items()
        if other != file and other.lower().endswith(".hea")
    )


def _record(record: str, folder: dict[str, bytes]) -> Recording:
    """Return one WFDB record out of the files of its folder."""
    if not re.fullmatch(r"[\w-]{1,80}", record):
        raise SignalError(f"WFDB knows no record name like {record[:40]!r}: use letters, digits, _ and -.")
    header = folder[record + ".hea"] if record + ".hea" in folder else folder[record + ".HEA"]
    for line in header.decode("latin-1").splitlines()[1:]:
        named = line.split()[0] if line.strip() and not line.startswith("#") else ""
        if "/" in named or "\\" in named or ".." in named or ":" in named:
            raise SignalError(f"{record}.hea names a file outside of the ZIP; a record's files lie beside it.")
        if "." in named and named not in folder:
            raise SignalError(f"{record}.hea names {named[:60]}, which is not in the ZIP beside it.")
    import wfdb  # brings pandas and more, only when a record is read

    with tempfile.TemporaryDirectory(prefix="medhive-") as place:
        for file, content in folder.items():
            if file.startswith(record) or file.lower().endswith((".hea", ".dat")):
                (Path(place) / file).write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read = wfdb.rdrecord(str(Path(place) / record))
            signal, rate = np.asarray(read.p_signal, dtype=np.float32), float(read.fs)
            leads = tuple(str(lead) for lead in read.sig_name)
            units = [str(unit).lower() for unit in read.units]
        except Exception:
            raise SignalError(f"The record {record} is damaged: its header and its samples do not fit.") from None
        peaks, symbols = _marks(Path(place) / record) if record + ".atr" in folder else (np.zeros(0, np.int64), ())
    scale = np.array([{"uv": 1e-3, "µv": 1e-3, "v": 1e3}.get(unit, 1.0) for unit in units], dtype=np.float32)
    inside = peaks < len(signal)
    symbols = tuple(symbol for symbol, kept in zip(symbols, inside, strict=True) if kept)
    return _checked(Recording(record, signal * scale, rate, leads, peaks[inside], symbols))


def _marks(path: Path) -> tuple[IntArray, tuple[str, ...]]:
    """Return positions and letters of the beats that an annotation file marks."""
    import wfdb

    try:
        marks = wfdb.rdann(str(path), "atr")
    except Exception:
        raise SignalError(f"{path.name}.atr is damaged: its marks cannot be read.") from None
    beats = [(at, symbol) for at, symbol in zip(marks.sample, marks.symbol, strict=True) if symbol in _BEATS]
    return np.array([at for at, _ in beats], dtype=np.int64), tuple(symbol for _, symbol in beats)


def _from_edf(name: str, raw: bytes) -> Recording:
    import edfio

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            edf = edfio.read_edf(io.BytesIO(raw))
            signals = [each for each in edf.signals if "annotation" not in each.label.lower()]
            found = [np.asarray(each.data, dtype=np.float32) for each in signals]
    except Exception:
        raise SignalError(f"{name} is damaged: its EDF header and its samples do not fit.") from None
    if not signals:
        raise SignalError(f"{name} holds no signal.")
    ecg = [i for i, each in enumerate(signals) if _ECG.search(each.label)]
    kept = ecg or list(range(len(signals)))
    rate = float(signals[kept[0]].sampling_frequency)
    kept = [i for i in kept if float(signals[i].sampling_frequency) == rate and len(found[i]) == len(found[kept[0]])]
    scale = {"uv": 1e-3, "µv": 1e-3, "v": 1e3}
    columns = [found[i] * np.float32(scale.get(signals[i].physical_dimension.strip().lower(), 1.0)) for i in kept]
    return _checked(Recording(_stem(name), np.stack(columns, axis=1), rate, tuple(signals[i].label for i in kept)))


def _from_csv(name: str, raw: bytes, rate: float | None) -> Recording:
    """Return the signal of a table: a column a lead, in mV, and one of times in s or ms, or a rate that is told."""
    try:
        lines = [line for line in raw.decode("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise SignalError(f"{name} is neither a ZIP with WFDB records, nor EDF, nor a CSV text file.") from None
    told = [re.search(r"(?:fs|rate|frequency)\D{0,12}([\d.]+)", line, re.I) for line in lines if line[0] == "#"]
    lines = [line for line in lines if line[0] != "#"]
    if not lines:
        raise SignalError(f"{name} holds no line with samples.")
    mark = max(",;\t", key=lines[0].count)
    first = [cell.strip().strip("'\"") for cell in lines[0].split(mark)]
    header = [] if _numbers(first) is not None else first
    rows = [_numbers(line.split(mark)) for line in lines[bool(header) :]]
    width = len(header or first)
    for number, row in enumerate(rows, 1 + bool(header)):
        if row is None or len(row) != width:
            raise SignalError(f"{name}, line {number}: every line must hold {width} numbers, one for each lead.")
    if len(rows) < 2:
        raise SignalError(f"{name} holds no samples: it needs one line for each, one column for each lead.")
    table = np.array(rows, dtype=np.float64)
    timed, rate_of_times = _times(name, header, table)
    found = rate_of_times or rate or next((float(match.group(1)) for match in told if match), None)
    if found is None:
        raise SignalError(
            f"{name} does not say how many samples a second it has: add a column time in seconds, or a line # fs=360."
        )
    counts = {i for i, title in enumerate(header) if title.lower() in ("", "sample", "samples", "index", "#")}
    leads = [i for i in range(width) if i != timed and i not in counts]
    names = tuple(header[i] if header else f"lead {at}" for at, i in enumerate(leads, 1))
    return _checked(Recording(_stem(name), table[:, leads].astype(np.float32), found, names))


def _numbers(cells: list[str]) -> list[float] | None:
    try:
        return [float(cell) if cell.strip() else float("nan") for cell in cells]
    except ValueError:
        return None


def _times(name: str, header: list[str], table: FloatArray | np.ndarray) -> tuple[int | None, float | None]:
    """Return which column holds times, and the rate that follows from them."""
    at = next((i for i, title in enumerate(header) if re.match(r"(time|zeit|seconds?|ms|t)\b", title, re.I)), None)
    if at is None:
        return None, None
    steps = np.diff(table[:, at])
    step = float(np.median(steps))
    if not step > 0 or np.abs(steps - step).max() > 0.51 * step:
        raise SignalError(f"{name}: the times in column {header[at]} must rise in equal steps.")
    unit = 1000.0 if re.search(r"ms|milli", header[at], re.I) or step > 0.5 else 1.0
    return at, round(unit / step, 3)


def _stem(name: str) -> str:
    return PurePosixPath(name).stem[:60] or "recording"
