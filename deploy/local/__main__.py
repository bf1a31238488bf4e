"""The whole platform on this machine. `make run` and its sisters call this."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.local import environment, postgres, rabbitmq, stack, supervise
from deploy.local.daemons import Daemon, NotReady
from deploy.local.processes import PROCESSES

MAIN = stack.ROOT / ".run"
BENCH = MAIN / "bench"
READY_DEADLINE = 90  # seconds; a cold start on two busy cores takes about twenty

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
out = Console(highlight=False, soft_wrap=True)
Directory = Annotated[
    Path, typer.Option("--directory", help="运行目录 Where everything of this stack lives.")
]


@app.command()
def up(
    directory: Directory = MAIN,
    once: Annotated[
        bool, typer.Option(help="演示后全部停止 Stop everything after the demonstration.")
    ] = False,
) -> None:
    """启动全部，载入示范社区，走一遍主流程 Start everything, load the demonstration community, walk the main job."""
    directory = directory.resolve()
    began = time.monotonic()
    try:
        env = _start(directory)
        if not once:
            _greet(directory, env, time.monotonic() - began)
        _demonstrate(env)  # whose last line, and so ours, is the closed case's number
    finally:
        if once:
            _stop(directory)


@app.command()
def bench_env() -> None:
    """为压测另起一套空系统，打印其环境文件 A separate, empty stack for benchmarks; prints the path of its environment."""
    _start(BENCH)
    print(BENCH / "env")


@app.command()
def parts(directory: Directory = MAIN) -> None:
    """只启动消息与数据库，打印环境文件 Broker and database only; prints the path of the environment."""
    with _failing_clearly():
        stack.start_parts(directory, os.environ)
    print(directory.resolve() / "env")


@app.command()
def down(directory: Directory = MAIN) -> None:
    """停止全部（测试和压测用的也停）Stop everything, the stacks of tests and benchmarks below it too."""
    for place in _stacks(directory):
        _stop(place)


@app.command()
def status(directory: Directory = MAIN) -> None:
    """各进程是否就绪 Which processes run and are ready; exit code 1 when one is not."""
    directory = directory.resolve()
    env = environment.read(directory / "env")
    table = Table("进程 Process", "状态 State", "端口 Port", "内存 MiB", box=None, header_style="dim")
    fine = True
    for daemon, port in _daemons(directory, env):
        fine &= daemon.pid is not None
        table.add_row(daemon.name, _mark(daemon.pid is not None), port, _memory(daemon.pid))
    for state in supervise.states(directory, env) if env else ():
        fine &= state.ready
        pid = state.pid if state.state in ("STARTING", "RUNNING") else None
        table.add_row(state.name, _mark(state.ready, state.state), str(state.port), _memory(pid))
    out.print(table)
    raise typer.Exit(0 if fine and env else 1)


@app.command()
def logs(
    names: Annotated[list[str] | None, typer.Argument(help="进程名 Process names; none means all.")] = None,
    directory: Directory = MAIN,
    follow: bool = True,
) -> None:
    """看日志 Follow the logs."""
    log = directory.resolve() / "log"
    files = [log / f"{name}.log" for name in names] if names else sorted(log.glob("*.log"))
    missing = [file.stem for file in files if not file.exists()]
    if missing or not files:
        _fail(f"没有日志 No log of {', '.join(missing) or 'anything yet'}.")
    os.execvp("tail", ["tail", "-n", "40", *(["-F"] if follow else []), "--", *map(str, files)])  # noqa: S606


@app.command()
def clean(directory: Directory = MAIN) -> None:
    """停止并删除全部数据 Stop, and delete every row, message, log and password."""
    for place in _stacks(directory):
        _stop(place)
        stack.remove_parts(place)


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def tool(context: typer.Context, name: str, directory: Directory = MAIN) -> None:
    """supervisorctl | rabbitmqctl | psql, on this stack: `python -m deploy.local tool psql frontdesk`."""
    directory = directory.resolve()
    env = environment.read(directory / "env")
    match name:
        case "supervisorctl":
            configuration = str(directory / "supervisord.conf")
            command = [sys.executable, "-m", "supervisor.supervisorctl", "-c", configuration, *context.args]
            surroundings = {**os.environ, **env}
        case "rabbitmqctl":
            command, surroundings = rabbitmq.control(directory, env, *context.args)
        case "psql":
            database, *rest = context.args or ["postgres"]
            url = urlsplit(env["POSTGRES_ADMIN_URL"])._replace(path=f"/{database}").geturl()
            command, surroundings = ["psql", url, *rest], dict(os.environ)
        case _:
            _fail(f"不认识的工具 Unknown tool: {name}.")
    os.execvpe(command[0], command, surroundings)  # noqa: S606


def _start(directory: Path) -> dict[str, str]:
    """From nothing, or from an older run, to every process ready."""
    with _failing_clearly():
        with _step("消息与数据库 Broker and database"):
            env = stack.start_parts(directory, os.environ, then=_migrate)
        with _step("交换机与队列 Exchanges and queues"):
            _run(env, "services.chassis.topology", "declare")
        with _step(f"{len(PROCESSES)} 个进程 Processes") as note:
            supervise.start(directory, env, stack.ROOT)
            supervise.wait_until_ready(
                directory, env, READY_DEADLINE, lambda ready: note(f"{ready}/{len(PROCESSES)}")
            )
    return env


def _demonstrate(env: dict[str, str]) -> None:
    for chapter in ("load", "walk"):
        command = [sys.executable, "-m", "deploy.cli", "demo", chapter]
        code = subprocess.run(command, env={**os.environ, **env}, cwd=stack.ROOT, check=False).returncode
        if code:
            _fail(f"演示没有走通 The demonstration failed: demo {chapter} (exit {code}).", code)


def _greet(directory: Path, env: dict[str, str], seconds: float) -> None:
    place = os.path.relpath(directory)
    out.print(f"\n[green]✓[/] 已就绪 Ready in {seconds:.0f} s   [bold]{env['YIKOU_URL']}[/]")
    out.print(f"  账号与密码 Accounts and passwords: {place}/env (YIKOU_PASSWORD_…)")
    out.print("  make status | logs | stop\n")


def _migrate(env: dict[str, str]) -> None:
    _run(env, "services.chassis.migrate", "upgrade")


def _run(env: dict[str, str], module: str, *arguments: str) -> None:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        command, env={**os.environ, **env}, cwd=stack.ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotReady(f"{module} {' '.join(arguments)} failed.\n{done.stdout}{done.stderr}")


def _stop(directory: Path) -> None:
    if not _alive(directory):
        return
    with _step(f"停止 Stopping {os.path.relpath(directory)}"):
        supervise.stop(directory)
        stack.stop_parts(directory)


def _stacks(directory: Path) -> list[Path]:
    """This one and those of tests and benchmarks that live below it; the inner ones first."""
    directory = directory.resolve()
    return [*sorted(file.parent for file in directory.glob("*/pids")), directory]


def _alive(directory: Path) -> bool:
    return any(Daemon(file.name, directory).pid for file in directory.glob("pids/*"))


def _daemons(directory: Path, env: dict[str, str]) -> Iterator[tuple[Daemon, str]]:
    yield rabbitmq.broker(directory), env.get(rabbitmq.PORTS["amqp"], "")
    yield postgres.server(directory), env.get(postgres.PORT, "")
    yield supervise.supervisor(directory), ""


def _mark(fine: bool, otherwise: str = "STOPPED") -> str:
    return "[green]就绪 ready[/]" if fine else f"[red]{otherwise.lower()}[/]"


def _memory(pid: int | None) -> str:
    """Its own part of the memory: pages shared by several processes are divided among them."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            kilobytes = next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return ""
    return f"{kilobytes / 1024:.0f}"


@contextmanager
def _step(title: str) -> Iterator[Callable[[str], None]]:
    began = time.monotonic()
    with out.status(f"{title} …") as display:
        yield lambda note: display.update(f"{title} {note} …")
    out.print(f"[green]✓[/] {title} [dim]{time.monotonic() - began:.1f} s[/]")


@contextmanager
def _failing_clearly() -> Iterator[None]:
    try:
        yield
    except NotReady as error:
        _fail(str(error))


def _fail(message: str, code: int = 1) -> None:
    out.print(f"[red]✗[/] {escape(message)}")
    raise typer.Exit(code)


if __name__ == "__main__":
    app()
