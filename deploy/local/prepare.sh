#!/bin/sh
# What a fresh Debian lacks before Python can take over: a broker, a database, and our virtual environment.
# Quick when nothing is missing; run by `make`.
set -eu
cd "$(dirname "$0")/../.."

mkdir -p .run
exec 9>.run/prepare.lock
flock 9 # two `make` at once: the second waits and finds everything done

PYTHON=${PYTHON:-python3}
STAMP=.venv/lock.sha256

say() { printf '\033[2m%s\033[0m\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Tests never touch a broker or database somebody gave: they start their own, and need the programs for it.
given() { [ -z "${YIKOU_OWN_PARTS:-}" ] && [ -n "$1" ]; }

missing_packages() {
    given "${AMQP_URI:-}" || [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || echo rabbitmq-server
    given "${DATABASE_URL:-}" || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || echo postgresql
    [ -n "${YIKOU_FONT:-}" ] || [ -r /usr/share/fonts/truetype/wqy/wqy-microhei.ttc ] || echo fonts-wqy-microhei # in certificates
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    command -v node >/dev/null || echo nodejs # builds the faces
    command -v npm >/dev/null || echo npm
    [ -n "${YIKOU_OWN_PARTS:-}" ] || return 0
    command -v chromium >/dev/null || echo chromium # the faces are tested in a real browser
    [ -r /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] || echo fonts-noto-cjk
    command -v curl >/dev/null || echo curl # the README's example is a test
    command -v promtool >/dev/null || echo prometheus # reads our metrics with our rules
}

# Debian starts the daemons it installs and again at every boot. We only want their programs: our stack runs its own.
install_packages() {
    say "安装系统软件包 Installing Debian packages: $*"
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
        as_root chmod 755 /usr/sbin/policy-rc.d
    fi
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >.run/apt.log 2>&1 9>&- ||
        { cat .run/apt.log >&2; exit 1; }
    if [ -d /run/systemd/system ]; then
        for unit in "$@"; do as_root systemctl disable --quiet "$unit" 2>/dev/null || true; done
    fi
}

build_environment() {
    say "准备 Python 环境（.venv）Preparing the Python environment from requirements.lock"
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        { echo "需要 Python 3.11 或更新版本 Python 3.11 or newer is needed (PYTHON=… chooses one)" >&2; exit 1; }
    .venv/bin/python -c '' 2>/dev/null || "$PYTHON" -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . \
        >.run/pip.log 2>&1 || { cat .run/pip.log >&2; exit 1; }
    sha256sum requirements.lock >$STAMP
}

# The faces: their packages once for each lock, their pages when something newer than the last build is there.
build_faces() {
    (
        cd gateway/web
        node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
            {
                echo "界面需要 Node 20.19 或更新版本，本次不构建；其余照常 The faces need Node 20.19 or newer and are not built; all else runs" >&2
                [ -z "${YIKOU_OWN_PARTS:-}" ] || exit 1 # the tests want them
                exit 0
            }
        if ! sha256sum --check --status node_modules/.lock.sha256 2>/dev/null; then
            say "准备界面的依赖 Installing what the faces are built with"
            npm ci --silent --no-progress
            sha256sum package-lock.json >node_modules/.lock.sha256
        fi
        newer=$(find src ./*.html vite.config.ts tsconfig.json package-lock.json ../../docs/openapi.json -newer dist/.built -print -quit 2>/dev/null || true)
        if [ ! -e dist/.built ] || [ -n "$newer" ]; then
            say "构建界面 Building the faces"
            npm run --silent build >../../.run/faces.log 2>&1 || { cat ../../.run/faces.log >&2; exit 1; }
            touch dist/.built
        fi
    )
}

packages=$(missing_packages)
# shellcheck disable=SC2086 # one word a package
[ -z "$packages" ] || install_packages $packages
sha256sum --check --status $STAMP 2>/dev/null || build_environment
build_faces
