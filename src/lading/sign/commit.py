"""A Git commit or tag as the subject of statements: `git:FOLDER[@REVISION]`."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import BinaryIO, cast

import msgspec
from msgspec import Struct

from lading.core.digest import BLOCK
from lading.core.errors import EvidenceError, TrustError, UsageError
from lading.policy.rule import TrustRule
from lading.policy.trust import Claim, decide
from lading.sign.model import Checked
from lading.sign.verify import Result, claim_of, documents
from lading.trust import bundle, evidence
from lading.trust.evidence import Roots
from lading.trust.predicates import says_no, short
from lading.trust.statement import Resource

SCHEME = "git:"
_CREDENTIALS = re.compile(r"(?<=://)[^/@]+@")
SHA1 = 40
"""Hexadecimal digits of one."""
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Commit(Struct, frozen=True):
    """A commit of a repository, with the annotated tag it was asked for by, where there is one."""

    folder: Path
    revision: str
    commit: str
    tag: str = ""
    origin: str = ""

    def subject(self) -> Resource:
        """The commit as the subject of a statement (in-toto digest set: gitCommit, gitTag)."""
        digest = {"gitCommit": self.commit, **({"gitTag": self.tag} if self.tag else {})}
        name = f"{self.folder.resolve().name}@{self.revision}"
        return Resource(name=name, uri=f"git+{self.origin}" if self.origin else "", digest=digest)


def commit_at(text: str) -> Commit:
    """The commit that `git:FOLDER[@REVISION]` means, HEAD without one; UsageError when there is none."""
    place, _, revision = text.removeprefix(SCHEME).partition("@")
    folder, revision = Path(place or "."), revision or "HEAD"
    if shutil.which("git") is None:
        raise UsageError("git is not installed, and a commit was named", hint="install git, or name a folder or file")
    if revision.startswith("-"):
        raise UsageError(f"{revision!r} is no revision")
    commit = git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").decode().strip()
    if not _ID.fullmatch(commit):
        raise UsageError(
            f"{folder} is no Git repository with a commit {revision!r}", hint="git:FOLDER, git:FOLDER@v1.0 or git:FOLDER@COMMIT"
        )
    named = git(folder, "rev-parse", "--verify", "--quiet", revision).decode().strip()
    return Commit(folder, revision, commit, named if named != commit else "", origin_of(folder))


def origin_of(folder: Path) -> str:
    """Where a repository was cloned from, without credentials; empty when it does not say."""
    return _CREDENTIALS.sub("", git(folder, "config", "--get", "remote.origin.url").decode().strip())


def verify_commit(commit: Commit, sources: Iterable[Path], roots: Roots, rule: TrustRule, now: datetime) -> Result:
    """One verdict over the statements about a commit; its objects in the repository must be those that it names."""
    claims = [_judged(name, data, commit, roots, now) for name, data in documents(sources)]
    objects = [
        line[:64].split()[0].decode() for line in git(commit.folder, "rev-list", "--objects", "--no-walk", commit.commit).splitlines()
    ]
    if damaged := _damaged(commit.folder, [commit.commit, *objects]):
        claims = [msgspec.structs.replace(c, differences=(f"the object {damaged} of the commit is missing or damaged",)) for c in claims]
    files = git(commit.folder, "ls-tree", "-r", "-z", "--name-only", commit.commit).count(b"\0")
    checked = Checked(files, "the objects of the commit", notes=tuple(_notes(commit)))
    name = f"{SCHEME}{commit.folder}@{commit.revision}"
    return Result(name, decide(rule, claims, now), tuple(claims), (checked,), f"gitCommit:{commit.commit}")


def _judged(source: str, data: bytes, commit: Commit, roots: Roots, now: datetime) -> Claim:
    try:
        found = evidence.verify(bundle.decode(data), roots, now)
    except EvidenceError as e:
        return Claim(source, unknown=e.sentence)
    except TrustError as e:
        return Claim(source, refusal=e.sentence)
    claim, mine = claim_of(source, found), commit.subject().digest
    if not any(_same(s.digest, mine) for s in found.statement.subject):
        return msgspec.structs.replace(claim, refusal=f"the {short(claim.predicate)} statement is about another commit or tag")
    return msgspec.structs.replace(claim, refusal=says_no(claim.predicate, found.statement.predicate))


def _same(theirs: dict[str, str], mine: dict[str, str]) -> bool:
    """Whether a statement is about this commit: it names it, and no other tag than the one that was asked for."""
    tags = theirs.get("gitTag"), mine.get("gitTag")
    return theirs.get("gitCommit") == mine["gitCommit"] and (None in tags or tags[0] == tags[1])


def _notes(commit: Commit) -> Iterable[str]:
    """What a verdict about a commit does not say."""
    if len(commit.commit) == SHA1:
        yield "anything beyond SHA-1, by which Git names this commit"
    yield "the files of the working tree, which may differ from the commit"


def _damaged(folder: Path, objects: Iterable[str]) -> str:
    """The first object whose content is not what its name says: Git looks at that when it fetches, not when it reads."""
    with subprocess.Popen(_git(folder, "cat-file", "--batch"), stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=_surroundings()) as reader:  # noqa: S603 - as below
        answers, questions = cast("BinaryIO", reader.stdout), cast("BinaryIO", reader.stdin)
        for name in objects:
            try:
                questions.write(f"{name}\n".encode())
                questions.flush()
            except OSError:
                return name
            header = answers.readline().split()
            if len(header) != 3 or _id_of(header[1], int(header[2]), answers, "sha1" if len(name) == SHA1 else "sha256") != name:  # noqa: PLR2004 - name, type, size
                return name
            answers.read(1)
    return ""


def _id_of(kind: bytes, size: int, stream: BinaryIO, algorithm: str) -> str:
    """The name that Git gives an object: the digest of its type, size and content."""
    running = hashlib.new(algorithm, b"%s %d\0" % (kind, size), usedforsecurity=False)
    while size > 0 and (block := stream.read(min(size, BLOCK))):
        running.update(block)
        size -= len(block)
    return running.hexdigest()


def git(folder: Path, *arguments: str) -> bytes:
    """What Git answers; nothing when it refuses. It shows objects as they are and fetches none."""
    done = subprocess.run(_git(folder, *arguments), capture_output=True, check=False, env=_surroundings())  # noqa: S603 - fixed words and a folder
    return done.stdout if done.returncode == 0 else b""


def _git(folder: Path, *arguments: str) -> Sequence[str]:
    return ("git", "--no-replace-objects", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments)


def _surroundings() -> dict[str, str]:
    return {**os.environ, "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
