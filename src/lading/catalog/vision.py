"""Names of computer vision libraries in configuration: data sets that detectron2 registers, checkpoints that Ultralytics releases."""

from collections.abc import Iterator

from lading.core.pattern import pattern
from lading.syntax.node import Node

RELEASED_BY_ULTRALYTICS = pattern(
    r"(?:yolo(?:v\d{1,2}|\d{1,2}|_nas_|e-)?[a-z]?\d?u?[nstmblxceh]?(?:6u?)?(?:-(?:seg|cls|pose|obb|world|worldv2|oiv7|tiny|spp|human|e6e?|w6|d6))*"
    r"|rtdetr-[lx]|(?:mobile_)?sam(?:2(?:\.1)?)?(?:_[a-z+]{1,2})?|FastSAM-[sx])\.pt\Z"
)
"""The file name under which a checkpoint is released and fetched when it is not there."""

_REGISTERED = pattern(r"\b(?:keypoints_)?(?:coco|lvis|cityscapes|voc|ade20k)_[a-z0-9_]+\b")


def registered_datasets(section: Node) -> Iterator[tuple[str, Node]]:
    """The data sets of detectron2's own catalog that `DATASETS: {TRAIN: …, TEST: …}` names."""
    for split in ("TRAIN", "TEST"):
        node = section.get(split)
        for entry in (node.elements() or [node]) if node else ():
            if isinstance(entry.value, str):
                yield from ((name, entry) for name in _REGISTERED.findall(entry.text))
