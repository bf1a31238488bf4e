"""Is this container's process ready? `python -m deploy.healthcheck`; exit code 0 when it is."""

import os
import sys
import urllib.error
import urllib.request


def main() -> int:
    process = os.environ["YIKOU_PROCESS"].upper().replace("-", "_")
    port = os.environ[f"YIKOU_HTTP_PORT_{process}"]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=4) as answer:
            return 0 if answer.status == 200 else 1
    except (OSError, urllib.error.URLError):
        return 1


if __name__ == "__main__":
    sys.exit(main())
