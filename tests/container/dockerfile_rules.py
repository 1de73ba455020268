"""What a Dockerfile has to keep to, each rule by a name (those of hadolint where it has the rule)."""

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from typing import Final

from tests.container.dockerfile import Instruction, Stage

Stages = Sequence[Stage]
Breaches = Iterator[str]
PINNED: Final = re.compile(r"[a-z0-9./-]+:\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?(@sha256:[0-9a-f]{64})?")
SECRET: Final = re.compile(r"PASSWORD|SECRET|TOKEN|CREDENTIAL|_KEYS?$|DATABASE_URL", re.IGNORECASE)
PIPED_TO_SHELL: Final = re.compile(r"\b(curl|wget)\b.*\|\s*(ba|da|z)?sh\b")
USER: Final = re.compile(r"[1-9]\d*:[1-9]\d*")
ONCE: Final = ("ENTRYPOINT", "CMD", "HEALTHCHECK", "USER", "STOPSIGNAL")
EXEC_FORM: Final = ("ENTRYPOINT", "CMD", "HEALTHCHECK")
LABELS: Final = frozenset(
    f"org.opencontainers.image.{name}" for name in ("title", "description", "version", "revision")
)


def every(stages: Stages, keyword: str) -> Iterator[Instruction]:
    """Answer the instructions of a keyword in all stages."""
    return (one for stage in stages for one in stage.all(keyword))


def _bases(stages: Stages) -> Breaches:
    names = {stage.name for stage in stages}
    outer = {stage.base for stage in stages if stage.base not in names}
    yield from (base for base in outer if not PINNED.fullmatch(base))
    if len(outer) > 1:
        yield f"several bases: {sorted(outer)}"


def _apt(stages: Stages) -> Breaches:
    wanted = ("apt-get update", "--no-install-recommends", "--yes", "rm -rf /var/lib/apt/lists/*")
    for one in every(stages, "RUN"):
        if "apt-get install" in one.rest:
            yield from (f"line {one.line}: no {word}" for word in wanted if word not in one.rest)


def _pip(stages: Stages) -> Breaches:
    for one in every(stages, "RUN"):
        for command in one.rest.split("&&"):
            if "pip install" in command and "--no-index" not in command:
                wanted = ("--require-hashes", "--no-cache-dir", "--only-binary :all:", "--requirement")
                yield from (f"line {one.line}: no {word}" for word in wanted if word not in command)


def _no_add(stages: Stages) -> Breaches:
    return (f"line {one.line}" for one in every(stages, "ADD"))


def _no_piping(stages: Stages) -> Breaches:
    return (f"line {one.line}" for one in every(stages, "RUN") if PIPED_TO_SHELL.search(one.rest))


def _no_sudo(stages: Stages) -> Breaches:
    return (f"line {one.line}" for one in every(stages, "RUN") if re.search(r"\bsudo\b", one.rest))


def _absolute(stages: Stages) -> Breaches:
    yield from (f"line {one.line}" for one in every(stages, "WORKDIR") if not one.rest.startswith("/"))
    yield from (f"line {one.line}" for one in every(stages, "RUN") if re.search(r"(^|&& )cd ", one.rest))


def _user(stages: Stages) -> Breaches:
    if stages[-1].all("USER") and not USER.fullmatch(stages[-1].last("USER").rest):
        yield stages[-1].last("USER").rest


def _once(stages: Stages) -> Breaches:
    return (keyword for keyword in ONCE if len(stages[-1].all(keyword)) != 1)


def _exec_form(stages: Stages) -> Breaches:
    return (one.keyword for keyword in EXEC_FORM for one in stages[-1].all(keyword) if not one.words)


def _no_secrets(stages: Stages) -> Breaches:
    for keyword in ("ENV", "ARG"):
        for one in every(stages, keyword):
            yield from (name for name in one.pairs if SECRET.search(name))


def _built_elsewhere(stages: Stages) -> Breaches:
    """The last stage only copies: it runs nothing, and takes nothing but from a stage before."""
    final = stages[-1]
    yield from (f"line {one.line}" for one in final.all("RUN"))
    names = {stage.name for stage in stages[:-1] if stage.name}
    yield from (f"line {one.line}" for one in final.all("COPY") if one.flags.get("from") not in names)


def _owned_by_root(stages: Stages) -> Breaches:
    """Nothing of the program belongs to who runs it: only folders that are volumes do."""
    volumes = {path for one in stages[-1].all("VOLUME") for path in one.words or ()}
    for one in stages[-1].all("COPY"):
        if "chown" in one.flags and one.rest.split()[-1] not in volumes:
            yield f"line {one.line}"


def _named_sources(stages: Stages) -> Breaches:
    for one in every(stages, "COPY"):
        if "from" not in one.flags:
            sources = one.rest.split()[:-1]
            yield from (
                f"line {one.line}: {path}" for path in sources if path.startswith((".", "*", "tests"))
            )


def _labels(stages: Stages) -> Breaches:
    stated = {name for one in stages[-1].all("LABEL") for name in one.pairs}
    yield from sorted(LABELS - stated)


RULES: Final[dict[str, Callable[[Stages], Breaches]]] = {
    "DL3006, DL3007: one base, pinned to a version": _bases,
    "DL3009, DL3014, DL3015: apt-get asks nothing, brings nothing more, leaves nothing behind": _apt,
    "DL3042: pip takes wheels by their hashes and keeps no cache": _pip,
    "DL3020: no ADD": _no_add,
    "DL4006: nothing of the network is piped to a shell": _no_piping,
    "DL3004: no sudo": _no_sudo,
    "DL3000, DL3003: folders are absolute, and no cd": _absolute,
    "DL3002: a user by number, not root": _user,
    "DL4003, DL4004, DL3012: one way to start, to ask, to stop": _once,
    "DL3025: exec form, so that signals arrive and no shell is needed": _exec_form,
    "no secrets in ENV and ARG": _no_secrets,
    "the last stage only copies from the stages before": _built_elsewhere,
    "the program belongs to root": _owned_by_root,
    "sources are named, and no test is among them": _named_sources,
    "DL3048: labels": _labels,
}


def breaches(stages: Stages) -> dict[str, list[str]]:
    """Answer the rules that a Dockerfile breaks, each with where."""
    found = {name: list(rule(stages)) for name, rule in RULES.items()}
    return {name: where for name, where in found.items() if where}


def is_let_in(path: str, ignore: str) -> bool:
    """Tell whether a .dockerignore lets a path of the tree into the build; its last matching line decides."""
    let_in, parents = True, [path.rsplit("/", cut)[0] for cut in range(path.count("/") + 1)]
    for line in filter(None, (line.strip() for line in ignore.splitlines())):
        if not line.startswith("#"):
            pattern = line.removeprefix("!")
            short = pattern.removeprefix("**/")
            if any(
                fnmatch(part, pattern) or fnmatch(part, short) or fnmatch(part, f"*/{short}")
                for part in parents
            ):
                let_in = line.startswith("!")
    return let_in
