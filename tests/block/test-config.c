// SPDX-License-Identifier: GPL-2.0-or-later
// -drive options: what is accepted, the ids and places that result, refusals in the words that
// users know, blkreplay in all its forms, identity and information.
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "block/block-private-host.h"
#include "tests/block/disk-bench.h"

static Position no_position(void *ctx)
{
    return (Position){0};
}
static uint16_t no_digest(void *ctx)
{
    return 0;
}
static void no_wake(void *ctx) {}

static Replay *replay;

// `drives` with @ for the directory.
static bool add(const char *drive, Error *err)
{
    char *dir = g_path_get_dirname(bench_path("x"));
    char **parts = g_strsplit(drive, "@", -1);
    char *text = g_strjoinv(dir, parts);
    bool ok = block_drive_add(text, err);
    g_free(text);
    g_strfreev(parts);
    g_free(dir);
    return ok;
}

static bool open_mode(ReplayMode mode, const char *identity, Error *err)
{
    ReplayHost host = {.position = no_position, .event_digest = no_digest, .wake = no_wake};
    replay = replay_new(&host);
    BlockConfig config = {.replay = replay,
                          .mode = mode,
                          .log_path = bench_path("log"),
                          .identity_json = identity,
                          .default_if = BLOCK_IF_VIRTIO};
    return block_open_all(&config, err);
}

static void open_ok(void)
{
    Error err = {""};
    if (!open_mode(REPLAY_NONE, NULL, &err)) {
        g_error("%s", err.msg);
    }
}

static void close_ok(void)
{
    Error err = {""};
    if (!block_close_all(&err)) {
        g_error("%s", err.msg);
    }
    replay_free(replay);
    g_assert_cmpuint(block_drive_count(), ==, 0);
}

static void add_ok(const char *drive)
{
    Error err = {""};
    if (!add(drive, &err)) {
        g_error("%s", err.msg);
    }
}

static void expect_text(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        g_error("'%s' is not in '%s'", part, text);
    }
}

static void make_disks(void)
{
    bench_do("truncate -s 1M a.raw");
    bench_do("truncate -s 1000 odd.raw");
    bench_do("qemu-img create -q -f qcow2 b.qcow2 2M");
    bench_do("qemu-img create -q -f qcow2 -F qcow2 -b b.qcow2 c.qcow2 4M");
    bench_do("qemu-img create -q -f qcow2 e.qcow2 2M");
}

static void test_refused(void)
{
    static const struct {
        const char *drive, *message;
    } forms[] = {
        {"if=virtio", "no file= given"},
        {"file=x,if=nonsense", "unsupported bus type 'nonsense'"},
        {"file=x,media=tape", "'tape' invalid media"},
        {"file=x,cache=maybe", "invalid cache option"},
        {"file=x,aio=fibers", "invalid aio option"},
        {"file=x,format=qed", "Unknown driver 'qed'"},
        {"file=x,frobnicate=1", "Invalid parameter 'frobnicate'"},
        {"file=x,werror=whatever", "'whatever' invalid write error action"},
        {"file=x,rerror=enospc", "'enospc' invalid read error action"},
        {"file=x,copy-on-read=on", "copy-on-read=on is not supported"},
        {"file=x,index=3,unit=1", "index cannot be used with bus and unit"},
        {"file=x,index=many", "index"},
        {"file=x,snapshot=perhaps", "snapshot"},
        {"file=x,id=1abc", "identifier"},
        {"file=x,image=y", "Invalid parameter 'image'"},
        {"driver=blkreplay,if=none,id=q", "A block device must be specified"},
        {"file=x,file.filename=y", "can't both be given"},
        {"format=raw,driver=qcow2,file=x", "can't both be given"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(forms); i++) {
        Error err = {""};
        g_assert_false(add(forms[i].drive, &err));
        expect_text(err.msg, forms[i].message);
        expect_text(err.msg, "-drive ");
    }
    static const struct {
        const char *drives[3], *message;
    } sets[] = {
        {{"file=@/absent,id=d"}, "absent': No such file or directory"},
        {{"file=@/a.raw,format=qcow2"}, "Image is not in qcow2 format"},
        {{"file=@,id=d"}, "Is a directory"},
        {{"driver=blkreplay,if=none,image=nope,id=r"},
         "Cannot find device='nope' nor node-name='nope'"},
        {{"driver=blkreplay,if=none,image=r,id=r"}, "is part of itself"},
        {{"file=@/a.raw,format=raw,index=1", "file=@/b.qcow2,index=1"}, "(index=1) exists"},
        {{"file=@/a.raw,format=raw,if=none,id=virtio0", "file=@/b.qcow2"},
         "Duplicate ID 'virtio0' for drive"},
        {{"file=@/b.qcow2,id=p", "file=@/b.qcow2,id=q"}, "Failed to get \"write\" lock"},
        {{"file=@/b.qcow2,id=p", "file=@/c.qcow2,id=q"}, "Failed to get shared \"write\" lock"},
        {{"file=@/b.qcow2,id=p", "file=@/b.qcow2,id=q,file.locking=off"}, "drive 'q' uses it too"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(sets); i++) {
        Error err = {""};
        for (const char *const *drive = sets[i].drives; *drive; drive++) {
            add_ok(*drive);
        }
        g_assert_false(open_mode(REPLAY_RECORD, NULL, &err));
        expect_text(err.msg, sets[i].message);
        g_assert_cmpuint(block_drive_count(), ==, 0);
        g_assert_cmpint(g_access(bench_path("log.disk0"), F_OK), !=, 0); // nothing written
        replay_free(replay);
    }
    Error err;
    add_ok("file=x,id=d");
    g_assert_false(add("file=y,id=d", &err));
    expect_text(err.msg, "Duplicate ID 'd' for drive");
    g_assert_true(block_close_all(&err));
}

static void test_places(void)
{
    static const struct {
        const char *drive, *id;
        BlockIf interface;
        unsigned index;
    } rows[] = {
        {"file=@/a.raw,format=raw,readonly=on", "virtio1", BLOCK_IF_VIRTIO, 1},
        {"file=@/b.qcow2,if=virtio,index=0,read-only", "virtio0", BLOCK_IF_VIRTIO, 0},
        {"file=@/a.raw,format=raw,if=ide,snapshot", "ide0-hd0", BLOCK_IF_IDE, 0},
        {"file=@/a.raw,format=raw,if=ide,media=cdrom,bus=1", "ide1-cd0", BLOCK_IF_IDE, 2},
        {"file=@/a.raw,format=raw,if=scsi,readonly", "scsi0-hd0", BLOCK_IF_SCSI, 0},
        {"file=@/a.raw,format=raw,if=none,snapshot=on", "none0", BLOCK_IF_NONE, 0},
        {"file=@/a.raw,format=raw,if=none,snapshot=on,id=my.disk-1", "my.disk-1", BLOCK_IF_NONE, 1},
        {"driver=qcow2,file.driver=file,file.filename=@/b.qcow2,if=none,snapshot=on", "none2",
         BLOCK_IF_NONE, 2},
        {"file=file:@/odd.raw,format=raw,if=none,cache=none,aio=native,werror=report", "none3",
         BLOCK_IF_NONE, 3},
        {"file=@/c.qcow2,if=none,cache=writethrough,discard=unmap", "none4", BLOCK_IF_NONE, 4},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        // b.qcow2 is c.qcow2's backing file, both only read; that is no conflict.
        add_ok(rows[i].drive);
    }
    open_ok();
    g_assert_cmpuint(block_drive_count(), ==, G_N_ELEMENTS(rows));
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        const BlockDrive *drive = block_drive_at(i);
        g_assert_cmpstr(drive->id, ==, rows[i].id);
        g_assert_cmpint(drive->interface, ==, rows[i].interface);
        g_assert_cmpuint(drive->index, ==, rows[i].index);
        g_assert_true(drive_find(drive->id) == drive->drive);
        g_assert_cmpstr(drive_id(drive->drive), ==, drive->id);
    }
    g_assert_true(drive_read_only(block_drive_at(0)->drive) &&
                  drive_read_only(block_drive_at(3)->drive));
    g_assert_false(drive_read_only(block_drive_at(2)->drive));
    g_assert_cmpuint(drive_size_bytes(block_drive_at(8)->drive), ==, 1024);
    g_assert_null(drive_find("none9"));
    g_assert_null(drive_find(NULL));
    close_ok();
}

static void test_blkreplay(void)
{
    add_ok("file=@/c.qcow2,if=none,snapshot,id=img");
    add_ok("driver=blkreplay,if=none,image=img,id=rr");
    add_ok("driver=blkreplay,if=none,image.driver=qcow2,image.file.filename=@/e.qcow2,id=nested");
    add_ok("driver=blkreplay,if=none,image=rr,id=twice");
    open_ok();
    Drive *drive = drive_find("img");
    g_assert_nonnull(drive);
    g_assert_true(drive_find("rr") == drive && drive_find("twice") == drive);
    g_assert_cmpuint(drive_size_bytes(drive_find("nested")), ==, 2 << 20);
    g_assert_true(drive_find("nested") != drive);
    // As far as the log knows there are two drives, with or without blkreplay.
    char *identity = block_identity_json();
    JsonNode *node = json_from_string(identity, NULL);
    JsonArray *drives = json_object_get_array_member(json_node_get_object(node), "drives");
    g_assert_cmpuint(json_array_get_length(drives), ==, 2);
    JsonArray *chain =
        json_object_get_array_member(json_array_get_object_element(drives, 0), "chain");
    g_assert_cmpuint(json_array_get_length(chain), ==, 2);
    json_node_unref(node);
    Error err = {""};
    g_assert_true(block_identity_check(identity, &err));
    close_ok();
    add_ok("file=@/c.qcow2,if=none,snapshot=on,id=img");
    add_ok("file=@/e.qcow2,if=none,id=nested");
    Error same = {""};
    g_assert_true(open_mode(REPLAY_NONE, NULL, &same));
    g_assert_true(block_identity_check(identity, &same));
    close_ok();
    g_free(identity);
}

static void expect_different(const char *drive, const char *identity, const char *message)
{
    Error err = {""};
    add_ok(drive);
    open_ok();
    g_assert_false(block_identity_check(identity, &err));
    expect_text(err.msg, message);
    close_ok();
}

static void test_identity(void)
{
    add_ok("file=@/c.qcow2,if=none,snapshot=on,id=d");
    open_ok();
    char *identity = block_identity_json();
    close_ok();
    expect_different("file=@/c.qcow2,if=none,id=other,snapshot=on", identity,
                     "drive 'other' is given where 'd'");
    expect_different("file=@/c.qcow2,if=none,id=d", identity, "snapshot=off, recorded with on");
    expect_different("file=@/b.qcow2,if=none,id=d,snapshot=on", identity,
                     "2097152 bytes, recorded with 4194304");
    expect_different("file=@/b.qcow2,if=none,id=d,snapshot=on", identity,
                     "2 image files in its chain, now it has 1");
    expect_different("file=@/c.qcow2,if=none,id=d,snapshot=on,format=raw", identity, "chain");
    // The backing file has other contents, and with them other tables.
    Error err = {""};
    Image *image = image_open(bench_path("b.qcow2"), NULL, false, &err);
    g_assert_cmpint(image_write(image, 1 << 20, 5, (const uint8_t *)"hello"), ==, 0);
    g_assert_true(image_close(image, &err));
    expect_different("file=@/c.qcow2,if=none,id=d,snapshot=on", identity,
                     "b.qcow2' is another image than the one");
    expect_different("file=@/c.qcow2,if=none,id=d,snapshot=on", "{\"drives\": []}",
                     "recorded with 0 drives, now there are 1");
    expect_different("file=@/c.qcow2,if=none,id=d,snapshot=on", "{]", "says nothing about drives");
    expect_different("file=@/c.qcow2,if=none,id=d,snapshot=on", "{\"drives\": [3]}",
                     "is given where");
    g_free(identity);
}

static void test_undo(void)
{
    // Recorded with a writable disk; in replay its undo file must be there, and is found through
    // the identity.
    Error err = {""};
    add_ok("file=@/a.raw,format=raw,if=none,readonly,id=r");
    add_ok("file=@/odd.raw,format=raw,if=none,id=w");
    g_assert_true(open_mode(REPLAY_RECORD, NULL, &err));
    g_assert_cmpint(g_access(bench_path("log.disk0"), F_OK), !=, 0);
    g_assert_true(block_record_begin(&err));
    g_assert_cmpint(g_access(bench_path("log.disk0"), F_OK), ==, 0);
    char *identity = block_identity_json();
    close_ok();
    char *outer = g_strdup_printf("{\"argv\": [], \"images\": %s}", identity);
    const char *texts[] = {identity, outer};
    for (unsigned i = 0; i < 2; i++) {
        add_ok("file=@/a.raw,format=raw,if=none,readonly,id=r");
        add_ok("file=@/odd.raw,format=raw,if=none,id=w");
        g_assert_true(open_mode(REPLAY_PLAY, texts[i], &err));
        if (!block_identity_check(texts[i], &err)) {
            g_error("%s", err.msg);
        }
        close_ok();
    }
    g_assert_cmpint(g_unlink(bench_path("log.disk0")), ==, 0);
    add_ok("file=@/a.raw,format=raw,if=none,readonly,id=r");
    add_ok("file=@/odd.raw,format=raw,if=none,id=w");
    g_assert_false(open_mode(REPLAY_PLAY, outer, &err));
    expect_text(err.msg, "log.disk0', which holds what the recording changed in");
    replay_free(replay);
    g_free(outer);
    g_free(identity);
}

static void test_info(void)
{
    add_ok("file=@/c.qcow2,if=none,snapshot,id=img");
    add_ok("file=@/a.raw,format=raw,if=virtio,readonly");
    open_ok();
    char *text = block_info_text(NULL, false, false);
    expect_text(text, "c.qcow2 (qcow2)\n");
    expect_text(text, "    Backing file:     b.qcow2 (chain depth: 1)\n");
    expect_text(text, "    Writes go to:     a temporary overlay\n");
    expect_text(text, "virtio0 (#block");
    expect_text(text, "a.raw (raw, read-only)\n");
    g_free(text);
    char *json = block_info_json();
    JsonNode *node = json_from_string(json, NULL);
    JsonObject *first = json_array_get_object_element(json_node_get_array(node), 0);
    g_assert_cmpstr(json_object_get_string_member(first, "device"), ==, "img");
    JsonObject *inserted = json_object_get_object_member(first, "inserted");
    g_assert_cmpstr(json_object_get_string_member(inserted, "drv"), ==, "qcow2");
    JsonObject *image = json_object_get_object_member(inserted, "image");
    g_assert_cmpint(json_object_get_int_member(image, "virtual-size"), ==, 4 << 20);
    g_assert_cmpint(json_object_get_int_member(image, "cluster-size"), ==, 65536);
    json_node_unref(node);
    g_free(json);
    close_ok();
}

static bool blockdev(const char *node, Error *err)
{
    char *dir = g_path_get_dirname(bench_path("x"));
    char **parts = g_strsplit(node, "@", -1);
    char *text = g_strjoinv(dir, parts);
    bool ok = block_blockdev_add(text, err);
    g_free(text);
    g_strfreev(parts);
    g_free(dir);
    return ok;
}

static void blockdev_ok(const char *node)
{
    Error err = {""};
    if (!blockdev(node, &err)) {
        g_error("%s", err.msg);
    }
}

static void test_blockdev_refused(void)
{
    static const struct {
        const char *node, *message;
    } forms[] = {
        {"bogus,node-name=x", "Parameter 'driver' does not accept value 'bogus'"},
        {"driver=qcow2", "Parameter 'file' is missing"},
        {"file,node-name=x", "Parameter 'filename' is missing"},
        {"driver=file,filename=a", "'node-name' must be specified for the root node"},
        {"node-name=x,file=y,driver=raw,bogus=1", "Parameter 'bogus' is unexpected"},
        {"raw,node-name=1x,file=y", "Invalid node-name: '1x'"},
        {"raw,node-name=x,file=y,file.driver=file", "can't both be given"},
        {"raw,node-name=x,file=y,offset=many", "offset"},
        {"raw,node-name=x,file=y,discard=maybe", "Invalid discard option"},
        {"raw,node-name=x,file=y,detect-zeroes=unmap", "without setting discard operation to unmap"},
        {"file,node-name=x,filename=y,locking=maybe", "Parameter 'locking' does not accept"},
        {"{\"driver\": \"raw\", \"node-name\": \"x\", \"read-only\": \"on\", \"file\": \"y\"}",
         "Invalid parameter type for 'read-only', expected: boolean"},
        {"{\"driver\": 7}", "Invalid parameter type for 'driver', expected: string"},
        {"{\"driver\": \"raw\"", "expected"},
        {"{\"driver\": \"raw\", \"node-name\": \"x\", \"file\": 7}", "a node must be"},
        {"{\"node-name\": \"x\", \"file\": \"y\"}", "Parameter 'driver' is missing"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(forms); i++) {
        Error err = {""};
        g_assert_false(blockdev(forms[i].node, &err));
        expect_text(err.msg, forms[i].message);
        expect_text(err.msg, "-blockdev ");
    }
    static const struct {
        const char *nodes[3], *message;
    } sets[] = {
        {{"raw,node-name=x,file=nope"}, "Cannot find device='nope' nor node-name='nope'"},
        {{"raw,node-name=x,file=y", "raw,node-name=y,file=x"}, "is part of itself"},
        {{"blkreplay,node-name=x,image=y", "blkreplay,node-name=y,image=x"}, "is part of itself"},
        {{"qcow2,node-name=x,file.driver=file,file.filename=@/b.qcow2,backing=x"}, "is part of itself"},
        {{"qcow2,node-name=x,file.driver=null-co"}, "Image is not in qcow2 format"},
        {{"raw,node-name=x,file.driver=file,file.filename=@/a.raw,file.read-only=on"},
         "Block node is read-only"},
        {{"raw,node-name=x,file.driver=file,file.filename=@/a.raw,offset=1M,size=512"},
         "the file has only 1048576 bytes"},
        {{"file,node-name=x,filename=@/a.raw,aio=native"}, "requires cache.direct=on"},
        {{"file,node-name=x,filename=@/a.raw", "raw,node-name=y,file.driver=null-co,file.node-name=x"},
         "Duplicate nodes with node-name='x'"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(sets); i++) {
        Error err = {""};
        for (const char *const *node = sets[i].nodes; *node; node++) {
            blockdev_ok(*node);
        }
        if (open_mode(REPLAY_RECORD, NULL, &err)) {
            g_error("accepted, no '%s'", sets[i].message);
        }
        expect_text(err.msg, sets[i].message);
        g_assert_cmpuint(block_drive_count(), ==, 0);
        replay_free(replay);
    }
}

static void test_blockdev(void)
{
    static const struct {
        const char *nodes[4], *drive, *format;
        uint64_t size;
        bool read_only;
    } cases[] = {
        {{"file,filename=@/a.raw,node-name=d"}, "d", "raw", 1 << 20, false},
        {{"driver=qcow2,node-name=d,file.driver=file,file.filename=@/c.qcow2,read-only=on"}, "d", "qcow2", 4 << 20, true},
        {{"file,filename=@/c.qcow2,node-name=f", "qcow2,file=f,node-name=d,discard=unmap"}, "d", "qcow2", 4 << 20, false},
        // As libvirt writes it: the children first, and the chain by hand.
        {{"{\"driver\":\"file\",\"filename\":\"@/c.qcow2\",\"node-name\":\"s1\",\"cache\":{\"direct\":true,\"no-flush\":false},\"auto-read-only\":true,\"discard\":\"unmap\"}",
          "{\"node-name\":\"d\",\"read-only\":false,\"driver\":\"qcow2\",\"file\":\"s1\",\"backing\":\"base\"}",
          "{\"driver\":\"raw\",\"node-name\":\"base\",\"file\":{\"driver\":\"file\",\"filename\":\"@/a.raw\"}}"},
         "d", "qcow2", 4 << 20, false},
        {{"qcow2,node-name=d,file.driver=file,file.filename=@/c.qcow2,backing="}, "d", "qcow2", 4 << 20, false},
        {{"null-co,node-name=d,size=64M"}, "d", "null-co", 64 << 20, false},
        {{"raw,node-name=d,file.driver=null-aio,file.size=4096"}, "d", "null-co", 4096, false},
        {{"raw,node-name=d,file.driver=file,file.filename=@/a.raw,offset=512,size=64k"}, "d", "raw", 65536, false},
        {{"qcow2,node-name=q,file.driver=file,file.filename=@/e.qcow2", "blkreplay,image=q,node-name=d"}, "d", "qcow2", 2 << 20, false},
        {{"driver=blkreplay,node-name=d,image.driver=qcow2,image.file.driver=file,image.file.filename=@/e.qcow2"}, "d", "qcow2", 2 << 20, false},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (unsigned k = 0; k < 4 && cases[i].nodes[k]; k++) {
            blockdev_ok(cases[i].nodes[k]);
        }
        open_ok();
        Drive *drive = drive_find(cases[i].drive);
        g_assert_nonnull(drive);
        g_assert_cmpuint(drive_size_bytes(drive), ==, cases[i].size);
        g_assert_cmpuint(drive_read_only(drive), ==, cases[i].read_only);
        char *info = block_info_text(cases[i].drive, false, true);
        expect_text(info, cases[i].format);
        g_free(info);
        g_assert_null(drive_find("s1")); // a child is no disk
        close_ok();
    }
}

// json: names, and short forms of -drive that hide a tree.
static void test_pseudo(void)
{
    static const struct {
        const char *drive, *format;
    } cases[] = {
        {"if=none,id=d,file=json:{\"driver\":\"qcow2\",,\"file\":{\"driver\":\"file\",,\"filename\":\"@/e.qcow2\"}}", "(qcow2)"},
        {"if=none,id=d,file=json:{\"file\":{\"driver\":\"file\",,\"filename\":\"@/e.qcow2\"}}", "(qcow2)"},
        {"if=none,id=d,format=raw,file=json:{\"driver\":\"file\",,\"filename\":\"@/e.qcow2\"},read-only=on", "(raw, read-only)"},
        {"if=none,id=d,file=null-co://,format=raw", "null-co"},
        {"if=none,id=d,driver=null-co,size=1M", "null-co"},
        {"if=none,id=d,file=@/e.qcow2,file.locking=off,node-name=n", "(qcow2)"},
        {"if=none,id=d,driver=blkreplay,image.filename=@/e.qcow2", "(qcow2)"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        add_ok(cases[i].drive);
        open_ok();
        char *info = block_info_text("d", false, false);
        expect_text(info, cases[i].format);
        g_free(info);
        g_assert_true((drive_find("n") == drive_find("d")) == (strstr(cases[i].drive, "=n") && i == 5));
        close_ok();
    }
    Error err = {""};
    g_assert_false(add("file=json:{,if=none", &err));
    expect_text(err.msg, "Could not parse the JSON options");
    bench_do("qemu-img create -q -f qcow2 -F raw -u -b json:{\"driver\":\"null-co\",\"size\":4096} j.qcow2 1M");
    add_ok("file=@/j.qcow2,if=none,id=d");
    open_ok();
    close_ok();
}

// Other programs see our locks, and we see theirs.
static void test_locks(void)
{
    Error err = {""};
    char *text;
    add_ok("file=@/e.qcow2,if=none,id=w");
    add_ok("file=@/b.qcow2,if=none,id=r,readonly=on");
    open_ok();
    g_assert_cmpint(bench_run(&text, "qemu-io -c quit e.qcow2"), !=, 0);
    expect_text(text, "Failed to get");
    g_free(text);
    g_assert_cmpint(bench_run(&text, "qemu-img info e.qcow2"), !=, 0);
    expect_text(text, "Failed to get shared \"write\" lock");
    g_free(text);
    g_assert_cmpint(bench_run(&text, "qemu-io -c quit b.qcow2"), !=, 0);
    expect_text(text, "Failed to get \"write\" lock");
    g_free(text);
    bench_do("qemu-img info b.qcow2");
    close_ok();
    bench_do("qemu-io -c quit e.qcow2");
    // The peer holds it; it says so when it has it.
    int in, out;
    GPid pid;
    const char *argv[] = {"qemu-io", bench_path("e.qcow2"), NULL};
    g_assert_true(g_spawn_async_with_pipes(NULL, (char **)(void *)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                           NULL, &pid, &in, &out, NULL, NULL));
    g_assert_cmpint(write(in, "length\n", 7), ==, 7);
    char byte;
    g_assert_cmpint(read(out, &byte, 1), ==, 1);
    while (byte != '2') {
        g_assert_cmpint(read(out, &byte, 1), ==, 1); // "2 MiB"
    }
    add_ok("file=@/e.qcow2,if=none,id=w");
    g_assert_false(open_mode(REPLAY_NONE, NULL, &err));
    expect_text(err.msg, "Failed to get \"write\" lock\nIs another process using the image [");
    replay_free(replay);
    add_ok("file=@/e.qcow2,if=none,id=w,snapshot=on");
    g_assert_false(open_mode(REPLAY_NONE, NULL, &err));
    expect_text(err.msg, "Failed to get shared \"write\" lock");
    replay_free(replay);
    add_ok("file=@/e.qcow2,if=none,id=w,snapshot=on,file.locking=off");
    open_ok();
    close_ok();
    close(in);
    close(out);
    int status;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
}

static JsonObject *json_object(const char *text)
{
    JsonNode *node = json_from_string(text, NULL);
    JsonObject *object = json_object_ref(json_node_get_object(node));
    json_node_unref(node);
    return object;
}

static void node_add(const char *format, const char *file, const char *message)
{
    Error err = {""};
    char *text = g_strdup_printf(format, file);
    JsonObject *object = json_object(text);
    bool ok = block_node_add(object, &err);
    if (ok != !message) {
        g_error("%s", err.msg);
    }
    if (message) {
        expect_text(err.msg, message);
    }
    json_object_unref(object);
    g_free(text);
}

static void test_changes(void)
{
    Error err = {""};
    const char *file = bench_path("e.qcow2");
    add_ok("file=@/a.raw,format=raw,if=none,id=r");
    add_ok("file=@/b.qcow2,if=none,id=s,snapshot=on");
    blockdev_ok("qcow2,node-name=q,file.driver=file,file.filename=@/c.qcow2,backing=");
    open_ok();
    node_add("{\"driver\": \"file\", \"node-name\": \"f\", \"filename\": \"%s\"}", file, NULL);
    node_add("{\"driver\": \"file\", \"node-name\": \"f\", \"filename\": \"%s\"}", file, "Duplicate nodes with node-name='f'");
    node_add("{\"driver\": \"qcow2\", \"node-name\": \"g\", \"file\": \"%s\"}", "nope", "Cannot find device='nope'");
    node_add("{\"driver\": \"qcow2\", \"node-name\": \"g\", \"file\": \"%s\"}", "f", NULL);
    node_add("{\"driver\": \"qcow2\", \"node-name\": \"%s\", \"bogus\": 1}", "h", "'bogus' is unexpected");
    char *nodes = block_nodes_json();
    expect_text(nodes, "\"node-name\":\"f\"");
    expect_text(nodes, "\"node-name\":\"g\"");
    g_free(nodes);
    g_assert_false(block_node_del("f", &err));
    expect_text(err.msg, "Node f is in use");
    g_assert_true(block_node_del("g", &err) && block_node_del("f", &err));
    g_assert_false(block_node_del("f", &err));
    expect_text(err.msg, "Failed to find node with node-name='f'");
    g_assert_false(block_node_del("q", &err));
    expect_text(err.msg, "of the command line");
    static const struct {
        const char *device, *node;
        int64_t size;
        const char *message;
    } sizes[] = {
        {"r", NULL, 3 << 20, NULL},       {"s", NULL, 5 << 20, NULL},
        {NULL, "q", 9 << 20, NULL},       {"r", NULL, 1 << 20, "shrinking"},
        {"r", NULL, 1000, "multiple of 512"}, {"r", NULL, -5, ">0 size"},
        {"z", NULL, 512, "Cannot find device='z'"},
        {NULL, "q", 1ll << 60, "qemu-img resize"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        bool ok = block_resize(sizes[i].device, sizes[i].node, sizes[i].size, &err);
        if (ok != !sizes[i].message) {
            g_error("%u: %s", i, err.msg);
        }
        if (sizes[i].message) {
            expect_text(err.msg, sizes[i].message);
        }
    }
    g_assert_cmpuint(drive_size_bytes(drive_find("q")), ==, 9 << 20);
    g_assert_cmpuint(drive_size_bytes(drive_find("s")), ==, 5 << 20);
    g_assert_false(block_eject("r", "ejected", &err));
    expect_text(err.msg, "Device 'r' is not removable");
    close_ok();
    bench_do("qemu-img check -q c.qcow2");
    expect_text((bench_run(&nodes, "qemu-img info c.qcow2"), nodes), "9437184 bytes");
    g_free(nodes);
    expect_text((bench_run(&nodes, "qemu-img info b.qcow2"), nodes), "2097152 bytes");
    g_free(nodes);
    add_ok("file=@/a.raw,format=raw,if=none,id=r");
    g_assert_true(open_mode(REPLAY_RECORD, NULL, &err));
    g_assert_false(block_resize("r", NULL, 4 << 20, &err));
    expect_text(err.msg, "isn't possible while recording or replaying");
    close_ok();
    bench_do("truncate -s 1M a.raw");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    make_disks();
    g_test_add_func("/config/refused", test_refused);
    g_test_add_func("/config/places", test_places);
    g_test_add_func("/config/blkreplay", test_blkreplay);
    g_test_add_func("/config/info", test_info);
    g_test_add_func("/config/undo", test_undo);
    g_test_add_func("/config/identity", test_identity);
    g_test_add_func("/config/blockdev", test_blockdev);
    g_test_add_func("/config/blockdev-refused", test_blockdev_refused);
    g_test_add_func("/config/pseudo", test_pseudo);
    g_test_add_func("/config/locks", test_locks);
    g_test_add_func("/config/changes", test_changes);
    int rc = g_test_run();
    bench_clean();
    return rc;
}
