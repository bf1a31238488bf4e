"""A private PostgreSQL cluster from Debian's package: one database and one role a service.

PostgreSQL refuses to run as root, so root runs it as the package's user `postgres`.
"""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

from deploy.local.daemons import Daemon, NotReady
from deploy.local.secrets import private

PORT = "YIKOU_PORT_POSTGRES"
BINARIES = Path("/usr/lib/postgresql")
SOCKET_PATH_LIMIT = 90  # the kernel allows 107 characters, the socket's own name is some of them

# Commits wait for the disk: the platform's promises rest on it. The rest is modest for a shared machine. A page is
# written whole once a checkpoint, and readings touch a page a meter: so checkpoints are rare and pages packed quickly.
SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{socket}'
max_connections = 300
shared_buffers = {buffers}MB
synchronous_commit = on
wal_compression = lz4
max_wal_size = 4GB
checkpoint_timeout = 15min
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %d '
log_min_duration_statement = 1000
"""


def server(directory: Path) -> Daemon:
    return Daemon("postgres", directory)


def start(directory: Path, env: Mapping[str, str]) -> None:
    """Idempotent; returns when queries are answered."""
    if server(directory).pid:
        server(directory).wait(lambda: _answers(env), 60)
        return
    home = _home(directory)
    data = home / "data"
    if not (data / "PG_VERSION").exists():
        _initialise(directory, home, env)
    socket = home if len(str(home)) < SOCKET_PATH_LIMIT else ""
    (data / "yikou.conf").write_text(SETTINGS.format(port=env[PORT], socket=socket, buffers=_buffers()))
    command = [str(_programs() / "postgres"), "-D", str(data)]
    server(directory).start(command, _environment(home), user=_user(), cwd=home)
    server(directory).wait(lambda: _answers(env), 60)


def stop(directory: Path) -> None:
    server(directory).stop(signal.SIGINT, patience=30)  # "fast": ends sessions, then shuts down cleanly


def remove(directory: Path) -> None:
    home = directory / "postgres"
    shutil.rmtree(home.resolve(), ignore_errors=True)
    if home.is_symlink():
        home.unlink()


def admin_url(env: Mapping[str, str]) -> str:
    return f"postgresql://postgres:{env['YIKOU_POSTGRES_PASSWORD']}@127.0.0.1:{env[PORT]}/postgres"


def database_url(admin: str, name: str, secret: str) -> str:
    """Where the service `name` keeps its rows, on the server that `admin` points to."""
    where = urlsplit(admin)
    password = quote(secret, safe="")
    host = f"[{where.hostname}]" if ":" in (where.hostname or "") else where.hostname
    asked = f"?{where.query}" if where.query else ""  # sslmode and the like
    return f"postgresql+psycopg://{name}:{password}@{host}:{where.port or 5432}/{name}{asked}"


def ensure_databases(admin: str, secrets: Mapping[str, str]) -> None:
    """One role and one database it owns for every name; nobody else may connect to it."""
    with psycopg.connect(admin, autocommit=True) as connection:
        roles = _names(connection.execute("select rolname from pg_roles"))
        databases = _names(connection.execute("select datname from pg_database"))
        for name, secret in secrets.items():
            verb = "alter" if name in roles else "create"
            statement = sql.SQL(verb + " role {} login password {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Literal(secret)))
            if name not in databases:
                connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(name)))
                connection.execute(sql.SQL("create database {0} owner {0}").format(sql.Identifier(name)))
                connection.execute(
                    sql.SQL("revoke all on database {} from public").format(sql.Identifier(name))
                )


def _names(rows: Iterable[tuple[str]]) -> set[str]:
    return {name for (name,) in rows}


def _initialise(directory: Path, home: Path, env: Mapping[str, str]) -> None:
    shutil.rmtree(home / "data", ignore_errors=True)  # what an interrupted attempt left
    secret = home / "password"
    private(secret, env["YIKOU_POSTGRES_PASSWORD"].encode())
    if user := _user():
        shutil.chown(secret, user)
    command = [
        str(_programs() / "initdb"),
        f"--pgdata={home / 'data'}",
        f"--pwfile={secret}",
        "--username=postgres",
    ]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    command += ["--lc-collate=C"]  # the same order as C.UTF-8, compared byte by byte: keys are text
    done = subprocess.run(
        command,
        env=_environment(home),
        cwd=home,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    secret.unlink()
    if done.returncode:
        raise NotReady(f"initdb failed.\n{done.stdout}{done.stderr}")
    with (home / "data" / "postgresql.conf").open("a") as file:
        file.write("include 'yikou.conf'\n")


def _home(directory: Path) -> Path:
    """The cluster's directory: in ours, or the package's own when `postgres` may not enter our tree."""
    home = directory / "postgres"
    user = _user()
    if not home.exists():
        if user and not _reaches(user, directory):
            mark = hashlib.sha256(str(directory).encode()).hexdigest()[:8]
            real = Path(pwd.getpwnam(user).pw_dir) / f"yikou-{mark}"
            real.mkdir(exist_ok=True)
            home.symlink_to(real)
        else:
            home.mkdir(parents=True)
    if user:
        shutil.chown(home, user, user)
    home.chmod(0o700)
    return home.resolve()


def _reaches(user: str, directory: Path) -> bool:
    asked = subprocess.run(["test", "-x", directory], user=user, group=user, extra_groups=[], check=False)
    return asked.returncode == 0


def _user() -> str | None:
    return "postgres" if os.geteuid() == 0 else None


def _programs() -> Path:
    versions = sorted(BINARIES.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not versions:
        raise NotReady("PostgreSQL is not installed; `make run` installs it.")
    return versions[-1].parent


def _buffers() -> int:
    """An eighth of the machine, in MiB: a page of an index for each meter of a city. Taken only as it is used."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return min(max(machine // 8, 256), 2048)


def _environment(home: Path) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": str(home), "TZ": "UTC"}


def _answers(env: Mapping[str, str]) -> bool:
    try:
        psycopg.connect(admin_url(env), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
