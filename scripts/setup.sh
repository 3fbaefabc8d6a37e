# What scripts/studio and scripts/test share. Sourced, never run; written for bash 3.2, which macOS ships.
# shellcheck shell=bash

# Where scripts/studio runs the program when it is given arguments: they may name files there.
# shellcheck disable=SC2034
called_from=$PWD
root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cd -- "$root" || exit 1

# The build folder lies outside the clone, so that a fresh clone, or a second one beside it, reuses
# the dependencies that an earlier build compiled for half an hour. Cargo locks it while it builds.
CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/learnscope/target}"
case $CARGO_TARGET_DIR in
/*) ;;
*) CARGO_TARGET_DIR=$root/$CARGO_TARGET_DIR ;;
esac
export CARGO_TARGET_DIR

# Cargo tells builds apart by their place within the clone and by the times of files, so that the parts
# of another clone may pass for this one's. Our own few files are built anew where the clone changed.
own_build() {
    local owner=$CARGO_TARGET_DIR/clone
    if [ "$(cat "$owner" 2>/dev/null)" != "$root" ]; then
        touch src/lib.rs src/main.rs tests/it/main.rs benches/*.rs
        mkdir -p "$CARGO_TARGET_DIR"
        printf '%s\n' "$root" >"$owner"
    fi
}

# Where scripts/studio finds the program once it is built.
# shellcheck disable=SC2034
program=$CARGO_TARGET_DIR/release/learnscope

# What the window opens at run time on Linux: keyboard, X11, Wayland, Vulkan with a software driver
# for machines without a graphics card, and the fonts of the system.
window_apt="libxkbcommon0 libxkbcommon-x11-0 libx11-6 libx11-xcb1 libxcursor1 libxi6 libxrandr2 \
libwayland-client0 libvulkan1 mesa-vulkan-drivers fontconfig"
window_dnf="libxkbcommon libxkbcommon-x11 libX11 libX11-xcb libXcursor libXi libXrandr \
libwayland-client vulkan-loader mesa-vulkan-drivers fontconfig"
# What drawing the window off screen needs, and so the tests.
drawing_apt="libvulkan1 mesa-vulkan-drivers"
drawing_dnf="vulkan-loader mesa-vulkan-drivers"

# Ends the script, with one line that says how to get Rust, when Rust is missing or too old.
need_cargo() {
    if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
        PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    fi
    if ! command -v cargo >/dev/null 2>&1; then
        echo "Rust is missing. Install it as https://rustup.rs describes, then start this again." >&2
        exit 1
    fi

    local needed found
    needed=$(sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' Cargo.toml)
    # The sort of macOS knows no -V, so the two numbers are compared one by one.
    found=$(cargo --version | sed 's/^cargo \([0-9]*\.[0-9]*\).*/\1/')
    if [ "${found%%.*}" -lt "${needed%%.*}" ] ||
        { [ "${found%%.*}" -eq "${needed%%.*}" ] && [ "${found#*.}" -lt "$(echo "$needed" | cut -d. -f2)" ]; }; then
        echo "Learnscope needs Rust $needed or later, and this is Rust $found. Run \"rustup update stable\", or install Rust as https://rustup.rs describes." >&2
        exit 1
    fi
}

# Prints those of the named packages that are not installed: missing_packages apt|dnf NAME…
missing_packages() {
    local manager=$1 name
    shift
    for name in "$@"; do
        case $manager in
        apt) dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q ' ok installed$' || printf ' %s' "$name" ;;
        dnf) rpm -q "$name" >/dev/null 2>&1 || printf ' %s' "$name" ;;
        esac
    done
}

# Installs the missing packages with apt-get, as root or through sudo; fails when it may not or cannot.
apt_install() {
    local as_root=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null || return 1
        as_root="sudo -n"
    fi
    local options="-qq -o DPkg::Lock::Timeout=300"
    # Options and names are lists of words: they are split on purpose.
    # shellcheck disable=SC2086
    $as_root apt-get $options update || echo "The package lists could not be brought up to date. Going on with those that are here."
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get $options install -y --no-install-recommends "$@" </dev/null
}

# Brings in the system packages: install_packages window|drawing
# Without the right to install, it says what to install and goes on; only a missing C compiler is
# an error, because nothing builds without one.
install_packages() {
    local apt=$drawing_apt dnf=$drawing_dnf missing=
    if [ "$1" = window ]; then
        apt=$window_apt
        dnf=$window_dnf
    fi

    if [ "$(uname -s)" != Linux ]; then
        : # macOS brings everything but the compiler
    elif command -v apt-get >/dev/null 2>&1; then
        command -v cc >/dev/null 2>&1 || apt="build-essential $apt"
        # shellcheck disable=SC2086
        missing=$(missing_packages apt $apt)
        if [ -n "$missing" ]; then
            echo "Installing system packages:$missing"
            # shellcheck disable=SC2086
            apt_install $missing ||
                echo "They could not be installed from here. Please run: sudo apt-get install$missing"
        fi
    elif command -v dnf >/dev/null 2>&1; then
        command -v cc >/dev/null 2>&1 || dnf="gcc $dnf"
        # shellcheck disable=SC2086
        missing=$(missing_packages dnf $dnf)
        if [ -n "$missing" ]; then
            echo "Some system packages are missing. Please run: sudo dnf install$missing"
        fi
    else
        echo "Learnscope needs a C compiler, the Vulkan loader with a driver, libxkbcommon, and the client libraries of X11 or Wayland. Please install what is missing."
    fi

    if ! command -v cc >/dev/null 2>&1; then
        if [ "$(uname -s)" = Darwin ]; then
            echo "A C compiler is missing. Please run: xcode-select --install" >&2
        else
            echo "A C compiler is missing: no command named cc was found. Install it, then start this again." >&2
        fi
        return 1
    fi
}
