"""The edge of every command: what people are told when it does not go through."""

import pytest
import typer

from app.cli import edge


def test_a_command_that_is_stopped_says_that_nothing_was_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def job() -> None:
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as stopped:
        edge.run(job)
    assert stopped.value.exit_code == edge.INTERRUPTED
    assert "nothing was changed" in capsys.readouterr().err
