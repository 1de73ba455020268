"""`rongqiao serve`: the HTTP door."""

import typer
import uvicorn

from app.cli.edge import notes
from app.kernel.logs import configure_logs
from app.kernel.settings import get_settings


def serve() -> None:
    """Serve pages and the JSON API on loopback; RONGQIAO_HOST and RONGQIAO_PORT say where."""
    from app.main import create_app  # noqa: PLC0415 - the whole house: no other command waits for it

    settings = get_settings()
    configure_logs(settings.log_level)
    try:
        app = create_app(settings)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    base = f"http://{settings.host}:{settings.port}"
    notes.print(f"Rongqiao 融桥 on [bold]{base}[/bold] (stop with Ctrl-C). Worth opening first:")
    for path, what in WORTH_OPENING:
        notes.print(f"  {base}{path}", f"[dim]{what}[/dim]", highlight=False, soft_wrap=True)
    notes.print("Worth trying: what [bold]rongqiao seed demo[/bold] lists, run again.")
    uvicorn.run(app, host=settings.host, port=settings.port, log_config=None, access_log=False)


WORTH_OPENING = (
    ("/", "this month's coverage and where to go from there"),
    ("/api/v1/coverage/2023-11?by=region", "coverage by city, with numerators and denominators"),
    ("/api/v1/whitelist/entries?edition=2023H2", "the roster"),
    ("/api/v1/policies/heilongjiang-2023-25/clauses", "the policy, clause by clause, with what carries it"),
    ("/openapi.json", "the whole API"),
)
