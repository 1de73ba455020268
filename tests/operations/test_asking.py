"""Questions to a database that may hang: put once, waited for briefly, kept for a while."""

import asyncio

import pytest

from app.operations.asking import Asked


class Source:
    """Answers how often it was asked, when it may."""

    def __init__(self) -> None:
        self.asked, self.may_answer = 0, asyncio.Event()
        self.error: Exception | None = None

    async def ask(self) -> int:
        self.asked += 1
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return self.asked


async def test_many_who_ask_at_once_are_one_question_and_its_answer_is_kept() -> None:
    source = Source()
    question = Asked(source.ask, keep_seconds=60, wait_seconds=60)
    asking = [asyncio.create_task(question.answer()) for _ in range(5)]
    await asyncio.sleep(0)
    source.may_answer.set()
    assert [await one for one in asking] == [1] * 5
    assert await question.answer() == 1


async def test_nobody_waits_for_what_hangs_and_it_is_not_asked_again_meanwhile() -> None:
    source = Source()
    question = Asked(source.ask, keep_seconds=0, wait_seconds=0.01)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await question.answer()
    assert source.asked == 1
    source.may_answer.set()
    await asyncio.sleep(0)
    assert await question.answer() == 2
    await question.close()


async def test_what_went_wrong_is_told_and_asked_again_when_it_is_old() -> None:
    source = Source()
    source.may_answer.set()
    source.error = ValueError("no")
    kept = Asked(source.ask, keep_seconds=60, wait_seconds=60)
    for _ in range(2):
        with pytest.raises(ValueError, match="no") as told:
            await kept.answer()
        assert told.traceback[-1].name == "ask"  # by it troubles of the database are known
    question = Asked(source.ask, keep_seconds=0, wait_seconds=60)
    with pytest.raises(ValueError, match="no"):
        await question.answer()
    source.error = None
    assert await question.answer() == 3
