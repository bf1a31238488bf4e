# Yikou 一口 · everything you can do here. `make help` reads the ## comments below.

PY := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help run street stop status logs clean test lint format bench bench-meters bench-insight drills lock prepare screenshots

help: ## 显示本帮助 Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[1mmake %-8s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: prepare ## 启动全部并演示主流程；ONCE=1 演示后停止 Start everything and walk the main job (ONCE=1: then stop)
	@$(PY) -m deploy.local up $(if $(ONCE),--once)

street: prepare ## 在运行的平台上载入示范街道（十社区、一年办件） A street with a year of cases, into what runs
	@$(PY) -m deploy.cli demo street

stop: ## 停止全部 Stop everything
	@[ ! -x $(PY) ] || $(PY) -m deploy.local down

status: ## 各进程状态 Which processes are ready
	@$(PY) -m deploy.local status

logs: ## 看日志；PROCESS=meters 只看一个 Follow the logs (PROCESS=meters: of one)
	@$(PY) -m deploy.local logs $(PROCESS)

clean: ## 停止并删除全部数据 Stop, and delete all data, logs and passwords
	@[ ! -x $(PY) ] || $(PY) -m deploy.local clean
	@rm -rf .run .coverage .coverage.* htmlcov .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

test drills screenshots: export YIKOU_OWN_PARTS = 1

test: prepare lint ## 静态检查与全部测试 Static checks and every test (ARGS="-k word" narrows)
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest -q -m "not long" $(ARGS)
	$(PY) -m coverage combine -q
	$(PY) -m coverage report

lint: prepare ## 只做静态检查 Static checks only
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	.venv/bin/lint-imports
	npm --prefix gateway/web run --silent unit

format: prepare ## 排版 Format the code
	$(PY) -m ruff format
	$(PY) -m ruff check --fix

bench: prepare ## 压测 Benchmarks
	$(PY) -m tests.bench

bench-meters: prepare ## 表计压测；LONG=1 十分钟与一亿行 Meters: what they take in (LONG=1: ten minutes, 100 million rows)
	$(PY) -m tests.bench.meters

bench-insight: prepare ## 态势与列表压测，一百万件；CASES=… The wall and every list at a million cases (CASES=…: at as many)
	$(PY) -m tests.bench.insight

drills: prepare ## 故障演练；LONG=1 过载十分钟 Break things on purpose; writes docs/operations.md (LONG=1: ten minutes of overload)
	@rm -f .run/drills.jsonl
	YIKOU_OVERLOAD_SECONDS=$(if $(LONG),600,60) $(PY) -m pytest -q -o timeout=1800 tests/drills $(ARGS)
	@$(PY) -m tests.drills.table

screenshots: prepare ## 为运行的平台拍界面图 Pictures of the faces of what runs, into docs/pictures
	@cd gateway/web/journeys && set -a && . ../../../.run/env && node pictures.mjs ../../../docs/pictures

lock: ## 重新锁定依赖版本 Resolve requirements.in again into requirements.lock
	deploy/local/lock.sh

prepare:
	@deploy/local/prepare.sh
