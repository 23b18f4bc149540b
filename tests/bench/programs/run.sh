#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh: runs Debian's own programs in the guest, each between two marks, for scripts/bench-programs.
#
#     run.sh ROW:N,...        (in a folder with the files beside this one; /tmp is in memory)
#
# Prints `mark begin ROW N` and `mark end ROW CHECKSUM`; N is how often the program runs. Files are read once before, so that disks
# don't count; what an emulator spends on translating the program does.
set -eu
export PATH=/usr/sbin:/usr/bin LC_ALL=C PYTHONHASHSEED=0 PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0
cd "$(dirname "$0")"

# Machine code, tables and text: 4 MB.
cat /usr/bin/perl /usr/bin/*-gcc-14 | head -c 3000000 >input
cat /usr/share/perl/5*/unicore/Name.pl /usr/share/common-licenses/* | head -c 1000000 >>input
head -c 400000 input >small
tail -c 400000 input >>small
xz -1 -c input >input.xz
gzip -n -1 -c input >input.gz
for file in /usr/bin/xz /usr/bin/gzip /usr/bin/sha256sum /usr/bin/perl /usr/bin/python3 /usr/bin/gcc /usr/bin/as \
    /usr/libexec/gcc/*/*/cc1 /usr/lib/*/lib*.so* /usr/lib/python3*/*.py /usr/lib/python3*/*/*.pyc /usr/include/*.h; do
    cat "$file" >/dev/null
done

work() {
    case $1 in
    xz) xz -6 -c small ;;
    unxz) xz -dc input.xz ;;
    gzip) gzip -n -6 -c input ;;
    gunzip) gzip -dc input.gz ;;
    sha256sum) sha256sum input input input input input ;;
    perl) perl words.pl input ;;
    python3) python3 -I words.py input ;;
    gcc) gcc -O2 -S -o - program.c ;;
    *) echo "no row $1" >&2; exit 1 ;;
    esac
}

for item in $(echo "$1" | tr , ' '); do
    row=${item%%:*} n=${item##*:}
    # Their output goes to a file: the pipe's and the checksum's time shall not count.
    echo "mark begin $row $n"
    sleep 0.05
    i=0
    while [ $i -lt "$n" ]; do work "$row" >output; i=$((i + 1)); done
    echo "mark end $row $(md5sum <output | cut -c 1-32)"
    sleep 0.05
done
