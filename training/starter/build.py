"""Builds the starter model from the wheel's backbone and what is committed; needs no films.

    python -m training.starter.build OUT_DIR [--heads DIR]

Writes OUT_DIR/model.onnx and OUT_DIR/model.json, with the input check's numbers and the
model card beside them, and prints the SHA-256 of the first. The same inputs give the same bytes.
"""

import argparse
import shutil
import time
from pathlib import Path

from schemas.models import CARD_FILE, CHECK_FILE
from training.export.onnx_model import read_manifest, write_manifest, write_onnx
from training.starter.fitted import KEPT, Fitted
from training.starter.graph import embedding_version, starter_model


def build(out: Path, heads_dir: Path = KEPT) -> str:
    """Write model.onnx and model.json into `out`; return the SHA-256 of model.onnx.

    Raises ValueError when the heads were fitted on another backbone, side or projection than
    the wheel and the folder make: such a model would answer, and wrongly.
    """
    fitted = Fitted.load(heads_dir)
    manifest = read_manifest(heads_dir / "model.json")
    version = embedding_version(fitted, manifest.side)
    if version != manifest.embedding_version:
        raise ValueError(
            f"wanted backbone and projection {manifest.embedding_version}, came {version}:"
            " fit again (make starter)"
        )
    if fitted.heads.names != manifest.assessed:
        raise ValueError(f"wanted heads for {manifest.assessed}, came {fitted.heads.names}")
    out.mkdir(parents=True, exist_ok=True)
    sha256 = write_onnx(starter_model(fitted, manifest.side), out / "model.onnx")
    if manifest.check is not None:
        shutil.copyfile(heads_dir / CHECK_FILE, out / CHECK_FILE)
    if manifest.card is not None:
        shutil.copyfile(heads_dir / CARD_FILE, out / CARD_FILE)
    write_manifest(manifest.model_copy(update={"sha256": sha256}), out / "model.json")
    return sha256


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT_DIR")
    parser.add_argument("--heads", type=Path, default=KEPT, metavar="DIR")
    chosen = parser.parse_args()
    began = time.monotonic()
    print("Building the starter model: the wheel's backbone, the repository's kernels and heads …")
    sha256 = build(chosen.out, chosen.heads)
    size_mb = (chosen.out / "model.onnx").stat().st_size / 1e6
    print(f"{chosen.out / 'model.onnx'}: {size_mb:.1f} MB in {time.monotonic() - began:.0f} s")
    print(f"sha256 {sha256}")


if __name__ == "__main__":
    main()
