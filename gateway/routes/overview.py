"""The wall's numbers, and the list behind each of them."""

from gateway.table import question
from services.contracts import insight

TAG = "insight"

ROWS = (
    question("/v1/overview", insight.GetOverview, "态势总览", "The wall", TAG),
    question("/v1/overview/departments", insight.GetDepartments, "各部门", "Each unit's tasks", TAG),
    question("/v1/overview/grids", insight.GetGrids, "各网格", "Each grid's cases", TAG),
    question("/v1/overview/figures", insight.GetFigures, "分组统计与各率", "Figures and rates by group", TAG),
    question("/v1/overview/behind", insight.ListBehind, "数字背后的清单", "What a number counts", TAG),
)
