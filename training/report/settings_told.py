"""A run's settings in the words of its report, flag by flag."""

from typing import Final

from training.fit.run_settings import RunSettings

_FITS: Final = {
    "features": "the frozen backbone's features, heads on top",
    "fine-tune": "fine-tuning, then heads on the tuned backbone's features",
}
_POLICIES: Final = {
    "ignore": "left out of the loss",
    "zeros": "as absent",
    "ones": "as present",
    "self-trained": "as a first fit predicts them",
    "multi-class": "as a class of their own",
}
_SHORT: Final = 12


def title(settings: RunSettings) -> str:
    """Return the report's heading, as `MobileNetV2, features, 224 px`."""
    return f"{settings.backbone}, {settings.fit}, {settings.side} px"


def facts(settings: RunSettings) -> list[tuple[str, str]]:
    """Return what the run was: term and value, in an order a reader asks in."""
    policies = _POLICIES[settings.policy]
    for finding, policy in settings.policies.items():
        policies += f"; {finding} {_POLICIES[policy]}"
    told = [
        ("Backbone", settings.backbone),
        ("Weights at the start", _weights(settings.weights)),
        ("Fit", _FITS[settings.fit]),
        ("Side", f"{settings.side} x {settings.side} pixels"),
        ("Uncertain labels", policies),
        (
            "Findings not mentioned",
            "as absent" if settings.not_mentioned == "zeros" else "left out of the loss",
        ),
        (
            "Balance",
            "both answers of a finding weigh alike" if settings.balance == "weights" else "none",
        ),
        ("Lateral films", "kept" if settings.laterals else "left out"),
        ("Seed", str(settings.seed)),
    ]
    if settings.fit == "fine-tune":
        told += [
            ("Epochs", f"at most {settings.epochs}, {settings.patience} without a better one end"),
            ("Films a step", str(settings.batch)),
            ("Learning rate", f"{settings.rate:g} at the highest"),
            (
                "Augmentation",
                "turned, shifted, zoomed, made lighter or darker; never flipped"
                if settings.augment
                else "none",
            ),
        ]
    if settings.preset:
        told.append(("Preset", settings.preset))
    return told


def _weights(weights: str) -> str:
    if weights == "imagenet":
        return "ImageNet"
    return "none, random" if weights == "none" else f"a file of SHA-256 {weights[:_SHORT]}..."
