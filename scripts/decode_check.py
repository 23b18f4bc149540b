# SPDX-License-Identifier: GPL-2.0-or-later
"""What rows of a decode table do to each other: overlaps, expansions, decode order, coverage.

Overlap is decided exactly: two rows clash when some instruction word and some feature set satisfy
both, exclusions (`rd!=0`) and `exactly-one` included; the message shows such a word.
"""
from decode_table import TableError


def find_match(mask, value, nots):
    """A word with the fixed bits mask/value that matches none of `nots`, or None. Exact search."""
    for not_mask, not_value in nots:
        if not_mask & mask & (value ^ not_value):
            continue  # a fixed bit differs already
        free = not_mask & ~mask
        while free:
            bit = free & -free
            free ^= bit
            found = find_match(mask | bit, value | (~not_value & bit), nots)
            if found is not None:
                return found
        return None
    return value


def count_matches(bits, mask, value, nots):
    """How many of the 2^bits words have the fixed bits mask/value and match none of `nots`."""
    for i, (not_mask, not_value) in enumerate(nots):
        if not_mask & mask & (value ^ not_value):
            continue
        rest = nots[i + 1:]
        without = count_matches(bits, mask, value, rest)
        return without - count_matches(bits, mask | not_mask, value | not_value, rest)
    return 1 << (bits - bin(mask).count('1'))


def possible(must, mustnot, one_of):
    """Whether some feature set has all of `must` and none of `mustnot`."""
    if must & mustnot:
        return False
    for group in one_of:
        if bin(must & group).count('1') > 1 or group & ~mustnot == 0:
            return False
    return True


def common_features(a, b, one_of):
    return any(possible(m | n, o | p, one_of) for m, o in a.conds for n, p in b.conds)


def common_word(a, b):
    if (a.value ^ b.value) & a.mask & b.mask:
        return None
    return find_match(a.mask | b.mask, a.value | b.value, a.nots + b.nots)


def special_case(a, b):
    """Whether b's fixed bits all hold in a."""
    return b.mask & ~a.mask == 0 and (a.value ^ b.value) & b.mask == 0


def check_row(table, row, members):
    if not any(possible(must, mustnot, table.one_of) for must, mustnot in row.conds):
        raise TableError(row.where, 'the condition can never hold')
    if find_match(row.mask, row.value, row.nots) is None:
        raise TableError(row.where, 'the exclusions leave nothing of %s' % row.name)
    matching = [n for n, mask, value in table.lengths if not (row.value ^ value) & row.mask & mask]
    if matching != [row.length]:
        raise TableError(row.where, '%s has %d bits, its first bits say %s'
                         % (row.name, row.length, matching))
    if row.op not in members:
        raise TableError(row.where, 'there is no op %s' % row.op)
    if set(row.members()) != members[row.op]:
        wrong = ', '.join(sorted(set(row.members()) ^ members[row.op]))
        raise TableError(row.where, '%s and op %s differ in members: %s'
                         % (row.name, row.op, wrong))
    if not row.classes and row.target is None:
        raise TableError(row.where, '%s has no class' % row.name)


def check_overlaps(table):
    excused = set()
    for i, a in enumerate(table.rows):
        for b in table.rows[i + 1:]:
            word = common_word(a, b)
            if word is None or not common_features(a, b, table.one_of):
                continue
            if a.over == b.name and b.over != a.name and special_case(a, b):
                excused.add(a)
            elif b.over == a.name and a.over != b.name and special_case(b, a):
                excused.add(b)
            else:
                raise TableError(b.where, '%s overlaps %s (%s): both match %#x'
                                 % (b.name, a.name, a.where, word))
    for row in table.rows:
        if row.over and row not in excused:
            raise TableError(row.where, '%s is not a special case of %s' % (row.name, row.over))


def check_lengths(table):
    for i, (n, mask, value) in enumerate(table.lengths):
        for other, mask2, value2 in table.lengths[i + 1:]:
            if not (value ^ value2) & mask & mask2:
                raise TableError(table.isa, 'length patterns of %d and %d bits overlap'
                                 % (n, other))


def check(table):
    """Raises TableError at the first contradiction; gives expansions the classes of their op."""
    check_lengths(table)
    members = {}
    for row in table.rows:
        if row.target is None:
            members.setdefault(row.name, set(row.members()))
    for row in table.rows:
        check_row(table, row, members)
    class_of = {r.name: r.classes for r in table.rows if r.target is None}
    for row in table.rows:
        if row.target is not None:
            row.classes = class_of[row.target]
    check_overlaps(table)


def decode_order(rows):
    """Rows in the order in which to try them: special cases first, narrowest of all in front."""
    return sorted(rows, key=lambda r: (-bin(r.mask).count('1') if r.over else 1))


def live_rows(table, features):
    return [r for r in table.rows
            if any(features & m == m and not features & n for m, n in r.conds)]


def feature_sets(table):
    """(name, features): everything on, once for each way to satisfy the exactly-one groups."""
    grouped = 0
    for group in table.one_of:
        grouped |= group
    sets = [('', (1 << len(table.features)) - 1 & ~grouped)]
    for group in table.one_of:
        bits = [i for i in range(len(table.features)) if group >> i & 1]
        sets = [(name + table.features[i] + ' ', have | 1 << i)
                for name, have in sets for i in bits]
    return sets


def report(table, out):
    """Coverage: how much of the encoding space is taken, rows a feature, what nothing uses."""
    out.write('%s: %d rows, %d ops\n' % (table.isa, len(table.rows), len(table.ops())))
    for name, features in feature_sets(table):
        rows = live_rows(table, features)
        for length, mask, value in table.lengths:
            here = [r for r in rows if r.length == length and not (r.value ^ value) & mask]
            space = 1 << (length - bin(mask).count('1'))
            used = sum(count_matches(length, r.mask, r.value, r.nots) for r in here if not r.over)
            out.write('%s%d bits, lowest bits %s: %d rows, %d of %d encodings (%.2f %%)\n'
                      % (name, length, bin(value), len(here), used, space, 100.0 * used / space))
    for i, feature in enumerate(table.features):
        count = sum(1 for r in table.rows if any((m | n) >> i & 1 for m, n in r.conds))
        out.write('feature %s: %d rows\n' % (feature, count))
    for kind, names in (('field', table.fields), ('format', table.formats),
                        ('operand', table.operands)):
        for name in names:
            if (kind, name) not in table.used:
                out.write('unused %s: %s\n' % (kind, name))
