"""What the scope of a role names: looked up where regions, institutions and chains are known."""

from collections.abc import Iterable

from app.accounts.people_rules import written_scope
from app.accounts.permissions import Target
from app.accounts.rules import SCOPE_KINDS, Role, ScopeKind, Viewer
from app.chains import service as chains
from app.institutions.kinds import InstitutionKind
from app.institutions.reach import institution_target
from app.institutions.rules import InstitutionNode
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, NotFound, Refused
from app.kernel.settings import get_settings
from app.reference.book import load_reference_book
from app.reference.regions import region_contains


class StoredPlaces:
    """The places of an installation (accounts/places.py says why it is handed down)."""

    async def target(self, session: AsyncSession, viewer: Viewer, role: Role, scope: str) -> Target:
        """Answer what a role with a scope touches.

        Raises:
            Refused: the scope has not the role's form, there is no such region, institution or chain, or it
                does not suit the role (a guarantor's is a guarantor, a bank's person works at a bank).
        """
        scope, fault = written_scope(role, scope)
        if fault is not None:
            raise _refused(fault)
        match SCOPE_KINDS[role]:
            case ScopeKind.INSTALLATION:
                return Target(region=viewer.jurisdiction)
            case ScopeKind.CREDIT_CODE:
                return Target(uscc=scope)
            case ScopeKind.REGION:
                return _region(viewer, scope)
            case ScopeKind.INSTITUTION:
                return await _institution(session, viewer, role, scope)
            case ScopeKind.CHAIN:
                return await _chain(session, viewer, scope)

    async def institutions_within(
        self, session: AsyncSession, viewer: Viewer, codes: Iterable[str]
    ) -> frozenset[str]:
        """Answer the codes of some institutions and of all below them; unknown ones stand for nothing."""
        tree = await institution_tree(session, viewer)
        tops = [node for node in map(tree.find, codes) if node is not None]
        return frozenset(node.code for top in tops for node in (top, *tree.descendants(top.id)))


def _region(viewer: Viewer, code: str) -> Target:
    regions = load_reference_book(get_settings().seed_dir).regions
    if regions.get(code) is None:
        raise _refused(Fault("scope", "no such region", regions.hint(code), code))
    if not region_contains(viewer.jurisdiction, code):
        raise _refused(Fault("scope", f"lies outside the jurisdiction {viewer.jurisdiction}", value=code))
    return Target(region=code)


async def _institution(session: AsyncSession, viewer: Viewer, role: Role, code: str) -> Target:
    tree = await institution_tree(session, viewer)
    node = tree.find(code)
    if node is None:
        raise _refused(Fault("scope", "no such institution", "GET /api/v1/institutions lists them.", code))
    if not _suits(role, node):
        raise _refused(Fault("scope", f"is {node.kind.chinese}, where nobody is {role}", value=code))
    return institution_target(tree, node.id, viewer.jurisdiction)


def _suits(role: Role, node: InstitutionNode) -> bool:
    is_guarantor = node.kind is InstitutionKind.GUARANTOR
    return is_guarantor if role is Role.GUARANTOR else not is_guarantor and not node.kind.is_body


async def _chain(session: AsyncSession, viewer: Viewer, code: str) -> Target:
    try:
        chain = await chains.get_chain(session, viewer, code)
    except NotFound as error:
        raise _refused(Fault("scope", "no such chain", "GET /api/v1/chains lists them.", code)) from error
    return Target(region=chain.jurisdiction, chain=code)


def _refused(fault: Fault) -> Refused:
    return Refused("The scope names nothing that the role could be for.", [fault])
