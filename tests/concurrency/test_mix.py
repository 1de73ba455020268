"""A random day of many people: nobody is answered that the server broke, and all that has to hold does."""

import random

from tests.concurrency.invariants import broken
from tests.concurrency.mix import Mix
from tests.concurrency.town import Town

SEED, PEOPLE, STEPS, ENTRIES = 11, 8, 6, 5


async def test_whatever_people_do_at_once_what_has_to_hold_holds(town: Town) -> None:
    mix = Mix(town, random.Random(SEED))
    await mix.prepare(ENTRIES)
    answers = await mix.live(PEOPLE, STEPS)
    statuses = {one.status_code for one in answers}
    assert statuses <= {200, 201, 404, 409, 412, 422, 503}, [
        (one.request.method, one.request.url.path, one.text[:300])
        for one in answers
        if one.status_code == 500
    ]
    assert all("retry-after" in one.headers for one in answers if one.status_code == 503)
    assert sum(one.is_success for one in answers) > len(answers) // 6, (
        "it would prove little if all were refused"
    )
    assert await broken(town.sessions[0]) == []
