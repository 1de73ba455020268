"""Which page of an entry or need is a viewer's own. Pure."""

from app.accounts.rules import INSTITUTION_ROLES, Role, Viewer


def entry_path(viewer: Viewer, entry: str, need: str) -> str:
    """Answer where a viewer reads of an entry: coordinators on the roster, banks on their list, firms of their need."""
    if viewer.is_operator or viewer.has(Role.COORDINATOR, Role.AUDITOR):
        return f"/roster/entries/{entry}"
    if viewer.has(*INSTITUTION_ROLES):
        return f"/manager/entries/{entry}"
    return f"/chain/entries/{entry}" if viewer.has(Role.CHAIN_MANAGER) else f"/enterprise/needs/{need}"


def need_path(viewer: Viewer, need: str) -> str:
    """Answer where a viewer reads of a need apart from its entries; "" where that is nowhere."""
    return f"/enterprise/needs/{need}" if viewer.has(Role.ENTERPRISE) else ""
