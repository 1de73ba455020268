"""`rongqiao serve`: the HTTP door."""

from app.cli.edge import notes, refusals_shown, run
from app.cli.worker import embedded_worker, require_fit_database
from app.kernel.logs import configure_logs
from app.kernel.serving import run_server
from app.kernel.settings import get_settings


def serve() -> None:
    """Serve pages and the JSON API; RONGQIAO_HOST and RONGQIAO_PORT say where. Refuses what is unsafe, all at once."""
    from app.main import create_app  # noqa: PLC0415 - the whole house: no other command waits for it

    settings = get_settings()
    configure_logs(settings.log_level)
    with refusals_shown():
        app = create_app(settings)
    run(lambda: require_fit_database(settings))
    base = settings.public_origin or f"http://{settings.host}:{settings.port}"
    notes.print(f"Rongqiao 融桥 on [bold]{base}[/bold] (stop with Ctrl-C).")
    if settings.environment == "development":
        _show_worth_opening(base)
    with embedded_worker(settings):
        run_server(app, settings)


def _show_worth_opening(base: str) -> None:
    notes.print("Worth opening first:")
    for path, what in WORTH_OPENING:
        notes.print(f"  {base}{path}", f"[dim]{what}[/dim]", highlight=False, soft_wrap=True)
    notes.print("Worth trying: what [bold]rongqiao seed demo[/bold] lists, run again.")


WORTH_OPENING = (
    ("/", "the pages; whoever signs in begins where the role's work is"),
    ("/api/v1/coverage/2023-11?by=region", "coverage by city, with numerators and denominators"),
    ("/api/v1/whitelist/entries?edition=2023H2", "the roster"),
    ("/api/v1/policies/heilongjiang-2023-25/clauses", "the policy, clause by clause, with what carries it"),
    ("/openapi.json", "the whole API"),
)
