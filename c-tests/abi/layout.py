"""Writes a C program that prints every constant of the header and every struct's size and field offsets."""

import re
import sys

header, out = sys.argv[1:]
text = re.sub(r"/\*.*?\*/", "", open(header, encoding="utf-8").read(), flags=re.S)
lines = ["#include <sshrs.h>", "#include <stdio.h>", "", "int main(void)", "{"]
for name in re.findall(r"^#define (SSH_[A-Z0-9_]+) \(?-?[0-9]", text, flags=re.M):
    lines.append(f'    printf("{name} = %lld\\n", (long long)({name}));')
for name, body in re.findall(r"^typedef struct (ssh_\w+) \{(.*?)^\}", text, flags=re.M | re.S):
    lines.append(f'    printf("sizeof({name}) = %zu\\n", sizeof({name}));')
    for field in re.findall(r"(?:\(\*(\w+)\)\([^;]*|(\w+));", body):
        field = field[0] or field[1]
        lines.append(f'    printf("{name}.{field} at %zu\\n", offsetof({name}, {field}));')
lines += ["    return 0;", "}", ""]
with open(out, "w", encoding="utf-8") as file:
    file.write("\n".join(lines))
