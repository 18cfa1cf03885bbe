#!/bin/sh
# Makes exceptions.s of exceptions.c. Two lines that the compiler of the crate writes as well are left
# out.
set -eu
cd "$(dirname "$0")"
clang-19 --target=x86_64-pc-windows-msvc -std=c99 -O1 -S -fms-extensions -ffreestanding -fno-builtin \
    -funwind-tables -fno-ident -fno-addrsig -fno-verbose-asm -Wall -Wextra -o - exceptions.c |
    sed -e '/^\t\.def\t@feat\.00;$/,/@feat\.00, 0$/d' -e '/^\t\.file\t/d' > exceptions.s
