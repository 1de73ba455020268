"""Every rule and value that decides something says in which clause of which document it stands."""

from app.kernel.settings import get_settings
from app.policy.loading import load_policy_library


def test_every_rule_and_parameter_of_every_pack_cites_a_clause_that_is_there() -> None:
    packs = {pack.code: pack for pack in load_policy_library(get_settings().seed_dir).packs}
    clauses = {(code, clause.number) for code, pack in packs.items() for clause in pack.clauses}
    cited = {
        f"{code} {item.key}": (item.citation.pack, item.citation.clause)
        for code, pack in packs.items()
        for item in pack.items
    }
    assert len(cited) > 50
    assert [item for item, clause in cited.items() if clause not in clauses] == []
