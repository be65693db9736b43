"""Whether the packages of a system, and which needs which, are what its own package manager prints.

`python bench/packages.py [KIND:ROOT=COMMAND]...`, as in `rpm:/tmp/root=rpm --define "_db_backend ndb"` or `apk:/tmp/root=apk`; dpkg and apt of
this machine are asked always, when they are there.
RPM prints no needs that are resolved: its Python bindings are asked, where they read the form, and
tell nothing of needs that are joined by words, which are left out.
"""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from lading.image import apk, dpkg, rpm
from lading.image.needs import Compound, Fits, Holder, edges
from lading.image.system import Package

Truth = tuple[set[str], set[str] | None]
_APT = """
import apt_pkg
apt_pkg.init()
for package in apt_pkg.Cache(None).packages:
    version = package.current_ver
    if version and package.current_state == apt_pkg.CURSTATE_INSTALLED:
        for kind in ("Depends", "PreDepends"):
            for target in (t for group in version.depends_list.get(kind, []) for one in group for t in one.all_targets()):
                other = target.parent_pkg
                if other.current_ver == target and other.name != package.name:
                    print(f"{package.name} {version.ver_str} -> {other.name} {target.ver_str}")
"""
_RPM = """
import rpm, sys
rpm.addMacro("_dbpath", sys.argv[1])
headers = [h for h in rpm.TransactionSet().dbMatch() if h["name"] != "gpg-pubkey"]
name = lambda h: f"{h['name']} {h['version']}-{h['release']}"
offers, files = {}, {}
for h in headers:
    for offered in h["providename"]:
        offers.setdefault(offered, []).append(h)
    for path in h["filenames"]:
        files.setdefault(path, []).append(h)
for h in headers:
    for need in h.dsFromHeader("requirename"):
        met = {name(o) for o in offers.get(need.N(), []) if o.dsFromHeader("providename").Search(need) >= 0}
        met |= {name(o) for o in files.get(need.N(), [])}
        for other in met if name(h) not in met else ():
            print(name(h), "->", other)
"""


def main() -> int:
    """Print for each database how many packages and needs were compared, and how many differ."""
    sys.stdout.write("| database | packages | differ | needs | differ |\n|---|---:|---:|---:|---:|\n")
    asked = [row.partition(":")[::2] for row in sys.argv[1:]]
    worst = _row("dpkg, of this machine", _read(dpkg.read, Path("/var/lib/dpkg/status")), _dpkg()) if shutil.which("dpkg-query") else 0
    for kind, rest in asked:
        root, _, command = rest.partition("=")
        place = next(p for p in map(Path(root).joinpath, _PLACES) if p.is_file())
        packages = _read(apk.read if kind == "apk" else rpm.read, place)
        truth = _apk(shlex.split(command), root, packages) if kind == "apk" else _rpm(shlex.split(command), root, place)
        worst += _row(_title(kind, command, place), packages, truth)
    return 1 if worst else 0


_PLACES = (
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "var/lib/rpm/Packages",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/rpmdb.sqlite",
)
_FORMS = {"Packages": "Berkeley DB", "Packages.db": "NDB", "rpmdb.sqlite": "SQLite", "installed": "text"}


def _title(kind: str, command: str, place: Path) -> str:
    version = _lines([shlex.split(command)[0], "--version"])[0].replace(",", " ").split()
    return f"{kind} {next((word for word in version if word[0].isdigit()), '')}, {_FORMS[place.name]}"


def _read(read: Callable[[bytes], Iterable[Package]], place: Path) -> list[Package]:
    return list(read(place.read_bytes()))


def _full(package: Package) -> str:
    return f"{package.name} {package.epoch + ':' if package.epoch else ''}{package.version}"


def _row(title: str, packages: list[Package], truth: Truth) -> int:
    names, needs = truth
    differ = len({_full(p) for p in packages} ^ names)
    if needs is None:
        sys.stdout.write(f"| {title} | {len(names)} | {differ} | not asked | |\n")
        return differ
    fits: Fits = {"deb": dpkg.fits(packages), "apk": apk.fits, "rpm": rpm.fits}[packages[0].kind]
    simple = [tuple(w for w in p.wants if p.kind == "deb" or not isinstance(w, Compound)) for p in packages]
    holders = [Holder(f"{p.name} {p.version}", wants, p.offers, p.arch, p.files) for p, wants in zip(packages, simple, strict=True)]
    found = {f"{e.source} -> {e.target}" for e in edges(holders, fits)}
    wrong = found ^ needs
    sys.stdout.write(f"| {title} | {len(names)} | {differ} | {len(needs)} | {len(wrong)} |\n")
    sys.stderr.writelines(f"{title}: {edge}\n" for edge in sorted(wrong)[:5])
    return differ + len(wrong)


def _dpkg() -> Truth:
    rows = [line.split() for line in _lines(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version}\n"])]
    return {f"{name} {version}" for status, name, version in rows if status == "installed"}, _python(_APT)


def _rpm(command: list[str], root: str, place: Path) -> Truth:
    asked = [*command, "--root", root, "--dbpath", "/var/lib/rpm", "-qa", "--qf", "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n"]
    names = {line for line in _lines(asked) if not line.startswith("gpg-pubkey ")}
    return names, _python(_RPM, str(place.parent)) if place.name == "rpmdb.sqlite" else None


def _apk(command: list[str], root: str, packages: list[Package]) -> Truth:
    asked = [*command, "--root", root]
    full = {f"{p.name}-{p.version}": _full(p) for p in packages}
    names = {full.get(line.split()[0], line) for line in _lines([*asked, "info", "-v"]) if line and not line.startswith("WARNING")}
    needs = {f"{full[line]} -> {_full(p)}" for p in packages for line in _lines([*asked, "info", "-q", "-r", p.name]) if line in full}
    return names, needs


def _python(program: str, *arguments: str) -> set[str] | None:
    """What a program prints in the Python of the system, which has its bindings; None when it has not."""
    try:
        return set(_lines(["/usr/bin/python3", "-c", program, *arguments]))
    except (OSError, subprocess.CalledProcessError):
        return None


def _lines(command: list[str]) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
