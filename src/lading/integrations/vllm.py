"""A model loader of vLLM: `vllm serve MODEL --load-format lading` reads weights from verified, sealed memory; needs vllm.

vLLM finds `register` by its entry point `vllm.general_plugins`. Configuration and tokenizer are read by vLLM itself before its loaders are
asked: `lading run -- vllm serve …` holds these as well, and is what to use where it can be.
"""

import copy
import dataclasses
from pathlib import Path
from typing import Any

from lading.core.errors import LoadError
from lading.load import verified_directory

LOAD_FORMAT = "lading"


def register() -> None:
    """Make the loader known to vLLM under its load format."""
    from vllm.model_executor.model_loader import register_model_loader  # noqa: PLC0415 - vLLM asks for this before it is ready itself
    from vllm.model_executor.model_loader.default_loader import DefaultModelLoader  # noqa: PLC0415 - as above

    @register_model_loader(LOAD_FORMAT)
    class VerifiedLoader(DefaultModelLoader):  # type: ignore[misc]
        """vLLM's own loader, from the verified files of a model in a folder; it downloads nothing."""

        def __init__(self, load_config: Any) -> None:  # noqa: ANN401 - vLLM's
            super().__init__(dataclasses.replace(load_config, load_format="safetensors"))

        def download_model(self, model_config: Any) -> None:  # noqa: ANN401 - vLLM's
            """Return when the model is a folder; LoadError otherwise: what is downloaded now was not verified by anybody."""
            _folder(model_config)

        def load_weights(self, model: Any, model_config: Any) -> None:  # noqa: ANN401 - vLLM's
            """Verify the model and load its weights from what was verified."""
            with verified_directory(_folder(model_config)) as verified:
                changed = copy.copy(model_config)
                changed.model = str(verified)
                super().load_weights(model, changed)


def _folder(model_config: Any) -> str:  # noqa: ANN401 - vLLM's
    place = str(model_config.model)
    if not Path(place).is_dir():
        raise LoadError(
            f"{place} is no folder, and what is downloaded now was verified by nobody",
            hint="lading sync --to FOLDER, then serve the folder",
        )
    return place
