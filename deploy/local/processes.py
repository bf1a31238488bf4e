"""The table of our own processes: who runs, how, and with how many replicas."""

import sys
from dataclasses import dataclass

SERVICES = (
    "frontdesk", "registry", "identity", "street", "party", "property",
    "cameras", "meters", "volunteers", "insight", "census",
)  # fmt: skip


@dataclass(frozen=True)
class Process:
    name: str  # of the program; also of its log file and, in capitals, of its port
    command: tuple[str, ...]
    kind: str  # what it runs: replicas of one kind share it
    doors: tuple[str, ...] = ()  # variables of further ports, on which others than its watchers call

    @property
    def port_variable(self) -> str:
        return f"YIKOU_HTTP_PORT_{variable(self.name)}"

    @property
    def environment(self) -> dict[str, str]:
        """What only this process is told: a replica finds its port under the name of its kind."""
        told = {"YIKOU_PROCESS": self.name}
        if self.kind != self.name:
            told[f"YIKOU_HTTP_PORT_{variable(self.kind)}"] = f"%(ENV_{self.port_variable})s"
        return told


def variable(name: str) -> str:
    return name.upper().replace("-", "_")


def python(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *words)


PROCESSES = (
    Process("gateway", python("gateway"), "gateway"),
    *(Process(name, python("services.chassis.launch", name), name) for name in SERVICES),
    *(
        Process(
            f"meters-ingest-{worker}",
            python("services.meters.ingest", "--worker", str(worker)),
            "meters-ingest",
        )
        for worker in range(2)
    ),
    Process(
        "meters-concentrator",
        python("services.meters.concentrator"),
        "meters-concentrator",
        ("YIKOU_PORT_FRAMES",),
    ),
)
DOORS = tuple(door for process in PROCESSES for door in process.doors)
