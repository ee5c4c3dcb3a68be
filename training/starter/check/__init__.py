"""The starter's input check: whether a picture is a frontal chest film."""
