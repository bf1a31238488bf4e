"""Fresh secrets for one installation, printed once and kept nowhere.

python -m deploy.new_secrets compose    > deploy/.env              # read by deploy/compose.yaml; chmod 600
python -m deploy.new_secrets kubernetes | kubectl -n yikou apply -f -
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deploy.local.processes import SERVICES
from deploy.local.secrets import complete, password, signing_key

ALSO = ("YIKOU_GRAFANA_PASSWORD",)


def fresh() -> dict[str, str]:
    made = complete({}, SERVICES)
    made |= dict.fromkeys(ALSO, password())
    with TemporaryDirectory() as folder:
        made["YIKOU_SIGNING_KEY"] = signing_key(Path(folder) / "key.pem").read_text()
    return made


def compose(made: Mapping[str, str]) -> str:
    """One line a secret; Compose reads `\\n` in double quotes as a line's end."""
    return "".join(f"{name}={json.dumps(value)}\n" for name, value in sorted(made.items()))


def kubernetes(made: Mapping[str, str], broker: str = "rabbitmq", database: str = "postgres") -> str:
    """What `k8s/base` expects, for the broker and database of `k8s/overlays/local`."""
    broker_password = made["YIKOU_BROKER_PASSWORD"]
    secrets: dict[str, dict[str, str]] = {
        "yikou-broker": {
            "AMQP_URI": f"amqp://yikou:{broker_password}@{broker}:5672/%2F",
            "RABBITMQ_DEFAULT_USER": "yikou",
            "RABBITMQ_DEFAULT_PASS": broker_password,
        },
        "yikou-tracking": {"YIKOU_TRACKING_SECRET": made["YIKOU_TRACKING_SECRET"]},
        "yikou-webhooks": {"YIKOU_WEBHOOK_SECRET": made["YIKOU_WEBHOOK_SECRET"]},
        "yikou-signing-key": {"signing-key.pem": made["YIKOU_SIGNING_KEY"]},
        "yikou-databases": {"POSTGRES_PASSWORD": made["YIKOU_POSTGRES_PASSWORD"]},
        "yikou-accounts": {
            name: value
            for name, value in made.items()
            if name.startswith(("YIKOU_PASSWORD_", "YIKOU_DEVICE_"))
        },
    }
    for service in SERVICES:
        variable = f"YIKOU_DATABASE_PASSWORD_{service.upper()}"
        secret = made[variable]
        url = f"postgresql+psycopg://{service}:{secret}@{database}:5432/{service}"
        secrets[f"yikou-database-{service}"] = {f"DATABASE_URL_{service.upper()}": url}
        secrets["yikou-databases"][variable] = secret
    return "".join(f"---\n{json.dumps(_manifest(name, data))}\n" for name, data in secrets.items())


def _manifest(name: str, data: Mapping[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": dict(data)}


def main(arguments: list[str]) -> int:
    forms = {"compose": compose, "kubernetes": kubernetes}
    if len(arguments) != 1 or arguments[0] not in forms:
        print(__doc__, file=sys.stderr)
        return 2
    print(forms[arguments[0]](fresh()), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
