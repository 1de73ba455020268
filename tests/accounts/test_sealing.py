"""Keys are for one purpose each and can be changed; what is sealed stays closed to everybody else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.accounts.key_ring import KeyRing, _kept_key, key_ring
from app.accounts.sealing import SealBroken, resealed, seal, unseal
from app.kernel.errors import Refused
from app.kernel.settings import Settings

NOW = datetime(2023, 11, 15, 2, tzinfo=UTC)
OLD, NEW = KeyRing(("old",)), KeyRing(("new", "old"))


def test_what_is_sealed_opens_for_its_purpose_only() -> None:
    sealed = seal(OLD, "totp", "密 secret", now=NOW)
    assert "secret" not in sealed
    assert unseal(OLD, "totp", sealed) == "密 secret"
    for ring, purpose, text in (
        (OLD, "flow", sealed),
        (KeyRing(("other",)), "totp", sealed),
        (OLD, "totp", sealed[:-4] + "AAAA"),
        (OLD, "totp", ""),
        (OLD, "totp", "密"),
    ):
        with pytest.raises(SealBroken):
            unseal(ring, purpose, text)


def test_after_sealing_anew_the_old_key_can_be_dropped() -> None:
    sealed = seal(OLD, "totp", "secret", now=NOW)
    with pytest.raises(SealBroken):
        unseal(KeyRing(("new",)), "totp", sealed)
    assert unseal(KeyRing(("new",)), "totp", resealed(NEW, "totp", sealed)) == "secret"
    with pytest.raises(SealBroken):
        resealed(KeyRing(("other",)), "totp", sealed)


def test_what_is_sealed_for_a_while_closes_again() -> None:
    sealed = seal(OLD, "flow", "state", now=NOW)
    assert unseal(OLD, "flow", sealed, now=NOW + timedelta(seconds=600), seconds=600) == "state"
    with pytest.raises(SealBroken):
        unseal(OLD, "flow", sealed, now=NOW + timedelta(seconds=601), seconds=600)


def test_a_signature_holds_under_any_key_of_the_ring_and_for_one_purpose_and_text() -> None:
    signature = OLD.sign("csrf", "session")
    assert NEW.is_signed("csrf", "session", signature)
    assert NEW.sign("csrf", "session") != signature
    assert not OLD.is_signed("csrf", "another", signature)
    assert not OLD.is_signed("seal", "session", signature)
    assert not KeyRing(("new",)).is_signed("csrf", "session", signature)
    assert not OLD.is_signed("csrf", "session", "é")


def test_settings_name_the_keys_and_production_never_invents_one() -> None:
    stated = Settings(secret_keys=SecretStr(" new , old,"))
    assert key_ring(stated) == NEW
    assert "old" not in repr(key_ring(stated))
    with pytest.raises(Refused) as refusal:
        key_ring(Settings(environment="production", secret_keys=SecretStr(", ")))
    assert [fault.where for fault in refusal.value.faults] == ["RONGQIAO_SECRET_KEYS"]
    with pytest.raises(ValueError, match="RONGQIAO_SECRET_KEYS"):
        KeyRing(())


def test_processes_that_start_at_once_agree_on_the_key_of_a_development_machine(tmp_path: Path) -> None:
    file = tmp_path / "var" / "development.key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(_kept_key.__wrapped__, [file] * 8))
    assert len(keys) == 1
    assert (file.stat().st_mode & 0o777, [path.name for path in file.parent.iterdir()]) == (
        0o600,
        [file.name],
    )


def test_a_key_that_cannot_be_kept_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    file = tmp_path / "taken" / "in" / "a.key"
    with pytest.raises(Refused) as told:
        _kept_key.__wrapped__(file)
    assert [(fault.where, fault.message) for fault in told.value.faults] == [(str(file), "Not a directory")]
    assert "RONGQIAO_SECRET_KEYS" in told.value.faults[0].remedy
