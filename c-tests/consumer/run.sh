#!/bin/sh
# run.sh CMAKE BUILD_DIR WORK_DIR CC LIBDIR: installs into a fresh prefix and builds a program against it in four ways.
set -eu
cmake=$1 build=$2 work=$3 cc=$4 libdir=$5
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work"
mkdir -p "$work"
prefix=$work/prefix
"$cmake" --install "$build" --prefix "$prefix" > "$work/install.log"

"$cmake" -S "$here" -B "$work/find_package" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" > "$work/cmake.log"
"$cmake" --build "$work/find_package" >> "$work/cmake.log"
"$work/find_package/consumer"

if ! command -v pkg-config > /dev/null; then
    echo "skipped the rest: there is no pkg-config"
    exit 77
fi
PKG_CONFIG_PATH=$prefix/$libdir/pkgconfig
export PKG_CONFIG_PATH
# Words on purpose.
# shellcheck disable=SC2046
"$cc" "$here/main.c" -o "$work/by_pkg_config" $(pkg-config --cflags --libs sshrs)
LD_LIBRARY_PATH=$prefix/$libdir "$work/by_pkg_config"
readelf -d "$work/by_pkg_config" | grep -q 'NEEDED.*libsshrs\.so\.0' || { echo "not linked to libsshrs.so.0"; exit 1; }

# The archive, for those who link statically.
# shellcheck disable=SC2046
"$cc" "$here/main.c" -o "$work/static" $(pkg-config --cflags sshrs) "$prefix/$libdir/libsshrs.a" \
    $(sed -n 's/^Libs.private: //p' "$prefix/$libdir/pkgconfig/sshrs.pc")
"$work/static"

# A program without any shared object. The linker warns of getaddrinfo, which loads some at run time.
if [ "$("$cc" -print-file-name=libc.a)" = libc.a ]; then
    echo "no static C library here: a program without shared objects was not tried"
    exit 0
fi
# shellcheck disable=SC2046
"$cc" -static "$here/main.c" -o "$work/all_static" $(pkg-config --static --cflags --libs sshrs) 2> "$work/all_static.log" ||
    { cat "$work/all_static.log"; exit 1; }
"$work/all_static"
if readelf -d "$work/all_static" | grep -q NEEDED; then
    echo "it needs shared objects"
    exit 1
fi
