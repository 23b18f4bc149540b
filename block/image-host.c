// SPDX-License-Identifier: GPL-2.0-or-later
// Images: opening a file with all that it is backed by, and the checked calls into the drivers.
//
// A node's tree is flattened as it is opened: one Image is a format together with the file under
// it. A backing file's name is relative to the folder of the image that names it. Only regular
// files and block devices are opened; a chain has at most 64 images, and none twice.
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
    node_free(image->backing_node);
    node_free(image->own_node);
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

// -1: err, and errno says why.
static int open_file(const char *path, bool read_only, struct stat *st, Error *err)
{
    // O_NONBLOCK: a FIFO must not keep us waiting before we know that it is one.
    int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        int error = errno;
        fail(err, "Could not open '%s': %s", path, strerror(error));
        errno = error;
        return -1;
    }
    if (fstat(fd, st) < 0 || !(S_ISREG(st->st_mode) || S_ISBLK(st->st_mode))) {
        fail(err, "Could not open '%s': it is neither a regular file nor a block device", path);
        close(fd);
        errno = EINVAL;
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

// ---- trees of nodes ----

typedef struct Opening {
    NodeLookup *lookup;
    unsigned depth; // nodes followed, so that references can't go round for ever
    Chain chain;
} Opening;

// What a node stands for: references and blkreplay are followed. NULL: err.
static const NodeSpec *resolve(Opening *opening, const NodeSpec *node, Error *err)
{
    while (node->ref || node->image) {
        const NodeSpec *target =
            node->image ? node->image : opening->lookup ? opening->lookup(node->ref) : NULL;
        if (!target || ++opening->depth > 4 * MAX_DEPTH) {
            fail(err, "Cannot find device='%s' nor node-name='%s'", node->ref ? node->ref : "",
                 node->ref ? node->ref : "");
            return NULL;
        }
        node = target;
    }
    return node;
}

// The file under a node; the node itself if it is the file. NULL: err.
static const NodeSpec *resolve_file(Opening *opening, const NodeSpec *node, Error *err)
{
    if (node_is_protocol(node->driver)) {
        return node;
    }
    const NodeSpec *file = resolve(opening, node->file, err);
    if (file && !node_is_protocol(file->driver)) {
        fail(err, "driver '%s' over driver '%s' is not supported, only over file, host_device, "
                  "null-co and null-aio",
             node->driver ? node->driver : "(guessed)", file->driver ? file->driver : "(guessed)");
        return NULL;
    }
    return file;
}

static Image *open_null(const NodeSpec *node, const NodeSpec *file, bool read_only, Error *err)
{
    if (node->driver && strcmp(node->driver, "qcow2") == 0) {
        fail(err, "Image is not in qcow2 format");
        return NULL;
    }
    Image *image = image_new(&block_null);
    image->node = file;
    image->read_only = read_only;
    if (!block_null.open(image, err)) {
        image_free(image);
        return NULL;
    }
    image->node = node;
    return image;
}

static const BlockDriver *choose_driver(const NodeSpec *node, int fd, bool *probed, Error *err)
{
    const char *format = node_is_protocol(node->driver) ? "raw" : node->driver;
    *probed = !format;
    const BlockDriver *driver = format ? driver_find(format) : driver_probe(fd);
    if (!driver) {
        fail(err, "Unknown driver '%s'", format);
    }
    return driver;
}

static bool open_driver(Image *image, Opening *opening, const NodeSpec *file, const struct stat *st,
                        Error *err)
{
    if (!chain_enter(&opening->chain, image->path, st, err)) {
        return false;
    }
    bool resizes = image->driver == &block_qcow2;
    return (lock_take(image->fd, image->path, !image->read_only, resizes, file->locking, err) &&
            image->driver->open(image, err)) ||
           fail_prefix(err, "Could not open '%s'", image->path);
}

static Image *open_file_node(const NodeSpec *node, const NodeSpec *file, bool read_only,
                             Opening *opening, Error *err)
{
    const char *path = strip_protocol(file->filename, err);
    if (!path) {
        fail_prefix(err, "Could not open '%s'", file->filename);
        return NULL;
    }
    bool fallback = node->auto_read_only == NODE_ON || file->auto_read_only == NODE_ON;
    if (file->read_only == NODE_ON && !read_only && !fallback) {
        fail(err, "Block node is read-only");
        return NULL;
    }
    read_only = read_only || file->read_only == NODE_ON;
    struct stat st;
    int fd = open_file(path, read_only, &st, err);
    if (fd < 0 && fallback && !read_only && (errno == EACCES || errno == EROFS || errno == EPERM)) {
        read_only = true;
        fd = open_file(path, true, &st, err);
    }
    bool probed;
    const BlockDriver *driver = fd >= 0 ? choose_driver(node, fd, &probed, err) : NULL;
    if (!driver) {
        if (fd >= 0) {
            close(fd);
            fail_prefix(err, "Could not open '%s'", path);
        }
        return NULL;
    }
    Image *image = image_new(driver);
    image->path = g_strdup(path);
    image->fd = fd;
    image->read_only = read_only;
    image->probed = probed;
    image->node = node;
    if (!open_driver(image, opening, file, &st, err)) {
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

static Image *open_tree(const NodeSpec *node, bool read_only, Opening *opening, Error *err);

// The backing image that the image itself names; a node is made for it, which the image then owns.
static Image *open_named(Image *image, Opening *opening, Error *err)
{
    char *path = backing_path(image);
    bool pseudo = g_str_has_prefix(path, "json:");
    NodeSpec *node = pseudo ? node_parse_pseudo(path, err) : node_new();
    if (node && !pseudo) {
        node->driver = g_strdup(image->backing_format);
        node->file = node_new();
        node->file->driver = g_strdup("file");
        node->file->filename = g_strdup(path);
    }
    g_free(path);
    Image *backing = node ? open_tree(node, true, opening, err) : NULL;
    image->backing_node = node;
    return backing;
}

static Image *open_tree(const NodeSpec *node, bool read_only, Opening *opening, Error *err)
{
    node = resolve(opening, node, err);
    const NodeSpec *file = node ? resolve_file(opening, node, err) : NULL;
    if (!file) {
        return NULL;
    }
    bool direct = node->direct == NODE_ON || file->direct == NODE_ON;
    if (file->aio == NODE_ON && !direct) {
        fail(err, "aio=native was specified, but it requires cache.direct=on, which was not "
                  "specified.");
        return NULL;
    }
    read_only = read_only || node->read_only == NODE_ON;
    Image *image = node_is_null(file->driver) ? open_null(node, file, read_only, err)
                                              : open_file_node(node, file, read_only, opening, err);
    if (!image || node->no_backing || (!node->backing && !image->backing_name)) {
        return image;
    }
    image->own_backing = node->backing;
    image->backing = node->backing ? open_tree(node->backing, true, opening, err)
                                   : open_named(image, opening, err);
    if (!image->backing) {
        fail_prefix(err, "Could not open backing file of '%s'", image->path);
        image_close(image, NULL);
        return NULL;
    }
    return image;
}

Image *image_open_node(const NodeSpec *node, bool read_only, NodeLookup *lookup, Error *err)
{
    Opening opening = {.lookup = lookup};
    return open_tree(node, read_only, &opening, err);
}

Image *image_open(const char *path, const char *format, bool read_only, Error *err)
{
    NodeSpec *node = node_new();
    node->driver = g_strdup(format);
    node->file = node_new();
    node->file->driver = g_strdup("file");
    node->file->filename = g_strdup(path);
    Image *image = image_open_node(node, read_only, NULL, err);
    if (image) {
        image->own_node = node;
    } else {
        node_free(node);
    }
    return image;
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

int image_resize(Image *image, uint64_t size_bytes)
{
    uint64_t old = image->size_bytes;
    if (!image->driver->resize || size_bytes < old) {
        return -ENOTSUP;
    }
    int result = image->driver->resize(image, size_bytes);
    if (result == 0) {
        image->size_bytes = size_bytes;
        // A backing image that is longer than the disk was must not show.
        bool shows = image->backing && image->backing->size_bytes > old && !image->read_only;
        result = shows ? image_zero(image, old, size_bytes - old, true) : 0;
    }
    return result;
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
