import re
from setuptools import find_packages, setup

_deps = [
    "torch>=2.2",
    "pytest",
    "unused==1.0",
]
deps = {re.match(r"^\w+", d).group(0): d for d in _deps}

REQUIRED = ["transformers==4.44.0", "datasets"] + ["numpy<2"]
extras = {}
extras["eval"] = ["evaluate>=0.4"]
extras["test"] = [deps["pytest"]]

setup(
    name="example",
    version="1.0",
    packages=find_packages("src"),
    install_requires=[deps["torch"], *REQUIRED],
    extras_require=extras,
    setup_requires=["setuptools>=64"],
)
