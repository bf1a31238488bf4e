"""Reports of the same thing follow one case: they are answered with it, and go on without it when it is taken back."""

from __future__ import annotations

from services.chassis.database import Work
from services.frontdesk import planning
from services.frontdesk.handlers.dispatch import assign_again, assign_ready
from services.frontdesk.model import Case


def follow(work: Work, followers: list[Case], into: Case, actor: str) -> None:
    for follower in followers:
        follower.merged_into = into.no
        into.followers.append(follower.no)
        into.note("follower-joined", work.now, actor, None, follower=follower.no)


def hand_on(work: Work, case: Case, into: Case, actor: str) -> None:
    """Whoever followed a case follows the other from now on."""
    followers = work.store.cases(no for no in case.followers if no != into.no)
    case.followers = []
    for follower in followers:
        follower.note("handed-on", work.now, actor, None, into=into.no)
    follow(work, followers, into, actor)


def answer_followers(work: Work, case: Case, actor: str) -> None:
    for follower in work.store.cases(case.followers):
        follower.answered_with(case.no, case.status, work.now, actor, case.has_answer)


def release_followers(work: Work, case: Case, actor: str) -> None:
    """The first who followed goes on by itself, from the beginning of its round; the others follow that one."""
    if not case.followers:
        return
    first: Case = work.store.case(case.followers[0])
    first.release(work.now, actor, withdrawn=case.no)
    hand_on(work, case, first, actor)
    go_own_way(work, first)


def go_own_way(work: Work, case: Case) -> None:
    """What followed is handled by itself, from the beginning of its round."""
    if case.round == 1:
        assign_ready(work, case, planning.matter_of(case))
    else:
        assign_again(work, case, *planning.redo_times(case, work.now))
    case.due_at = max([case.due_at, *(task.due_at for task in case.tasks if task.open)])
