// SPDX-License-Identifier: GPL-2.0-or-later
// Logs that aren't as they were written: cut at every byte, each bit flipped, zeros for a tail, and
// made-up bytes with right checksums.
//
// Cut logs are torn, never damaged; flipped bits are always found; and whatever is delivered is
// what was recorded.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "replay/format.h"
#include "replay/varint.h"
#include "tests/replay/sample.h"

typedef struct Outcome {
    bool refused; // log_open said no
    unsigned events, damages, bad_slots;
    LogNext end; // LOG_END or LOG_TORN
    Position last;
    Error refusal, damage;
} Outcome;

// Reads it all; each event must be the one of its ordinal in `events`.
static Outcome read_all(const char *path, const GPtrArray *events)
{
    Outcome outcome = {0};
    ReplayEvent event;
    Error err;
    LogReader *log = log_open(path, &outcome.refusal);
    if (!log) {
        outcome.refused = true;
        return outcome;
    }
    unsigned next = 0;
    for (;;) {
        LogNext what = log_next(log, &event, &err);
        if (what == LOG_DAMAGED) {
            outcome.damage = err;
            outcome.damages++;
            g_assert_cmpuint(outcome.damages, <, 100);
        } else if (what == LOG_EVENT) {
            g_assert_cmpuint(log_ordinal(log), >=, next);
            g_assert_cmpuint(log_ordinal(log), <, events->len);
            next = (unsigned)log_ordinal(log);
            assert_events_equal(&event, events->pdata[next]);
            next++;
            outcome.events++;
        } else {
            outcome.end = what;
            break;
        }
    }
    outcome.bad_slots = log_info(log)->bad_slots;
    outcome.last = log_info(log)->last;
    log_close(log);
    return outcome;
}

static Position position_of(const GPtrArray *events, unsigned i)
{
    return i ? ((const ReplayEvent *)events->pdata[i - 1])->position : (Position){0};
}

// Raw and compressed frames of a few events each.
static GPtrArray *small_log(const char *path, guint32 seed, bool clean)
{
    GRand *rand = g_rand_new_with_seed(seed);
    GPtrArray *events = sample_events(rand, 40, 24);
    g_rand_free(rand);
    sample_write(path, events, 7, clean);
    return events;
}

static void test_cut(void)
{
    for (unsigned clean = 0; clean < 2; clean++) {
        const char *path = sample_path("whole"), *cut = sample_path("cut");
        GPtrArray *events = small_log(path, 11 + clean, clean);
        size_t len, header = HEADER_BYTES + strlen(sample_config);
        uint8_t *bytes = file_load(path, &len);
        unsigned before = 0;
        for (size_t n = 0; n <= len; n++) {
            file_store(cut, bytes, n);
            Outcome outcome = read_all(cut, events);
            g_assert_cmpint(outcome.refused, ==, n < header);
            if (outcome.refused) {
                g_assert_true(g_str_has_prefix(outcome.refusal.msg,
                                               "Replay: invalid input log file version: "));
                continue;
            }
            g_assert_cmpuint(outcome.damages, ==, 0);
            g_assert_cmpint(outcome.end, ==, clean && n == len ? LOG_END : LOG_TORN);
            g_assert_cmpuint(outcome.events, >=, before);
            before = outcome.events;
            // The slots' position counts only with all events before it.
            Position reached = position_of(events, outcome.events);
            if (outcome.events < events->len) {
                g_assert_cmpint(position_compare(outcome.last, reached), ==, 0);
            } else {
                g_assert_cmpuint(outcome.last.icount, ==, reached.icount + 1);
            }
        }
        g_assert_cmpuint(before, ==, 40);
        g_free(bytes);
        g_ptr_array_unref(events);
    }
}

static void file_patch(const char *path, size_t offset, uint8_t byte)
{
    int fd = open(path, O_WRONLY);
    g_assert_cmpint(pwrite(fd, &byte, 1, (off_t)offset), ==, 1);
    close(fd);
}

static void test_flip(void)
{
    for (unsigned clean = 0; clean < 2; clean++) {
        const char *path = sample_path("whole"), *flipped = sample_path("flipped");
        GPtrArray *events = small_log(path, 21 + clean, clean);
        size_t len, header = HEADER_BYTES + strlen(sample_config);
        uint8_t *bytes = file_load(path, &len);
        file_store(flipped, bytes, len);
        for (size_t bit = 0; bit < len * 8; bit += clean ? 1 : 5) {
            size_t at = bit / 8;
            file_patch(flipped, at, (uint8_t)(bytes[at] ^ 1 << bit % 8));
            Outcome outcome = read_all(flipped, events);
            file_patch(flipped, at, bytes[at]);
            bool in_slots = at >= SLOT_OFFSET && at < HEADER_BYTES;
            g_assert_cmpint(outcome.refused, ==, !in_slots && at < header);
            if (outcome.refused) {
                continue;
            }
            g_assert_cmpuint(outcome.bad_slots, ==, in_slots);
            g_assert_cmpuint(outcome.damages, ==, !in_slots);
            g_assert_cmpuint(outcome.events, >=, 40 - (in_slots ? 0 : 7));
        }
        Outcome outcome = read_all(flipped, events);
        g_assert_cmpuint(outcome.damages + outcome.bad_slots, ==, 0);
        g_free(bytes);
        g_ptr_array_unref(events);
    }
}

// The report tells offset and positions of what is lost; the frames behind it are still read.
static void test_report(void)
{
    const char *path = sample_path("report");
    GPtrArray *events = small_log(path, 31, true);
    size_t len;
    uint8_t *bytes = file_load(path, &len);
    size_t frames = HEADER_BYTES + strlen(sample_config), second = frames + 1;
    while (memcmp(bytes + second, frame_magic, MAGIC_BYTES) != 0) {
        second++;
    }
    bytes[second + 30] ^= 0x10;
    file_store(path, bytes, len);
    Outcome outcome = read_all(path, events);
    char before[POSITION_TEXT_BYTES], after[POSITION_TEXT_BYTES];
    char *expected = g_strdup_printf(
        "the log is damaged at file offset %zu (a frame's header or checksum is wrong): events "
        "between positions %s and %s are lost",
        second, position_text(position_of(events, 7), before),
        position_text(position_of(events, 15), after));
    g_assert_cmpstr(outcome.damage.msg, ==, expected);
    g_assert_cmpuint(outcome.events, ==, 33);
    g_assert_cmpint(outcome.end, ==, LOG_END);
    g_free(expected);

    g_free(bytes);
    g_ptr_array_unref(events);
}

// A frame taken out: no checksum is wrong, and without an end there is no index to tell, but its
// events' numbers are missed.
static void test_frame_missing(void)
{
    for (unsigned clean = 0; clean < 2; clean++) {
        const char *path = sample_path("missing");
        GPtrArray *events = small_log(path, 51, clean);
        size_t len, starts[2] = {0};
        uint8_t *bytes = file_load(path, &len);
        for (size_t i = HEADER_BYTES + strlen(sample_config) + 1, n = 0; n < 2; i++) {
            if (memcmp(bytes + i, frame_magic, MAGIC_BYTES) == 0) {
                starts[n++] = i;
            }
        }
        memmove(bytes + starts[0], bytes + starts[1], len - starts[1]);
        // The slots are as if one frame less had been written.
        for (unsigned i = 0; i < SLOTS; i++) {
            LogSlot slot;
            g_assert_true(slot_decode(bytes + SLOT_OFFSET + i * SLOT_BYTES, &slot));
            slot.frames_end -= starts[1] - starts[0];
            slot_encode(bytes + SLOT_OFFSET + i * SLOT_BYTES, &slot);
        }
        file_store(path, bytes, len - (starts[1] - starts[0]));
        Outcome outcome = read_all(path, events);
        g_assert_cmpuint(outcome.damages, ==, clean ? 2 : 1);
        g_assert_nonnull(
            strstr(outcome.damage.msg, clean ? "behind its last event" : "is missing"));
        g_assert_cmpuint(outcome.events, ==, 33);
        g_free(bytes);
        g_ptr_array_unref(events);
    }
}

// What some file systems leave after a power failure: the right size, but zeros behind some point.
static void test_zero_tail(void)
{
    const char *path = sample_path("zeros");
    GPtrArray *events = small_log(path, 41, false);
    size_t len;
    uint8_t *bytes = file_load(path, &len);
    uint8_t *padded = g_malloc0(len + 5000);
    memcpy(padded, bytes, len);
    file_store(path, padded, len + 5000);
    Outcome outcome = read_all(path, events);
    g_assert_cmpuint(outcome.damages, ==, 0);
    g_assert_cmpint(outcome.end, ==, LOG_TORN);
    g_assert_cmpuint(outcome.events, ==, 40);
    padded[len + 4000] = 1;
    file_store(path, padded, len + 5000);
    outcome = read_all(path, events);
    g_assert_cmpuint(outcome.damages, ==, 1);
    g_assert_cmpuint(outcome.events, ==, 40);
    g_free(padded);
    g_free(bytes);
    g_ptr_array_unref(events);
}

// ---- made-up logs ----

static void test_varint(void)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool valid;
        uint64_t value;
    } cases[] = {
        {"\0", 1, true, 0},
        {"\x7f", 1, true, 127},
        {"\x80\x01", 2, true, 128},
        {"\x80\0", 2, false, 0},
        {"\x80", 1, false, 0},
        {"", 0, false, 0},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, true, UINT64_MAX},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, false, 0},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, false, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const uint8_t *start = (const uint8_t *)cases[i].bytes, *at = start;
        uint64_t value;
        bool valid = varint_get(&at, start + cases[i].len, &value);
        g_assert_cmpint(valid, ==, cases[i].valid);
        g_assert_cmpuint((size_t)(at - start), ==, valid ? cases[i].len : 0);
        g_assert_true(!valid || value == cases[i].value);
    }
    static const int64_t numbers[] = {0, -1, 1, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_assert_cmpint(unzigzag(zigzag(numbers[i])), ==, numbers[i]);
    }
    g_assert_cmpuint(zigzag(-1), ==, 1);
}

static uint64_t odd_number(GRand *rand)
{
    static const uint64_t numbers[] = {0,
                                       1,
                                       2,
                                       4,
                                       127,
                                       128,
                                       FRAME_RAW_MAX_BYTES,
                                       FRAME_RAW_MAX_BYTES + 1,
                                       UINT32_MAX,
                                       1ull << 32,
                                       INT64_MAX,
                                       UINT64_MAX};
    return g_rand_boolean(rand) ? numbers[g_rand_int_range(rand, 0, G_N_ELEMENTS(numbers))]
                                : g_rand_int(rand) >> g_rand_int_range(rand, 0, 32);
}

static void put_bytes(GByteArray *out, GRand *rand, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = g_rand_boolean(rand) ? (uint8_t)g_rand_int_range(rand, 0, 16)
                                            : (uint8_t)g_rand_int(rand);
        g_byte_array_append(out, &byte, 1);
    }
}

// A frame, index or end mark with made-up numbers and a right checksum.
static void put_part(GByteArray *out, GRand *rand)
{
    guint start = out->len;
    unsigned what = (unsigned)g_rand_int_range(rand, 0, 8);
    if (what == 0) {
        uint8_t mark[END_MARK_BYTES];
        EndMark end = {{odd_number(rand), g_rand_int(rand)}, odd_number(rand), odd_number(rand)};
        end_mark_encode(mark, &end);
        g_byte_array_append(out, mark, END_MARK_BYTES);
        return;
    }
    g_byte_array_append(out, what == 1 ? index_magic : frame_magic, MAGIC_BYTES);
    g_byte_array_set_size(out, start + FRAME_PREFIX_BYTES);
    size_t len = (size_t)g_rand_int_range(rand, 0, 60);
    bool fits = g_rand_int_range(rand, 0, 4) != 0;
    if (what == 1) {
        varint_put(out, odd_number(rand));
        varint_put(out, fits ? len : odd_number(rand));
    } else {
        varint_put(out, fits ? 0 : odd_number(rand));
        varint_put(out, odd_number(rand));
        varint_put(out, fits ? 0 : odd_number(rand));
        varint_put(out, fits ? 1 + len / 8 : odd_number(rand));
        bool compressed = g_rand_boolean(rand);
        varint_put(out, fits ? (compressed ? 4096 : len) : odd_number(rand));
        varint_put(out, fits ? len << 1 | compressed : odd_number(rand));
    }
    put_bytes(out, rand, len);
    guint summed = start + FRAME_PREFIX_BYTES;
    le_put(out->data + start + MAGIC_BYTES, XXH3_64bits(out->data + summed, out->len - summed), 8);
}

static void test_made_up(void)
{
    GRand *rand = g_rand_new_with_seed(1);
    const char *path = sample_path("made-up");
    const char config[] = "{}";
    unsigned events = 0, damages = 0;
    for (unsigned round = 0; round < 4000; round++) {
        GByteArray *out = g_byte_array_new();
        g_byte_array_set_size(out, HEADER_BYTES);
        LogHeader header = {
            .format_version = LOG_FORMAT_VERSION, .machine_version = 1, .config_bytes = 2};
        header_encode(out->data, &header, config);
        for (unsigned i = 0; i < SLOTS; i++) {
            LogSlot slot = {i, {odd_number(rand), g_rand_int(rand)}, odd_number(rand)};
            slot_encode(out->data + SLOT_OFFSET + i * SLOT_BYTES, &slot);
        }
        g_byte_array_append(out, (const uint8_t *)config, 2);
        for (int parts = g_rand_int_range(rand, 0, 6); parts > 0; parts--) {
            put_part(out, rand);
        }
        file_store(path, out->data, out->len);
        LogReader *log = log_open(path, NULL);
        g_assert_nonnull(log);
        ReplayEvent event;
        LogNext next;
        Position before = {0};
        GString *text = g_string_new(NULL);
        while ((next = log_next(log, &event, NULL)) == LOG_EVENT || next == LOG_DAMAGED) {
            if (next == LOG_EVENT) {
                events++;
                g_assert_true(event_length_valid(event.kind, event.len));
                g_assert_cmpint(position_compare(before, event.position), <=, 0);
                before = event.position;
                event_text(text, &event, 0);
                event_json(text, &event, 0);
            } else {
                damages++;
            }
        }
        g_string_free(text, TRUE);
        log_close(log);
        g_byte_array_unref(out);
    }
    // The made-up bytes are worth something only if they get that far.
    g_assert_cmpuint(events, >, 300);
    g_assert_cmpuint(damages, >, 1000);
    g_rand_free(rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log-damage/cut", test_cut);
    g_test_add_func("/log-damage/flip", test_flip);
    g_test_add_func("/log-damage/report", test_report);
    g_test_add_func("/log-damage/frame-missing", test_frame_missing);
    g_test_add_func("/log-damage/zero-tail", test_zero_tail);
    g_test_add_func("/log-damage/varint", test_varint);
    g_test_add_func("/log-damage/made-up", test_made_up);
    int rc = g_test_run();
    sample_clean();
    return rc;
}
