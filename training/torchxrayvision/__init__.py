"""Import TorchXRayVision's DenseNet121: what is published of it, and what our findings make of it.

Cohen et al. 2022, "TorchXRayVision: A library of chest X-ray datasets and models" (MIDL 2022,
arXiv 2111.00595); https://github.com/mlmed/torchxrayvision.
"""
