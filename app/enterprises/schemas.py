"""Models in and out of enterprises, projects and needs."""

from app.enterprises.need_facts import NeedFacts

__all__ = ["NeedFacts"]
