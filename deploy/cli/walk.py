"""The main job, from outside: HTTP and MQTT and nothing else. Every wait is a condition with a name."""

from __future__ import annotations

import random
import uuid
from typing import Any

from rich.text import Text

from deploy import demonstration
from deploy.cli.hall import Deadline, Hall, NotInTime, Refused
from deploy.cli.screen import ENDED, lanes, moving_lanes, out
from deploy.cli.surroundings import needed, surroundings
from services.meters.replay import demonstration_readings, publish

VISIT_MINUTES = 25


class Walk:
    def __init__(self, seconds: float) -> None:
        self.deadline = Deadline(seconds)
        self.place = surroundings().get("YIKOU_PLACE", "110105001001")
        self.dice = random.Random()
        self.closed: list[str] = []

    def walk(self) -> None:
        self.a_family_moves_in()
        self.an_elder_is_looked_after()
        self.a_leak_is_found()
        numbers = " ".join(self.closed)
        out.print(f"\n[green]✓[/] 主流程走通 The main job is done\nclosed 件号 {numbers}")

    # -- one application, five departments --------------------------------------------------------------

    def a_family_moves_in(self) -> None:
        _heading("一家人入住，只填一张表", "A family moves in with one application")
        terminal = Hall("terminal")
        application = demonstration.family(self.dice.randrange(2**32), self.place)
        receipt = terminal.post("/v1/cases", **application)
        out.print(f"  回执 Receipt [bold]{receipt['case_no']}[/]  [dim]{application['form']['address']}[/]")
        terminal.show_receipt(receipt["tracking_token"])
        self.closed.append(self._see_it_close(terminal, receipt["case_no"]))

    # -- readings, a concern, a call, a visit -------------------------------------------------------------

    def an_elder_is_looked_after(self) -> None:
        _heading("独居老人十二小时几乎没用水", "An elder living alone used almost no water in twelve hours")
        clerk = Hall("clerk")
        elder = self._somebody(clerk, lives_alone="true", elder="true")
        self._watch(clerk, elder)
        meter = self._new_meter(elder)
        self._send("welfare", meter)
        case_no = self._case_of(clerk, "welfare-check", meter)
        out.print(f"  自动立案 A case opened by itself [bold]{case_no}[/]")
        self._call_the_contact(case_no)
        dispatch = self._visit(case_no)
        self.closed.append(self._see_it_close(clerk, case_no))
        self._credit_hours(dispatch)

    def _watch(self, clerk: Hall, elder: dict[str, Any]) -> None:
        """Whom to ring is noted in the registry; it tells meters, who then may watch."""
        home = elder["household"]
        clerk.post(
            f"/v1/registry/households/{home}/contact", contact_name="周某", contact_phone="13800000000"
        )
        officer = Hall("meters")

        def watched() -> bool:
            try:
                officer.post(f"/v1/welfare/{home}/rule", active=True)
            except Refused as refused:
                if refused.status != 404:
                    raise
                return False
            return True

        self.deadline.within(15).until("登记独居关爱", "meters may watch the elder", watched)

    def _call_the_contact(self, case_no: str) -> None:
        street = Hall("street")
        task = self._task(street, case_no, "community")
        street.post(f"/v1/tasks/{task}/sign")
        street.post(f"/v1/tasks/{task}/finish", outcome="unanswered", note="两次拨打，无人接听。")
        out.print("  电话无人应答 Nobody answered the call [dim](community)[/]")
        task = self._task(street, case_no, "street")
        street.post(f"/v1/tasks/{task}/finish", outcome="unanswered", note="邻居和物业均不知情。")
        out.print("  街道核查未果 The street could not find out [dim](street)[/]")

    def _visit(self, case_no: str) -> dict[str, Any]:
        """The volunteers' officer answers for the volunteer, as over the telephone."""
        officer = Hall("volunteers")

        def offered() -> Any:
            found = officer.get("/v1/dispatches", case_no=case_no)["items"]
            return next((one for one in found if one["state"] in ("offered", "accepted")), None)

        dispatch = self.deadline.within(30).until("派出志愿者", "a volunteer is asked", offered)
        number = dispatch["dispatch_id"]
        out.print(f"  就近派出志愿者 A volunteer near by is sent [bold]{dispatch.get('volunteer', '')}[/]")
        officer.post(f"/v1/dispatches/{number}/accept")
        officer.post(
            f"/v1/dispatches/{number}/report", outcome="well", minutes=VISIT_MINUTES, note="见到本人，平安。"
        )
        return dispatch

    def _credit_hours(self, dispatch: dict[str, Any]) -> None:
        officer = Hall("volunteers")
        officer.post(f"/v1/dispatches/{dispatch['dispatch_id']}/confirm", minutes=VISIT_MINUTES)

        def credited() -> Any:
            record = officer.get(f"/v1/volunteers/{dispatch['volunteer']}/record")
            return record if float(record.get("hours") or 0) > 0 else None

        record = self.deadline.within(15).until("志愿时长入账", "the hours are credited", credited)
        out.print(f"  志愿时长入账 Hours credited [bold]{record['hours']}[/] h")

    # -- water that never stops ---------------------------------------------------------------------------

    def a_leak_is_found(self) -> None:
        _heading("一户人家的水整日不停", "A household's water never stops")
        officer = Hall("property")
        meter = self._new_meter(self._somebody(Hall("clerk"), lives_alone="false"))
        self._send("leak", meter)
        case_no = self._case_of(officer, "leak-check", meter)
        out.print(f"  漏水排查已派物业 A leak case for property [bold]{case_no}[/]")
        task = self._task(officer, case_no, "property")
        officer.post(f"/v1/tasks/{task}/sign")
        officer.post(f"/v1/tasks/{task}/finish", outcome="repaired", note="水箱浮球已更换。")
        self.closed.append(self._see_it_close(officer, case_no))

    # -- what the acts have in common ----------------------------------------------------------------------

    def _somebody(self, clerk: Hall, **who: str) -> dict[str, Any]:
        homes = clerk.get("/v1/registry/households", limit=100, place=self.place, **who)["items"]
        if not homes:
            raise NotInTime(
                "登记簿里没有合适的住户，请先 yikou demo load · No such household; `yikou demo load` first"
            )
        return self.dice.choice(homes)

    def _new_meter(self, home: dict[str, Any]) -> str:
        """A meter of this walk's own: yesterday's readings of another walk would contradict today's."""
        meter = f"W-DEMO-{uuid.uuid4().hex[:10].upper()}"
        Hall("meters").post(
            "/v1/meters", meter=meter, kind="water", place=home["place"], household=home["household"]
        )
        return meter

    def _send(self, kind: str, meter: str) -> None:
        readings = demonstration_readings(kind, meter)
        confirmed = publish(
            readings,
            needed("MQTT_HOST"),
            int(needed("MQTT_PORT")),
            demonstration.CONCENTRATOR,
            needed(demonstration.DEVICE_SECRET),
        )
        out.print(f"  真实水表读数经 MQTT 送达 Real readings over MQTT [bold]{confirmed}[/] [dim]{meter}[/]")

    def _case_of(self, hall: Hall, matter: str, meter: str) -> str:
        """The case a finding about this meter opened."""
        meters = Hall("meters")

        def opened() -> Any:
            for finding in meters.get("/v1/findings", limit=50)["items"]:
                if finding["meter"] == meter:
                    for case in hall.get("/v1/cases", matter=matter, limit=50)["items"]:
                        if case.get("finding_id") == finding["finding_id"]:
                            return case["case_no"]
            return None

        self._meters = Hall("meters")
        return str(
            self.deadline.within(40).until(f"立案 {matter}", f"a {matter} case opens by itself", opened)
        )

    def _task(self, hall: Hall, case_no: str, unit: str) -> str:
        def there() -> Any:
            found = hall.get("/v1/tasks", unit=unit, case_no=case_no)["items"]
            return next((task["task_id"] for task in found), None)

        return str(
            self.deadline.within(20).until(f"{unit} 收到任务", f"{unit} has the task of {case_no}", there)
        )

    def _see_it_close(self, hall: Hall, case_no: str) -> str:
        """Lanes that move, fed by the case's own stream."""
        face: dict[str, Any] = {}
        with moving_lanes() as show:
            for line in hall.lines(case_no, deadline=self.deadline):
                face = line.get("case") or hall.get(f"/v1/cases/{case_no}")
                show(lanes(case_no, face))
                if face["status"] in ENDED:
                    break
        if face.get("status") != "closed":
            state = "、".join(f"{lane['unit']} {lane['status']}" for lane in face.get("lanes") or ())
            raise NotInTime(
                f"件 {case_no} 没有办结 Case {case_no} did not close: {face.get('status', 'no line came')} ({state})"
            )
        return case_no


def _heading(zh: str, en: str) -> None:
    out.print(Text.assemble("\n", (zh, "bold"), f"  {en}"))
