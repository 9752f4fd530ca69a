"""Checks that nothing of Croton is seen outside of what it is linked into.

usage: check_symbols.py JIT_MODULE ARCHIVE..

The JIT module exports its table of functions and nothing of LLVM; in the archives all that is
Croton's has hidden visibility, so that a library that is linked to them exports none of it.
"""

import re
import subprocess
import sys

TABLE = re.compile(r"^croton_jit_table_v\d+$")


def symbols(path, *options):
    """Lines of readelf's table: number, value, size, type, binding, visibility, section, name."""
    command = ["readelf", "--wide", *options, path]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in listing.splitlines():
        fields = line.split()
        if len(fields) >= 8 and fields[0].rstrip(":").isdigit():
            binding, visibility, section, name = fields[4:8]
            if binding != "LOCAL" and section != "UND":
                yield visibility, name


def main():
    module, *archives = sys.argv[1:]
    exported = [name for _, name in symbols(module, "--dyn-syms")]
    errors = [f"{module} exports {n}" for n in exported if not TABLE.match(n)]
    if len(exported) != 1:
        errors.append(f"{module} exports {len(exported)} symbols, not its table alone")
    for archive in archives:
        hidden = 0
        for visibility, name in symbols(archive, "--syms"):
            if not name.startswith(("_ZN6croton", "_ZNK6croton", "croton", "ct_")):
                continue
            hidden += visibility == "HIDDEN"
            if visibility != "HIDDEN":
                errors.append(f"{archive}: {name} has {visibility.lower()} visibility")
        if not hidden:
            errors.append(f"{archive}: no symbol of Croton was found")
    print("\n".join(errors[:20]))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
