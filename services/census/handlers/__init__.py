"""What the census does when it is told, or when the clock says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.census.handlers import ending, enumeration, planning, quality
from services.census.handlers.loading import load_demonstration
from services.chassis.database import Work
from services.contracts import census
from services.contracts.messages import Command

COMMANDS: dict[type[Command], Any] = {
    census.PlanCensus: planning.plan_census,
    census.ImportBuildings: planning.import_buildings,
    census.DrawBlocks: planning.draw_blocks,
    census.AssignBlock: planning.assign_block,
    census.MoveCensus: ending.move_census,
    census.AddHouseholds: enumeration.add_households,
    census.RecordVisit: enumeration.record_visit,
    census.SaveQuestionnaire: enumeration.save_questionnaire,
    census.ReadBack: enumeration.read_back,
    census.ConfirmQuestionnaire: enumeration.confirm_questionnaire,
    census.AssignKeying: quality.assign_keying,
    census.KeyAgain: quality.key_again,
    census.Adjudicate: quality.adjudicate,
    census.LoadDemonstration: load_demonstration,
}
TIMERS: dict[Callable[[Work], None], timedelta] = {ending.erase_names: timedelta(minutes=1)}
