"""What is documented is true: commands on the pages run, generated pages are current, links lead somewhere, examples work."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lading.policy.settings import _parsed
from lading.scan import scan

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").rglob("*.md")])
RUN = [p for p in PAGES if "\n$ lading " in p.read_text()]
LINK = re.compile(r"\[[^\]]*\]\((?!https?://|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("page", RUN, ids=lambda p: p.stem)
def test_every_command_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for name, block in re.findall(r"```(?:toml|text)\n# (\S+\.(?:toml|txt))\n(.*?)```", page.read_text(), re.DOTALL):
        (tmp_path / name).write_text(block)
    for line in re.findall(r"^\$ lading (.+)$", page.read_text(), re.MULTILINE):
        done = subprocess.run(
            [sys.executable, "-m", "lading", *shlex.split(line)], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"lading {line}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_the_generated_pages_are_current() -> None:
    done = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_settings_of_the_page_are_settings() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/how-to/accept-a-finding.md").read_text(), re.DOTALL)
    settings = _parsed(tomllib.loads(block), "the page")
    assert settings.ignore[0].reason.startswith("reviewed")


def test_the_rules_of_the_page_are_rules() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/how-to/whose-signature-counts.md").read_text(), re.DOTALL)
    settings = _parsed(tomllib.loads(block), "the page")
    written = {name for rule in settings.trust for name in rule.__struct_fields__ if getattr(rule, name)}
    assert written == set(settings.trust[0].__struct_fields__), "the page shows every key of a rule"
    assert [k.file for k in settings.key] == ["keys/release-2025.pub", "keys/laptop.pub"]


@pytest.mark.parametrize("name", ["gate-a-service", "gate-on-kubernetes"])
def test_the_settings_of_the_gate_are_settings(name: str) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / f"docs/how-to/{name}.md").read_text(), re.DOTALL)
    settings = _parsed(tomllib.loads(block), "the page")
    shown = settings.load if name == "gate-a-service" else settings.admit
    assert all(getattr(shown, key) for key in shown.__struct_fields__), "the page shows every key"


def test_the_loader_of_the_page_loads(tmp_path: Path) -> None:
    page = (ROOT / "docs/how-to/add-a-loader.md").read_text()
    (tmp_path / "lading.toml").write_text(re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0])
    (tmp_path / "app.py").write_text(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0])
    (component,) = scan(tmp_path).bom.components
    assert (component.name, component.upstream, component.version) == ("intent-classifier", "acme-registry", "v3")


def test_the_loader_of_the_page_loads_from_pyproject_too(tmp_path: Path) -> None:
    page = (ROOT / "docs/how-to/add-a-loader.md").read_text()
    rows = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0]
    (tmp_path / "pyproject.toml").write_text(rows.replace("[[loader]]", "[[tool.lading.loader]]"))
    (tmp_path / "app.py").write_text(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0])
    assert "intent-classifier" in {c.name for c in scan(tmp_path).bom.components}


def test_the_extractor_of_the_contributing_page_is_one_file_and_one_case(tmp_path: Path) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    source = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    lines = re.findall(r"per line:\n\n```\n(.*?)```", page, re.DOTALL)[0]
    (tmp_path / "models.lst").write_text(lines)
    script = f"{source}\nfrom pathlib import Path\nfrom lading.scan import scan\nprint([c.ref for c in scan(Path({str(tmp_path)!r})).bom.components])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "86b5e0934494bd15c9632b12f734a8a67f723594" in done.stdout, done.stderr
    assert "sentence-transformers/all-MiniLM-L6-v2" in done.stdout
