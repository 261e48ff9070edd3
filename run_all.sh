#!/bin/sh
# Finds a Python and hands over to marcus_nb/bootstrap.py, which makes .venv once and then starts Marcus in it.
here=$(dirname -- "$(readlink -f -- "$0" 2>/dev/null || printf '%s' "$0")")
export PYTHONUTF8=1
for python in "${MARCUS_PYTHON:-}" python3 python3.12 python3.13 python3.11 python; do
    # `import venv` tells a Python that starts, and is not Python 2, from one that only has the name
    if [ -n "$python" ] && "$python" -c 'import venv' </dev/null >/dev/null 2>&1; then
        exec "$python" "$here/marcus_nb/bootstrap.py" "$@"
    fi
done
echo "Marcus found no Python. Install Python 3.12 from python.org (Debian, Ubuntu: sudo apt install python3 python3-venv)." >&2
exit 1
