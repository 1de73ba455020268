"""What a session may see and do: conditions on each of its statements (visibility/queries.py writes them), no writing in one that reads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, ClassVar, Final

from sqlalchemy import BindParameter, ColumnElement, Insert, TextClause, event, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import LoaderCriteriaOption, ORMExecuteState, Session
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.orm.interfaces import CriteriaOption
from sqlalchemy.sql import visitors

from app.kernel.errors import Fault, PreconditionFailed

READS_ONLY: Final = "rongqiao_reads_only"
"""Marks a session that must not write (recording.py)."""
_SIGHT: Final = "rongqiao_sight"


class Criterion(LoaderCriteriaOption):
    """Which rows of a mapped class a session may see, wherever the class stands in a statement.

    `form` is a number for how the condition is written, equal for all that differ in the values of named
    parameters only; `parameters` are those, by name.
    """

    _forms: ClassVar[dict[Any, int]] = {}
    _numbers: ClassVar = count()

    def __init__(self, entity: type[Any], condition: ColumnElement[bool]) -> None:
        super().__init__(entity, condition, include_aliases=True, propagate_to_loaders=False)
        plain = LoaderCriteriaOption(entity, condition, include_aliases=True)
        made = plain._generate_cache_key()  # noqa: SLF001 - SQLAlchemy has no public way to it
        assert made is not None  # conditions are made of expressions that have keys
        constants = tuple(each.value for each in made.bindparams if each.unique)
        self.form = self._forms.setdefault((made.key, constants), next(self._numbers))
        self.parameters = {each.key: each for each in made.bindparams if not each.unique}
        self.table = inspect(entity).local_table
        self._annotated: ColumnElement[bool] | None = None

    def _resolve_where_criteria(self, ext_info: Any) -> ColumnElement[bool]:
        # SQLAlchemy leaves a condition on a joined alias as it was written: about the class itself.
        # And it marks all its parts anew for every statement that it compiles, which once would do.
        if self._annotated is None:
            self._annotated = super()._resolve_where_criteria(ext_info)
        found = self._annotated
        if not ext_info.is_aliased_class:
            return found
        adapted: ColumnElement[bool] = ext_info._adapter.traverse(found)  # noqa: SLF001 - as it does elsewhere
        return adapted


class Written:
    """The conditions of all who see alike, as they are written: values come apart, by name (`Sight`).

    Parameters of one name are one parameter, whose value all conditions share.
    """

    def __init__(self, criteria: Iterable[Criterion]) -> None:
        self.criteria = tuple(criteria)
        self.form = tuple(each.form for each in self.criteria)
        self.tables = frozenset(each.table for each in self.criteria)
        self.parameters: dict[str, BindParameter[Any]] = {}
        for each in self.criteria:
            self.parameters |= each.parameters


class Sight(CriteriaOption):
    """What one viewer sees: written conditions with the viewer's values.

    It stands in every statement of a restricted session, so its part of the statement's cache key is made
    once. All who see alike share each compiled statement; SQLAlchemy gives it the values by their names.
    """

    __slots__ = ("by_name", "values", "written")
    propagate_to_loaders = False
    inherit_cache = False

    def __init__(self, written: Written, values: Mapping[str, Any]) -> None:
        self.written = written
        self.by_name = {key: values[key] for key in written.parameters}
        self.values = [
            each._with_value(values[key], maintain_key=True)  # type: ignore[no-untyped-call]  # untyped there  # noqa: SLF001 - no public way to it
            for key, each in written.parameters.items()
        ]

    def _gen_cache_key(self, _anon_map: Any, bindparams: list[BindParameter[Any]]) -> Any:
        bindparams.extend(self.values)
        return (Sight, self.written.form)

    def process_compile_state(self, compile_state: Any) -> None:
        """Add the conditions to a statement that is compiled."""
        for each in self.written.criteria:
            each.process_compile_state(compile_state)

    def process_compile_state_replaced_entities(self, compile_state: Any, mapper_entities: Any) -> None:
        """Add them where SQLAlchemy takes the entities of another statement."""
        for each in self.written.criteria:
            each.process_compile_state_replaced_entities(compile_state, mapper_entities)

    def get_global_criteria(self, attributes: Any) -> None:
        """Add them to a change of many rows."""
        for each in self.written.criteria:
            each.get_global_criteria(attributes)


class WatchedSession(Session):
    """A session that adds to each statement what its viewer may see (`restrict`)."""

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Write what was changed.

        Raises:
            PreconditionFailed: another transaction changed one of the rows after this one read it.
        """
        if READS_ONLY in self.info and (self.new or self.dirty or self.deleted):
            raise _writes()
        try:
            super().flush(objects)
        except StaleDataError as error:
            raise PreconditionFailed(
                "Somebody changed it at the same time; nothing was changed.",
                [Fault("header.If-Match", "changed meanwhile", "Read it again and decide anew.")],
            ) from error


async def flush_changes(session: AsyncSession) -> None:
    """Write what was changed, if anything was; mostly nothing was, and asking costs less than flushing.

    Raises:
        PreconditionFailed: another transaction changed one of the rows after this one read it.
    """
    if session.new or session.dirty or session.deleted:
        await session.flush()


def _writes() -> RuntimeError:
    return RuntimeError("a session that only reads writes: mark its route (`does(..., writes=True)`)")


@event.listens_for(WatchedSession, "do_orm_execute")
def _read_anew_what_is_locked(state: ORMExecuteState) -> None:
    """Read a row that is locked as it is now, although this transaction may have read it before."""
    if READS_ONLY in state.session.info and (state.is_insert or state.is_update or state.is_delete):
        raise _writes()
    if state.is_select and getattr(state.statement, "_for_update_arg", None) is not None:
        state.session.flush()
        state.update_execution_options(populate_existing=True)


@event.listens_for(WatchedSession, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    sight: Sight | None = state.session.info.get(_SIGHT)
    if sight is None:
        return
    if state.is_orm_statement and not state.is_insert:
        state.statement = state.statement.options(sight)
    elif escapes(state.statement, sight):
        # Criteria find mapped classes, not bare tables: such a statement would see, or change, everything.
        msg = "a restricted session takes mapped classes and their columns, not bare tables with case data"
        raise RuntimeError(msg)


def escapes(statement: Any, sight: Sight) -> bool:
    """Tell whether a statement reads or changes narrowed tables where criteria do not find them."""
    if isinstance(statement, TextClause):
        return True
    if isinstance(statement, Insert):
        return statement.select is not None
    return any(part in sight.written.tables for part in visitors.iterate(statement))


def restrict(session: AsyncSession, sight: Sight | None) -> None:
    """Narrow every statement of a session from now on; without a sight it sees everything."""
    session.info[_SIGHT] = sight


def sight_of(session: AsyncSession) -> Sight | None:
    """Answer to what a session is narrowed now."""
    found: Sight | None = session.info.get(_SIGHT)
    return found


@contextmanager
def unrestricted(session: AsyncSession) -> Iterator[None]:
    """Let the system itself look, where an answer rests on more than its viewer may see.

    What is read inside must not be shown as rows: it decides (a reroute, a duplicate) or is summed up
    (a published figure). Each use says why.
    """
    sight = session.info.pop(_SIGHT, None)
    try:
        yield
    finally:
        session.info[_SIGHT] = sight
