"""Run in the training environment: how far bfloat16 moves the pooled features, as a share.

python -m tests.training.rounded FILMS_DIR
"""

import sys
from pathlib import Path

import numpy as np

from training.backbones.efficientnet_lite import weights_file
from training.backbones.torch_weights import read_state_dict
from training.data import nih
from training.starter.fine_tune import pooled_features
from training.starter.folded_lite import FoldedLite
from training.starter.other_arithmetic import RoundedLite

if __name__ == "__main__":
    rows = nih.read_rows(Path(sys.argv[1]))[:4]
    films = np.stack([nih.film(row, 64) for row in rows])
    state = read_state_dict(weights_file())
    exact, rounded = (pooled_features(net(state, 0), films) for net in (FoldedLite, RoundedLite))
    gap = float(np.abs(rounded - exact).max() / np.abs(exact).max())
    sys.stdout.write(f"{gap}\n")
