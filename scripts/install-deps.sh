#!/usr/bin/env bash
# Installs what the build and the tests need and the machine lacks, and says what and why. A second run is a no-op.
#
# On Debian and Ubuntu: tools through apt-get (root, or sudo); OpenSSH's server and Dropbear only unpacked below
# build/peers, never installed, so that no service is ever started; Python packages in a private environment in
# build/venv. Elsewhere it says what to install.
#
# Exit status: 0 everything is there; 2 something is missing that this script cannot install; 1 an installation failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

RUST_MIN=1.95
PEERS=build/peers
VENV=build/venv

# package | how to see that it is there (a command, or a test in shell) | what it is for
TOOLS='
build-essential|command -v gcc g++ make|compiling the C tests and examples
cmake|command -v cmake|building and installing the C library (3.25 or later)
ninja-build|command -v ninja|the generator of the CMake presets
pkg-config|command -v pkg-config|the test that builds against the installed library
openssh-client|command -v ssh ssh-keygen|making test keys; the client that ours is compared with, and that logs in to our server
openssl|command -v openssl|reads the keys we write
putty-tools|command -v puttygen|writes key files that we read
tmux|command -v tmux|the tests type into shells through it
xauth|command -v xauth|the tests of X11 forwarding: ssh asks it for a cookie
xvfb|command -v Xvfb|the X server that the tests of X11 forwarding talk to
x11-utils|command -v xdpyinfo|the X client of those tests
libuv1-dev|pkg-config --exists libuv|the example that runs inside the loop of libuv
valgrind|command -v valgrind|the C tests run under it
libssh-dev|pkg-config --exists libssh|the test that loads libssh and libsshrs into one process
python3-venv|python_has_venv|the interop tests
util-linux|command -v unshare setpriv mount|test servers run in namespaces of their own
'
# What a machine without apt-get needs beside the tools above.
SERVERS='
openssh-server|find_peer sshd|the server that the tests and the demo talk to (it need not run as a service)
dropbear-bin|find_dropbear|a second server and a second client for the tests (it need not run as a service)
'

say() { printf 'install-deps: %s\n' "$*"; }
fail() { printf 'install-deps: %s\n' "$*" >&2; }

find_peer() {
    local place
    for place in /usr/sbin /usr/local/sbin /usr/bin /usr/local/bin "$PEERS/root/usr/sbin" "$PEERS/root/usr/bin"; do
        [ -x "$place/$1" ] && return 0
    done
    return 1
}

# The server, the client and the tools that make and convert its keys: Debian has them in one package.
find_dropbear() { find_peer dropbear && find_peer dbclient && find_peer dropbearkey && find_peer dropbearconvert; }

python() {
    # Debian's package python3-venv belongs to Debian's own interpreter, whatever else comes first in PATH.
    if [ -x /usr/bin/python3 ]; then echo /usr/bin/python3; else command -v python3; fi
}

python_has_venv() { [ -n "$(python)" ] && "$(python)" -c 'import ensurepip, venv'; }

# Prints the rows of a table whose test fails.
missing_rows() {
    local package test why
    while IFS='|' read -r package test why; do
        [ -n "$package" ] || continue
        # `command -v a b` succeeds if one of them is there: ask for each.
        if [[ $test == "command -v "* ]]; then
            local name ok=1
            for name in ${test#command -v }; do command -v "$name" >/dev/null || ok=; done
            [ -n "$ok" ] || printf '%s|%s\n' "$package" "$why"
        else
            $test >/dev/null 2>&1 || printf '%s|%s\n' "$package" "$why"
        fi
    done <<<"$1"
}

has_apt() { command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

can_be_root() { [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }; }

updated=
update_lists() {
    [ -z "$updated" ] || return 0
    updated=1
    can_be_root || return 0
    say "updating the package lists"
    as_root apt-get -qq update || fail "the package lists could not be updated; trying with the old ones"
}

check_rust() {
    if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
        fail "Rust is missing. Install Rust $RUST_MIN or later, for example with rustup (https://rustup.rs)."
        exit 2
    fi
    local have
    have=$(rustc --version | sed -n 's/^rustc \([0-9.]*\).*/\1/p')
    if [ "$(printf '%s\n' "$RUST_MIN" "$have" | sort -V | head -n 1)" != "$RUST_MIN" ]; then
        fail "Rust $have is too old: $RUST_MIN or later is needed (rustup update)."
        exit 2
    fi
    local component
    for component in fmt clippy; do
        cargo "$component" --version >/dev/null 2>&1 && continue
        say "installing the Rust component $component (the checks run it)"
        local name=$component
        [ "$component" = fmt ] && name=rustfmt
        if ! command -v rustup >/dev/null || ! rustup component add "$name"; then
            fail "cargo $component is missing: install the component $name of your Rust toolchain."
            exit 2
        fi
    done
}

install_tools() {
    local rows packages=() package why
    rows=$(missing_rows "$TOOLS")
    if ! has_apt; then
        rows+=$'\n'$(missing_rows "$SERVERS")
        rows=$(sed '/^$/d' <<<"$rows")
        [ -n "$rows" ] || return 0
        fail "this is neither Debian nor Ubuntu. Install what these packages of Debian hold, then run this again:"
        while IFS='|' read -r package why; do fail "  $package: $why"; done <<<"$rows"
        exit 2
    fi
    [ -n "$rows" ] || return 0
    while IFS='|' read -r package why; do
        say "$package is missing ($why)"
        packages+=("$package")
    done <<<"$rows"
    if ! can_be_root; then
        fail "root or sudo is needed to install them. Have this run by someone who may:"
        fail "  apt-get install --no-install-recommends ${packages[*]}"
        exit 2
    fi
    update_lists
    say "installing ${packages[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -qq -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends "${packages[@]}" </dev/null
}

# The packages that installing the servers would add to this machine: the servers and the libraries they lack.
server_packages() {
    apt-get -qq -s install --no-install-recommends openssh-server dropbear-bin 2>/dev/null |
        awk '$1 == "Inst" && $3 !~ /^\[/ { print $2 }'
}

# Unpacking runs no maintainer script: nothing is started, and nothing outside build/ changes.
unpack_servers() {
    find_peer sshd && find_dropbear && return 0
    has_apt || return 0
    local packages
    packages=$(server_packages) || true
    if [ -z "$packages" ]; then
        update_lists
        packages=$(server_packages) || true
    fi
    say "unpacking what the tests talk to into $PEERS (not installed, never started as a service):" $packages
    rm -rf "$PEERS"
    mkdir -p "$PEERS/deb" "$PEERS/new"
    # shellcheck disable=SC2086 # a list of names
    if ! (cd "$PEERS/deb" && apt-get -qq download $packages) 2>"$PEERS/log"; then
        update_lists
        # shellcheck disable=SC2086
        (cd "$PEERS/deb" && apt-get -qq download $packages) 2>"$PEERS/log" || {
            cat "$PEERS/log" >&2
            fail "could not download:" $packages
            exit 1
        }
    fi
    local deb
    for deb in "$PEERS"/deb/*.deb; do dpkg-deb -x "$deb" "$PEERS/new"; done
    rm -rf "$PEERS/deb"
    mv "$PEERS/new" "$PEERS/root"
    find_peer sshd && find_dropbear || { fail "the packages unpacked hold no sshd or not all of Dropbear"; exit 1; }
}

make_venv() {
    local wanted=tests/interop/requirements.txt
    [ -x "$VENV/bin/python" ] && cmp -s "$wanted" "$VENV/installed.txt" && return 0
    say "making a Python environment in $VENV with AsyncSSH, paramiko, ssh-audit and pytest (the interop tests)"
    rm -rf "$VENV"
    "$(python)" -m venv "$VENV"
    "$VENV/bin/python" -m pip -q --disable-pip-version-check install --no-input -r "$wanted" </dev/null
    cp "$wanted" "$VENV/installed.txt"
}

mkdir -p build
check_rust
install_tools
unpack_servers
make_venv
say "everything is there"
