// SPDX-License-Identifier: GPL-2.0-or-later
// Images: opening a file with all that it is backed by, and the checked calls into the drivers.
//
// A backing file's name is relative to the folder of the image that names it. Only regular files
// and block devices are opened; a chain has at most 64 images, and none twice.
#include "block/image.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 64, PROBE_BYTES = 512 };

static const BlockDriver *const drivers[] = {&block_qcow2, &block_raw};

void image_warn(const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    fprintf(stderr, "warning: %s\n", text);
}

Image *image_new(const BlockDriver *driver)
{
    Image *image = g_malloc0(driver->instance_size);
    image->driver = driver;
    image->fd = -1;
    return image;
}

static void image_free(Image *image)
{
    if (image->fd >= 0) {
        close(image->fd);
    }
    g_free(image->path);
    g_free(image->backing_name);
    g_free(image->backing_format);
    g_free(image);
}

bool image_close(Image *image, Error *err)
{
    bool ok = true;
    while (image) {
        Image *backing = image->backing;
        if (image->driver->close && !image->driver->close(image, ok ? err : NULL)) {
            ok = false;
        }
        image_free(image);
        image = backing;
    }
    return ok;
}

static const BlockDriver *driver_find(const char *format)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (strcmp(drivers[i]->format, format) == 0) {
            return drivers[i];
        }
    }
    return NULL;
}

static const BlockDriver *driver_probe(int fd)
{
    uint8_t head[PROBE_BYTES];
    if (file_read(fd, 0, sizeof(head), head) == 0) {
        for (unsigned i = 0; i < G_N_ELEMENTS(drivers); i++) {
            if (drivers[i]->probe && drivers[i]->probe(head, sizeof(head))) {
                return drivers[i];
            }
        }
    }
    return &block_raw;
}

// `file:` is a prefix that means nothing; other `word:` prefixes name protocols that we don't have.
static const char *strip_protocol(const char *path, Error *err)
{
    const char *colon = strchr(path, ':');
    if (!colon || memchr(path, '/', (size_t)(colon - path))) {
        return path;
    }
    if (strncmp(path, "file:", 5) == 0) {
        return path + 5;
    }
    fail(err, "Unknown protocol '%.*s'", (int)(colon - path), path);
    return NULL;
}

static int open_file(const char *path, bool read_only, struct stat *st, Error *err)
{
    // O_NONBLOCK: a FIFO must not keep us waiting before we know that it is one.
    int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        fail(err, "Could not open '%s': %s", path, strerror(errno));
        return -1;
    }
    if (fstat(fd, st) < 0 || !(S_ISREG(st->st_mode) || S_ISBLK(st->st_mode))) {
        fail(err, "Could not open '%s': it is neither a regular file nor a block device", path);
        close(fd);
        return -1;
    }
    return fd;
}

typedef struct Chain {
    unsigned depth;
    struct {
        dev_t dev;
        ino_t ino;
    } seen[MAX_DEPTH];
} Chain;

static bool chain_enter(Chain *chain, const char *path, const struct stat *st, Error *err)
{
    for (unsigned i = 0; i < chain->depth; i++) {
        if (chain->seen[i].dev == st->st_dev && chain->seen[i].ino == st->st_ino) {
            return fail(err, "Could not open '%s': it is its own backing file", path);
        }
    }
    if (chain->depth == MAX_DEPTH) {
        return fail(err, "Could not open '%s': more than %d backing files", path, MAX_DEPTH);
    }
    chain->seen[chain->depth].dev = st->st_dev;
    chain->seen[chain->depth].ino = st->st_ino;
    chain->depth++;
    return true;
}

static Image *open_one(const char *name, const char *format, bool read_only, Chain *chain,
                       Error *err)
{
    const char *path = strip_protocol(name, err);
    if (!path) {
        fail_prefix(err, "Could not open '%s'", name);
        return NULL;
    }
    const BlockDriver *driver = format ? driver_find(format) : NULL;
    if (format && !driver) {
        fail(err, "Could not open '%s': Unknown driver '%s'", path, format);
        return NULL;
    }
    struct stat st;
    int fd = open_file(path, read_only, &st, err);
    if (fd < 0) {
        return NULL;
    }
    if (!chain_enter(chain, path, &st, err)) {
        close(fd);
        return NULL;
    }
    if (!driver) {
        driver = driver_probe(fd);
    }
    Image *image = image_new(driver);
    image->path = g_strdup(path);
    image->fd = fd;
    image->read_only = read_only;
    image->probed = !format;
    if (!driver->open(image, err)) {
        fail_prefix(err, "Could not open '%s'", path);
        image_free(image);
        return NULL;
    }
    return image;
}

static char *backing_path(const Image *image)
{
    const char *name = image->backing_name;
    const char *colon = strchr(name, ':');
    bool protocol = colon && !memchr(name, '/', (size_t)(colon - name));
    if (g_path_is_absolute(name) || protocol) {
        return g_strdup(name);
    }
    char *dir = g_path_get_dirname(image->path);
    char *path = strcmp(dir, ".") == 0 ? g_strdup(name) : g_build_filename(dir, name, NULL);
    g_free(dir);
    return path;
}

Image *image_open(const char *path, const char *format, bool read_only, Error *err)
{
    Chain chain = {0};
    Image *top = open_one(path, format, read_only, &chain, err);
    for (Image *image = top; image && image->backing_name; image = image->backing) {
        char *name = backing_path(image);
        image->backing = open_one(name, image->backing_format, true, &chain, err);
        g_free(name);
        if (!image->backing) {
            fail_prefix(err, "Could not open backing file of '%s'", image->path);
            image_close(top, NULL);
            return NULL;
        }
    }
    return top;
}

static void check_range(const Image *image, uint64_t offset, uint64_t len)
{
    assert(offset <= image->size_bytes && len <= image->size_bytes - offset);
}

int image_read(Image *image, uint64_t offset, uint64_t len, uint8_t *buf)
{
    check_range(image, offset, len);
    return len ? image->driver->read(image, offset, len, buf) : 0;
}

int image_write(Image *image, uint64_t offset, uint64_t len, const uint8_t *buf)
{
    check_range(image, offset, len);
    if (image->read_only) {
        return -EPERM;
    }
    return len ? image->driver->write(image, offset, len, buf) : 0;
}

int image_zero(Image *image, uint64_t offset, uint64_t len, bool unmap)
{
    check_range(image, offset, len);
    if (image->read_only) {
        return -EPERM;
    }
    return len ? image->driver->zero(image, offset, len, unmap) : 0;
}

int image_flush(Image *image)
{
    return image->driver->flush(image);
}

bool image_is_zero(Image *image, uint64_t offset, uint64_t len, uint64_t *run)
{
    check_range(image, offset, len);
    *run = len;
    return len && image->driver->is_zero && image->driver->is_zero(image, offset, len, run);
}

void image_info(Image *image, ImageInfo *info)
{
    struct stat st;
    *info = (ImageInfo){.format = image->driver->format,
                        .path = image->path,
                        .backing = image->backing_name,
                        .size_bytes = image->size_bytes};
    if (image->fd >= 0 && fstat(image->fd, &st) == 0) {
        info->allocated_bytes = (uint64_t)st.st_blocks * 512;
    }
    if (image->driver->info) {
        image->driver->info(image, info);
    }
}

bool image_identity(Image *image, uint64_t *hash, Error *err)
{
    *hash = 0;
    return !image->driver->identity || image->driver->identity(image, hash, err);
}

int image_read_backing(Image *image, uint64_t offset, uint64_t len, uint8_t *buf)
{
    Image *backing = image->backing;
    uint64_t have =
        backing && offset < backing->size_bytes ? MIN(len, backing->size_bytes - offset) : 0;
    int result = have ? image_read(backing, offset, have, buf) : 0;
    memset(buf + have, 0, len - have);
    return result;
}

bool image_backing_is_zero(Image *image, uint64_t offset, uint64_t len, uint64_t *run)
{
    Image *backing = image->backing;
    *run = len;
    if (!backing || offset >= backing->size_bytes) {
        return true;
    }
    return image_is_zero(backing, offset, MIN(len, backing->size_bytes - offset), run);
}
