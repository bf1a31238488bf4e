"""Offices that stand in for ours at the gateway's tests: stock nameko services that answer by the contracts' names.

What they answer is little and fixed; what they were asked is remembered, so that a test can look at it.
"""

import eventlet

eventlet.monkey_patch()

import json
import os
import sys

import eventlet.greenio
from nameko.containers import ServiceContainer
from nameko.dependency_providers import DependencyProvider
from nameko.rpc import rpc

from services.chassis.errors import Problem
from tests.integration.gateway.stand_in import CASE, TOKEN


class Context(DependencyProvider):
    def get_dependency(self, worker_ctx):
        return worker_ctx.context_data


def refuse(slug, status, zh, en, **extras):
    problem = Problem()
    facts = {"slug": slug, "kind": slug, "status": status, "zh": zh, "en": en, "fields": [], "extras": extras}
    problem.args = (facts,)
    raise problem


class Identity:
    name = "identity"
    context = Context()
    revoked = []
    noted = []

    @rpc
    def get_keys(self):
        return {"keys": [json.loads(os.environ["PUBLIC_JWK"])]}

    @rpc
    def list_revoked(self):
        return {"items": self.revoked}

    @rpc
    def set_revoked(self, items):
        self.revoked[:] = items

    @rpc
    def note_access(self, **fields):
        account = self.context["caller"]["account"]
        if account == "nobody-may-note-me":
            refuse("log-full", 503, "访问日志已满。", "The access log is full.")
        self.noted.append(fields | {"account": account})
        return {}

    @rpc
    def what_was_noted(self):
        noted, self.noted[:] = list(self.noted), []
        return noted

    @rpc
    def check_api_key(self, key):
        if key != "company-key":
            return {}
        return {
            "account": "acme",
            "kind": "company",
            "department": "property",
            "roles": [{"role": "company", "scope": "110105001001"}],
        }

    @rpc
    def check_device(self, device, secret):
        return {"allowed": (device, secret) == ("meter-7", "s3cret")}

    @rpc
    def login(self, account, password):
        if password != "right":
            refuse("wrong-credentials", 401, "账号或密码不正确。", "Account or password is wrong.")
        return {"access_token": "a", "refresh_token": "r", "expires_in": 900, "account": {"id": account}}

    @rpc
    def refresh(self, refresh_token):
        return {"access_token": "b", "refresh_token": "s", "expires_in": 900}

    @rpc
    def logout(self, refresh_token):
        return {}


class FrontDesk:
    name = "frontdesk"
    context = Context()
    history = []
    materials = []
    asked = []

    def _note(self, method, **fields):
        self.asked.append({"method": method, "fields": fields, "context": dict(self.context)})

    @rpc
    def what_was_asked(self):
        asked, self.asked[:] = list(self.asked), []
        return asked

    @rpc
    def set_history(self, lines):
        self.history[:] = lines

    @rpc
    def list_matters(self):
        self._note("list_matters")
        return {"items": [{"code": "00", "title_zh": "入住一件事"}]}

    @rpc
    def get_matter(self, code):
        if code == "broken":
            raise RuntimeError("the password is hunter2")
        if code == "slow":
            eventlet.Event().wait()
        refuse("unknown-matter", 404, f"没有事项“{code}”。", f"There is no matter {code}.", code=code)

    @rpc
    def file_case(self, **fields):
        self._note("file_case", **fields)
        return {
            "case_no": CASE,
            "tracking_token": TOKEN,
            "status": "dispatched",
            "due_at": "2026-11-26T00:00:00Z",
            "tasks": [],
        }

    @rpc
    def get_case(self, case_no, token=None):
        self._note("get_case", case_no=case_no, token=token)
        if case_no != CASE:
            refuse("unknown-case", 404, "没有这一件。", "There is no such case.")
        return {"case_no": case_no, "status": "handling", "materials": self.materials}

    @rpc
    def set_materials(self, materials):
        self.materials[:] = materials

    @rpc
    def list_cases(self, **fields):
        self._note("list_cases", **fields)
        return {"items": [], "next": None}

    @rpc
    def withdraw_case(self, **fields):
        refuse("case-closed", 409, "该件已办结。", "The case is closed.")

    @rpc
    def list_history(self, case_no, after=0, token=None):
        if case_no != CASE:
            refuse("case-not-yours", 403, "这不是您的办件。", "This case is not yours.")
        return {"items": [line for line in self.history if line["seq"] > after], "next": None}

    @rpc
    def get_case_by_token(self, token):
        if token != TOKEN:
            refuse("unknown-token", 404, "没有找到该回执。", "There is no such receipt.")
        lanes = [
            {"unit": "property", "title_zh": "建立房屋档案", "title_en": "Open the file", "status": "done"},
            {
                "unit": "meters",
                "title_zh": "开户<b>",
                "title_en": "Open accounts<b>",
                "status": "supplement",
                "missing": ["身份证<i>"],
            },
        ]
        return {
            "case_no": CASE,
            "matter": "moving-in",
            "title_zh": "入住一件事",
            "title_en": "Moving in",
            "status": "closed",
            "rating": None,
            "filed_at": "2026-11-23T01:00:00Z",
            "due_at": "2026-11-26T01:00:00Z",
            "lanes": lanes,
        }

    @rpc
    def rate_case(self, **fields):
        self._note("rate_case", **fields)
        return {"case_no": CASE, "stars": fields["stars"]}

    @rpc
    def register_material(self, **fields):
        self._note("register_material", **fields)
        return fields


class Insight:
    name = "insight"

    @rpc
    def get_overview(self, place=None):
        return {"place": place, "overdue": 0}


class Property:
    name = "property"

    @rpc
    def sign_task(self, task_id):
        return {"task_id": task_id, "status": "signed"}

    @rpc
    def get_task(self, task_id):
        if task_id != f"{CASE}.property":
            refuse("unknown-task", 404, "没有这项任务。", "There is no such task.")
        return {"task_id": task_id, "form": {"id_number": "110101199003070011"}}

    @rpc
    def list_tasks(self, **fields):
        return {"items": [], "next": None, "asked": fields}


def main():
    config = {"AMQP_URI": os.environ["AMQP_URI"], "max_workers": 50}
    containers = [
        ServiceContainer(service, config=config) for service in (Identity, FrontDesk, Insight, Property)
    ]
    for container in containers:
        container.start()
    print("open", flush=True)
    eventlet.greenio.GreenPipe(sys.stdin.fileno(), "rb").read()
    for container in containers:
        container.kill()


main()
