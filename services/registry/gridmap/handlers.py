"""What is done to the map as a whole, and to whom walks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.chassis.database import Work
from services.contracts import gridmap, registry
from services.contracts.messages import Command
from services.registry import geometry, rulebook
from services.registry import model as registry_model
from services.registry.classes.handlers import recompute
from services.registry.gridmap import model


def draw_grid_map(work: Work, command: Any) -> dict[str, Any]:
    """All or nothing: what is stored tiles the community, and every home is in a grid."""
    registry_model.check_may(work.caller, gridmap.DrawGridMap, command.community)
    known = work.store.map_of(command.community)
    boundary = geometry.read(command.boundary, "boundary") if command.boundary else None
    grids, faults = model.read(command.map, command.community)
    # Overlaps and gaps are told of a map whose every shape could be read, or each missing one would be a gap.
    plan = make_plan(work, command.community, grids, known, boundary) if not faults else model.Plan()
    plan.faults += faults
    answer = {"community": command.community, "stored": False, "version": None} | plan.report()
    if command.dry_run:
        return answer
    if plan.faults:
        raise model.GridMapHasFaults.fields(
            {
                f"map.{place}.{fault.kind}": (fault.zh, fault.en)
                for place, fault in enumerate(plan.faults[: model.MOST_SHOWN])
            },
            faults="; ".join(fault.en for fault in plan.faults[:5]),
            report=answer,
        )
    version = apply(work, command.community, plan, command.boundary, command.why)
    return answer | {"stored": version is not None, "version": version}


def make_plan(
    work: Work, community: str, grids: list[model.DrawnGrid], known: dict[str, Any], boundary: Any
) -> model.Plan:
    size = rulebook.in_force("grids", community, registry_model.today(work.now))["households"]
    standing = work.store.standing_in(community)
    return model.plan(grids, known, standing, work.store.homes_of_no_building(community), boundary, size)


def apply(
    work: Work, community: str, plan: model.Plan, boundary: dict[str, Any] | None, why: str | None
) -> int | None:
    """The version that is in force from now on; None when the map is what it was."""
    if not plan.changes_something:
        return None
    version: int = work.store.redraw(community, plan, work.now, work.caller.account, boundary, why)
    work.store.move_parts(
        (part.code, there.code)
        for part in work.store.parts_in(community)
        if (there := model.holding(plan, part.longitude, part.latitude)) and there.code != part.grid
    )
    work.say(
        gridmap.GridMapRedrawn,
        subject=community,
        community=community,
        version=version,
        drawn=sorted({*plan.new, *plan.redrawn}),
        retired=plan.retired,
        buildings=plan.moving,
        valid_from=work.now,
    )
    day = registry_model.today(work.now)
    for home in work.store.households_of(move["building"] for move in plan.moving):
        # The other departments look for the home by its place: they are told the new one.
        facts = registry_model.facts_of(home, work.store.living_in(home.household), day)
        work.say(registry.HouseholdChanged, subject=home.household, at=work.now, **facts)
    recompute(work, community)  # its area, and so its density
    return version


# -- who walks it --------------------------------------------------------------------------------------


def assign_grid_worker(work: Work, command: Any) -> dict[str, Any]:
    _grid(work, command.grid, gridmap.AssignGridWorker)
    former = work.store.end_duty(command.grid, work.now, command.account)
    if command.part == "lead":
        former += work.store.end_duty(command.grid, work.now)
    work.store.begin_duty(
        grid=command.grid,
        account=command.account,
        name=command.name,
        part=command.part,
        since=work.now,
        assigned_by=work.caller.account,
    )
    for account in sorted({*former} - {command.account}):
        _say_duty(work, command.grid, account, False)
    _say_duty(work, command.grid, command.account, True)
    return {"grid": command.grid, "account": command.account, "part": command.part}


def release_grid_worker(work: Work, command: Any) -> dict[str, Any]:
    _grid(work, command.grid, gridmap.ReleaseGridWorker)
    if not work.store.end_duty(command.grid, work.now, command.account):
        raise model.UnknownGridWorker(account=command.account, grid=command.grid)
    _say_duty(work, command.grid, command.account, False)
    return {"grid": command.grid, "account": command.account}


def _grid(work: Work, code: str, contract: type[Command]) -> None:
    """Locks the community's map, so that two leads are not assigned at once; elsewhere a grid does not exist."""
    work.store.map_of(code[:12])
    if work.store.grid(code) is None or not any(code.startswith(scope) for scope in work.caller.scopes()):
        raise registry_model.UnknownGrid(grid=code)
    registry_model.check_may(work.caller, contract, code)


def _say_duty(work: Work, grid: str, account: str, on_duty: bool) -> None:
    work.say(
        gridmap.GridWorkerAssigned, subject=grid, grid=grid, account=account, on_duty=on_duty, at=work.now
    )


COMMANDS: dict[type[Command], Callable[[Work, Any], Any]] = {
    gridmap.DrawGridMap: draw_grid_map,
    gridmap.AssignGridWorker: assign_grid_worker,
    gridmap.ReleaseGridWorker: release_grid_worker,
}
