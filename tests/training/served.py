"""Run in the training environment: pooled features of tuned kernels in the graph that is served.

python -m tests.training.served WORK FILMS.npy OUT.npy
"""

import sys
from pathlib import Path

import numpy as np

from training.starter.graph import feature_model
from training.starter.tuned_folds import read_kernels

if __name__ == "__main__":
    work, films, out = map(Path, sys.argv[1:])
    tensors = np.load(films)
    model = feature_model(tensors.shape[1], kernels=read_kernels(work))
    np.save(out, np.asarray(model(tensors)[0]))
