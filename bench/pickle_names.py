"""Write the generated tables of `src/lading/pickles/names`: the classes of installed libraries that only hold values.

Run with a Python that has the libraries (`requirements/ml.txt`): `python bench/pickle_names.py`. What is installed decides what is written here, never
what an inspection answers: the tables are read, the libraries are not.
"""

import contextlib
import importlib
import inspect
import pkgutil
import sys
import warnings
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

NAMES = Path(__file__).parent.parent / "src" / "lading" / "pickles" / "names"
LIBRARIES = {
    "sklearn": ("sklearn",),
    "torch_nn": ("torch.nn", "torch.optim", "torch.distributions"),
    "scipy": ("scipy.sparse", "scipy.stats", "scipy.interpolate", "scipy.spatial"),
    "pandas": ("pandas",),
    "xgboost": ("xgboost",),
    "lightgbm": ("lightgbm",),
    "transformers": ("transformers",),
}
LEFT_OUT = (".tests", ".testing", "._testing", "conftest", ".externals", ".datasets", ".parallel", ".distributed", ".fx", "io.", ".dask", ".spark",
            "._build_utils", ".callbacks", "computation", "_test", ".plotting", ".dynamo", ".onnx", ".cli", ".commands", "frozen", ".hub", "._fileno", "sklearn.callback")  # fmt: skip
ONLY = {
    "transformers": (
        "transformers.training_args",
        "transformers.trainer_utils",
        "transformers.configuration_utils",
        "transformers.generation",
    )
}
UNSAFE = {"Popen", "Process", "Pool", "LocalServer", "FunctionCreator"}


def main() -> None:
    """Write one table for every library that is at hand."""
    for name, packages in LIBRARIES.items():
        try:
            found = sorted({full for package in packages for full in classes(package, ONLY.get(name, ()))})
            release = version({"sklearn": "scikit-learn", "torch_nn": "torch"}.get(name, name))
        except ImportError as e:
            sys.stderr.write(f"{name}: not at hand: {e}\n")
            continue
        path = NAMES / f"{name}.toml"
        known = set()
        if path.exists():
            known = {line for line in path.read_text().splitlines() if "." in line and " " not in line}
        text = (
            f'source = "the classes of {name.replace("_", ".")} {release}, read by bench/pickle_names.py"\n'
            f"checked = \"{datetime.now(UTC):%Y-%m-%d}\"\ntypes = '''\n" + "\n".join(sorted({*found, *known})) + "\n'''\n"
        )
        path.write_text(text)
        print(name, release, len(found), "names")


def classes(package: str, only: tuple[str, ...]) -> set[str]:
    """The classes (and Cython's own reconstructors) that the modules of a package define."""
    top = importlib.import_module(package)
    found = set()
    for module in [top, *_modules(top)]:
        if only and not module.__name__.startswith(only):
            continue
        for name, value in list(vars(module).items()):
            home = getattr(value, "__module__", None)
            if home != module.__name__:
                continue
            if (inspect.isclass(value) and name not in UNSAFE and value.__qualname__ == name) or name.startswith("__pyx_unpickle_"):
                found.add(f"{home}.{name}")
    return found


def _modules(top):  # noqa: ANN001, ANN202 - a script
    for info in pkgutil.walk_packages(getattr(top, "__path__", []), f"{top.__name__}.", onerror=lambda _: None):
        if any(part in info.name for part in LEFT_OUT):
            continue
        with contextlib.suppress(BaseException), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield importlib.import_module(info.name)


if __name__ == "__main__":
    main()
