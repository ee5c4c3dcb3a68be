"""The published network judged and calibrated on labelled films of one's own."""

import shutil
from pathlib import Path

import numpy as np

from schemas.findings import INDEX
from training.data.collection import read_collection
from training.data.prepared import prepare
from training.errors import WrongInput
from training.export.map_scale import map_sample
from training.fit import chosen_heads, features
from training.fit.chosen_heads import Chosen
from training.fit.heads import platt
from training.fit.kept_run import Fitted, keep
from training.fit.linear import Array, Linear
from training.fit.run import judge, learn_from
from training.run_folder import RunFolder, cache_of
from training.torchxrayvision.classifier import Classifier
from training.torchxrayvision.imported import Imported, describe


def write_refitted(imported: Imported, data: Path, out: Path, cache: Path | None) -> RunFolder:
    """Write a run's folder: heads calibrated and points chosen on DATA, judged on its test part.

    A finding that the network has an output for keeps its ranking: Platt's slope and shift of the
    validation part are folded in (of two outputs, of their mean logit). The others, No Finding
    and Support Devices among them, get heads of their own on the network's features. Raises
    WrongInput, and leaves no folder behind, for films of no use.
    """
    settings = imported.settings
    run = RunFolder.new(out)
    try:
        settings.save(run.settings)
        collection = read_collection(data, laterals=settings.laterals)
        store = cache_of(out, cache)
        films = prepare(
            collection, settings.side, store, test_films=settings.test_films, seed=settings.seed
        )
        learned = learn_from(run, films, settings)
        names = learned.names
        _check(names, data)
        found = features.kept(
            imported.model, films.pixels, map_sample(len(films.table)), store, settings.backbone
        )
        own = tuple(name for name in names if name not in imported.classifier.findings)
        fitted = (
            chosen_heads.fit(found.pooled, learned.labels, films.parts, settings, own)
            if own
            else None
        )
        train, valid = films.parts == "train", films.parts == "valid"
        chosen = _together(
            names,
            imported.classifier,
            fitted,
            (np.asarray(found.pooled[train]), np.asarray(found.pooled[valid])),
            learned.known[valid],
        )
        kept = keep(run, films, settings, Fitted(imported.model, found, chosen))
        judge(run, kept, collection, learned.problems)
        describe(run, imported, refitted=f"{int(films.readable.sum()):,} films of {data.name}")
    except BaseException:
        shutil.rmtree(out)
        raise
    return run


def _check(names: tuple[str, ...], data: Path) -> None:
    if not names:
        raise WrongInput(f"no finding of {data} has films enough to be refitted on")


def _together(
    names: tuple[str, ...],
    published: Classifier,
    fitted: Chosen | None,
    features_of: tuple[Array, Array],
    known: Array,
) -> Chosen:
    """Return the heads of `names`: the published ones calibrated, the fitted ones as they are.

    features_of: pooled (n, 1024) of the training and of the validation part. known: (m, 14) of
    the latter, 1, 0 or NaN.
    """
    train, valid = (each.astype(np.float64) for each in features_of)
    if fitted is None:
        mean, scale = train.mean(axis=0), np.maximum(train.std(axis=0), 1e-6)
    else:
        mean, scale = fitted.linear.mean, fitted.linear.scale
    first, second = (published.rows(mean, scale, which) for which in (0, 1))
    columns, shifts = [], []
    for name in names:
        if fitted is not None and name in fitted.names:
            place = fitted.names.index(name)
            columns.append(fitted.linear.weights[:, place])
            shifts.append(float(fitted.linear.bias[place]))
            continue
        place = list(published.findings).index(name)
        weights = (first[0][:, place] + second[0][:, place]) / 2
        bias = (first[1][place] + second[1][place]) / 2
        said = known[:, INDEX[name]]
        mine = np.isfinite(said)
        logits = ((valid[mine] - mean) / scale) @ weights + bias
        slope, shift = platt(said[mine, None], logits[:, None])
        columns.append(weights * slope[0])
        shifts.append(float(bias * slope[0] + shift[0]))
    linear = Linear(mean, scale, np.stack(columns, axis=1), np.array(shifts))
    return Chosen(names, linear, fitted.penalty if fitted else 0.0, {})
