"""Run in the training environment: pooled features of a fitted folder's Keras graph.

python -m tests.training.served FITTED FILMS.npy OUT.npy
"""

import sys
from pathlib import Path

import numpy as np

from training.fitted import Fitted
from training.starter_model import feature_model

if __name__ == "__main__":
    fitted, films, out = map(Path, sys.argv[1:])
    tensors = np.load(films)
    model = feature_model(tensors.shape[1], kernels=Fitted.load(fitted).kernels)
    np.save(out, np.asarray(model(tensors)[0]))
