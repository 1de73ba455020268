"""schemathesis walks the whole API of a real server over the demonstration, on both databases, as people of every role.

No answer may be a 5xx, an undocumented status or media type, or break its schema; none may come without a
credential. All phases: what the description gives as examples, the bounds of every member (coverage), chance
(well-formed and malformed), and sequences that follow the links from answer to answer.

`make fuzz` does the same for long: all bounds, many more examples and sequences (the profile `fuzz`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import count, islice
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, FlakyStrategyDefinition
from schemathesis.checks import not_a_server_error, positive_data_acceptance
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation.drivers import CoverageGenerator
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.generation.overrides import Override
from schemathesis.generation.stateful.state_machine import StepInput, StepOutput
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from schemathesis.transport.requests import ManagedCookiesSession

from app.main import API_PREFIX
from tests.apps import create_app
from tests.databases import Databases
from tests.house.fuzzing import FORMS, PREFERS, Server, served

IS_LONG: Final = settings.get_current_profile_name() == "fuzz"
EXAMPLES, BOUNDS, SEQUENCES, STEPS = (150, 10**6, 1500, 20) if IS_LONG else (5, 6, 90, 12)
MOST_TIMES: Final = 5
"""So many times as many sequences are walked while something that must be made was not."""
POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
DOCUMENT = create_app().openapi()
DESCRIBED = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
BACKENDS: Final = ("sqlite", "postgresql")
WELL_FORMED = [
    (backend, name)
    for turn, backend in enumerate(BACKENDS)
    for number, name in enumerate(DESCRIBED)
    if IS_LONG or number % 2 != turn
]
"""In turns one operation on one database and the next on the other; what is malformed it is sent on the other one.

All of one database stand together: where one process walks both, each change makes the demonstration anew.
"""
MALFORMED = [
    (backend, name)
    for turn, backend in enumerate(BACKENDS)
    for number, (name, one) in enumerate(DESCRIBED.items())
    if one.keys() & {"parameters", "requestBody"} and (IS_LONG or number % 2 == turn)
]
OPERATIONS = {one["operationId"]: name for name, one in DESCRIBED.items()}
CAN_WAIT = {name for name, one in DESCRIBED.items() if one.get("x-can-wait")}
FOUND_AGAIN: Final = (
    "/enterprises", "/projects", "/needs", "/whitelist/entries", "/whitelist/editions", "/matches/runs",
    "/allocations", "/institutions", "/chains", "/webhooks", "/invitations",
)  # fmt: skip
NUMBER: Final = 99_031
# What is well-formed may still be refused for its meaning (an unknown region, a full edition).
# And an address may be another operation's too, with what looks like a value: that one answers, and is allowed there.
NOT_ASKED: Final = [positive_data_acceptance, unsupported_method, allow_header_conformance]
OF_EVERY_ANSWER: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SEQUENCE: Final = settings(
    max_examples=10, stateful_step_count=STEPS, deadline=None, derandomize=False, database=None,
    phases=[Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip
MUST_MAKE: Final = ("/enterprises", "/whitelist/editions")


@pytest.fixture(scope="module")
def serving() -> Iterator[Callable[[Databases], Server]]:
    """Servers by database: pytest sets what hangs on a parameter up anew for each test, and each is dear to make."""
    with ExitStack() as opened:
        yield cache(lambda databases: opened.enter_context(served(databases.fresh())))


@pytest.fixture(scope="module")
def server(databases: Databases, serving: Callable[[Databases], Server]) -> Server:
    """A real server over a seeded database."""
    return serving(databases)


@pytest.fixture(scope="module")
def connected() -> Iterator[ManagedCookiesSession]:
    """A connection that stays open, keeps no cookies, and does not look for a way around before each request."""
    with ManagedCookiesSession() as opened:
        opened.trust_env = False
        opened.headers.clear()
        yield opened


@pytest.fixture(scope="module")
def described(server: Server) -> schemathesis.BaseSchema:
    """The API as it describes itself."""
    found = schemathesis.openapi.from_url(server.base.replace("/api/v1", "/openapi.json"))
    # Credentials are those of the demonstration's people: invented ones get no further than the door.
    found.config.generation.with_security_parameters = False
    # Nothing here depends on how fast a machine is.
    found.config.request_timeout = 600
    # Sequences follow the links that the description declares, not guesses.
    found.config.phases.stateful.inference.algorithms = []
    return found


@pytest.mark.parametrize(("databases", "operation"), WELL_FORMED, indirect=["databases"])
def test_every_operation_answers_the_well_formed_as_it_says(
    server: Server, described: schemathesis.BaseSchema, connected: ManagedCookiesSession, operation: str
) -> None:
    _call(server, described, connected, operation, POSITIVE)


@pytest.mark.parametrize(("databases", "operation"), MALFORMED, indirect=["databases"])
def test_every_operation_refuses_the_malformed_as_it_says(
    server: Server, described: schemathesis.BaseSchema, connected: ManagedCookiesSession, operation: str
) -> None:
    _call(server, described, connected, operation, NEGATIVE)


def _call(
    server: Server,
    described: schemathesis.BaseSchema,
    connected: ManagedCookiesSession,
    operation: str,
    mode: schemathesis.GenerationMode,
) -> None:
    method, path = operation.split()
    people = sorted(server.tokens)

    def answers_well(case: schemathesis.Case[Any], login: str) -> None:
        if mode is NEGATIVE:  # what shall be answered later is taken as it is, and judged by the worker
            case.headers.pop("Prefer", None)
        headers = server.headers(login)
        answer = case.call_and_validate(session=connected, headers=headers, excluded_checks=NOT_ASKED)
        server.note(answer.status_code, method=method)

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(case=described[path][method].as_strategy(generation_mode=mode), login=st.sampled_from(people))
    def answers(case: schemathesis.Case[Any], login: str) -> None:
        answers_well(case, login)

    answers()
    for case, login in zip(
        _bounds_and_examples(described[path][method], mode), _turns(people, operation), strict=False
    ):
        answers_well(case, login)
    # Where one shows who one is, failing may lock somebody out; elsewhere what is refused changes nothing.
    server.sign_in_all(if_anything_was_done=method == "GET" or "/auth/" not in path)


def _turns(people: list[str], operation: str) -> Iterator[str]:
    start = len(operation)
    return (people[number % len(people)] for number in count(start))


def _bounds_and_examples(
    operation: Any, mode: schemathesis.GenerationMode
) -> Iterator[schemathesis.Case[Any]]:
    """Answer what the description gives as examples, and cases at and beyond the bounds of each member."""
    if mode is POSITIVE:
        for strategy in operation.get_strategies_from_examples():
            yield schemathesis.generation.hypothesis.examples.generate_one(strategy)
    config = operation.schema.config.generation_for(operation=operation, phase="coverage")
    found = CoverageGenerator(
        operation=operation, generation_modes=[mode], generation_config=config, auth_storage=None,
        override=Override(query={}, headers={}, cookies={}, path_parameters={}, body={}), feedback=NO_FEEDBACK,
    )  # fmt: skip
    yield from _some(list(found))


def _some(cases: list[schemathesis.Case[Any]]) -> Iterable[schemathesis.Case[Any]]:
    """Answer at most so many, of all kinds: a kind after the other stands in the list."""
    return islice(cases, 0, None, -(-len(cases) // BOUNDS) or 1)


def test_what_is_made_is_found_again_by_the_links_of_its_answer(server: Server) -> None:
    for name in FOUND_AGAIN:
        answer = _made(server, name)
        links = DESCRIBED[f"POST {API_PREFIX}{name}"]["responses"][str(answer.status_code)]["links"]
        shown = [
            _followed(server, answer, link).status_code
            for link in links.values()
            if OPERATIONS[link["operationId"]].startswith("GET ")
        ]
        # Not everything that may stand below it stands there yet, or is its maker's to read.
        assert 200 in shown, (name, shown)
        assert set(shown) <= {200, 403, 404}, (name, shown)


def _made(server: Server, path: str) -> httpx.Response:
    """Make something, as the first person who may."""
    answer = None
    for login in server.tokens:
        body = FORMS[f"POST {path}"](NUMBER)
        answer = server.client.post(f"{server.base}{path}", json=body, headers=server.headers(login))
        if answer.is_success:
            return answer
    assert answer is not None
    raise AssertionError(path, answer.text)


def _followed(server: Server, answer: httpx.Response, link: Mapping[str, Any]) -> httpx.Response:
    """Call where a link of an answer leads, as the same person, by its body alone."""
    path = OPERATIONS[link["operationId"]].partition(" ")[2]
    for name, expression in link["parameters"].items():
        member = str(expression).removeprefix("$response.body#/")
        path = path.replace(f"{{{name.removeprefix('path.')}}}", str(answer.json()[member]))
    headers = {"Authorization": answer.request.headers["Authorization"]}
    return server.client.get(server.base.removesuffix(API_PREFIX) + path, headers=headers)


@pytest.mark.parametrize(("databases", "turn"), [("sqlite", 0), ("postgresql", 1)], indirect=["databases"])
def test_sequences_that_follow_the_links_are_answered_as_they_say(
    server: Server, turn: int, described: schemathesis.BaseSchema, connected: ManagedCookiesSession
) -> None:
    walked = Walked(server, connected)
    machine = _machine(described, walked)
    made: set[str] = set()
    must_make = {f"POST {API_PREFIX}{path}" for path in MUST_MAKE}
    for number in count(turn, len(BACKENDS)):  # others on each database
        # What a server answers depends on what it was asked before; so hypothesis replays nothing.
        with suppress(Flaky, FlakyStrategyDefinition):
            seed(number)(machine).run(settings=SEQUENCE)
        made = {label for label, status in walked.answers if status in {201, 202}}
        # Which sequences are drawn hangs on what was answered meanwhile, by jobs too: what was missed is looked for again.
        wanted = SEQUENCES if made >= must_make else MOST_TIMES * SEQUENCES
        if walked.sequences >= wanted or walked.failures:
            break
    if walked.failures:
        raise BaseExceptionGroup("answers that are not as they say", walked.failures)
    assert made >= must_make, "where nothing is made, nothing follows"


@dataclass
class Walked:
    """What the sequences met."""

    server: Server
    connected: ManagedCookiesSession
    numbers: Iterator[int] = field(default_factory=count)
    sequences: int = 0
    answers: set[tuple[str, int]] = field(default_factory=set)
    failures: list[BaseException] = field(default_factory=list)

    def enter(self) -> str:
        """Begin a sequence; answer who asks: two of three times who sees most."""
        self.sequences += 1
        most = [person.login for person in self.server.people if person.role == "coordinator"]
        people = most[:1] if self.sequences % 3 else sorted(self.server.tokens)
        login = people[self.sequences % len(people)]
        self.server.sign_in(login)
        return login


def _machine(described: schemathesis.BaseSchema, walked: Walked) -> Any:
    base: Any = described.as_state_machine()

    class Sequence(base):  # type: ignore[misc]  # made of the links at run time
        def setup(self) -> None:
            """Begin with something made, whose links lead on: chance seldom draws what can be taken."""
            self.login = walked.enter()
            path = MUST_MAKE[walked.sequences % len(MUST_MAKE)]
            begun = described[f"{API_PREFIX}{path}"]["POST"].Case(
                body=FORMS[f"POST {path}"](next(walked.numbers)), media_type="application/json"
            )
            self._add_results_to_targets(("catch_all",), [self.step(StepInput.initial(begun))])

        def step(self, input: StepInput) -> StepOutput:  # noqa: A002 - the library's name
            _fill_in(input, next(walked.numbers))
            made: StepOutput = super().step(input)
            return made

        def get_call_kwargs(self, case: schemathesis.Case[Any]) -> dict[str, Any]:
            waits = case.operation.label in CAN_WAIT and next(walked.numbers) % 2
            headers = walked.server.headers(self.login) | (PREFERS if waits else {})
            return {"headers": headers, "session": walked.connected}

        def validate_response(self, response: Any, case: schemathesis.Case[Any], **_more: Any) -> None:
            walked.answers.add((case.operation.label, response.status_code))
            try:
                case.validate_response(response, checks=OF_EVERY_ANSWER)
            except FailureGroup as failure:
                walked.failures.append(failure)

    return Sequence


def _fill_in(given_: StepInput, number: int) -> None:
    """Have two of three calls that make something send what can be taken; what a link has given stays."""
    case = given_.case
    form = FORMS.get(case.operation.label.replace(API_PREFIX, ""))
    if form is None or number % 3 == 0:
        return
    linked: Any = {}
    if given_.transition is not None and given_.transition.request_body is not None:
        found = given_.transition.request_body.value
        value = found.ok() if isinstance(found, Ok) else None
        linked = value if isinstance(value, dict) else {}  # a list may be empty
    case.body = form(number) | linked
