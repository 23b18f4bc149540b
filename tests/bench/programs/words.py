# SPDX-License-Identifier: GPL-2.0-or-later
"""Words of a file, objects, big integers: prints some figures that depend on all of it."""
import re
import sys


class Body:
    def __init__(self, x, v):
        self.x, self.v = x, v

    def step(self, dt):
        self.v -= self.x * dt
        self.x += self.v * dt


def words(path):
    with open(path, "rb") as f:
        text = f.read().decode("latin-1")
    count = {}
    for match in re.finditer("[A-Za-z_]{3,20}", text):
        word = match.group().lower()
        count[word] = count.get(word, 0) + 1
    best = sorted(count.items(), key=lambda item: (-item[1], item[0]))
    return len(best), best[:5], sum(len(w) * n for w, n in best)


def queens(n, row=0, columns=0, left=0, right=0):
    if row == n:
        return 1
    found, free = 0, ~(columns | left | right) & ((1 << n) - 1)
    while free:
        bit = free & -free
        free ^= bit
        found += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1)
    return found


def main():
    print(*words(sys.argv[1]))
    print("queens", queens(8))
    bodies = [Body(i / 10, 0.0) for i in range(100)]
    for _ in range(500):
        for body in bodies:
            body.step(0.01)
    print("bodies", f"{sum(b.x for b in bodies):.9f}")
    number = 1
    for i in range(1, 1500):
        number *= i
    print("factorial", number % 1000000007, len(hex(number)))
    print("lists", sum(len(str(i)) for i in [x ^ y for x in range(300) for y in range(300)]))


main()
