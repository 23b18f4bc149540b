// SPDX-License-Identifier: GPL-2.0-or-later
// The loader: files to bytes. ELF by the System V ABI (chapters 4 and 5), gzip by RFC 1952 (zlib does the work).
//
// Whatever the file holds: no read outside it, no allocation beyond its limits. Not handled: ELF relocation, other containers than gzip.
#include "softmmu/loader.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>

enum { FILE_MAX = 1 << 30, SEGMENTS_MAX = 64 };

static GPtrArray *owned;

static void *own(void *memory)
{
    if (!owned) {
        owned = g_ptr_array_new_with_free_func(g_free);
    }
    g_ptr_array_add(owned, memory);
    return memory;
}

void loader_free_all(void)
{
    if (owned) {
        g_ptr_array_free(owned, TRUE);
        owned = NULL;
    }
}

bool loader_read(const char *what, const char *path, uint8_t **bytes, uint64_t *len, Error *err)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        return fail(err, "could not load %s '%s': %s", what, path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return fail(err, "could not load %s '%s': not a regular file", what, path);
    }
    if (st.st_size > FILE_MAX) {
        return fail(err, "could not load %s '%s': larger than 1 GiB", what, path);
    }
    char *contents;
    gsize size;
    GError *error = NULL;
    if (!g_file_get_contents(path, &contents, &size, &error)) {
        fail(err, "could not load %s '%s': %s", what, path, g_strerror(errno));
        g_error_free(error);
        return false;
    }
    if (size == 0) {
        g_free(contents);
        return fail(err, "could not load %s '%s': the file is empty", what, path);
    }
    *bytes = (uint8_t *)contents;
    *len = size;
    return true;
}

// Replaces *bytes by what they hold unpacked.
static bool gunzip(uint8_t **bytes, uint64_t *len, Error *err)
{
    z_stream z = { .next_in = *bytes, .avail_in = (uInt)*len };
    if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) {
        return fail(err, "no memory to unpack it");
    }
    GByteArray *out = g_byte_array_new();
    uint8_t *chunk = g_malloc(1 << 20);
    int status = Z_OK;
    while (status == Z_OK && out->len < FILE_MAX) {
        z.next_out = chunk;
        z.avail_out = 1 << 20;
        status = inflate(&z, Z_NO_FLUSH);
        g_byte_array_append(out, chunk, (guint)((1 << 20) - z.avail_out));
        if (z.avail_in == 0 && z.avail_out != 0 && status == Z_OK) {
            status = Z_BUF_ERROR;
        }
    }
    inflateEnd(&z);
    g_free(chunk);
    if (status != Z_STREAM_END) {
        g_byte_array_free(out, TRUE);
        return fail(err, "its gzip data are truncated or damaged");
    }
    g_free(*bytes);
    *len = out->len;
    *bytes = g_byte_array_free(out, FALSE);
    return true;
}

// ---- ELF, both classes read into the 64-bit structures ----

static bool elf_header(const uint8_t *bytes, uint64_t len, Elf64_Ehdr *eh, Error *err)
{
    if (bytes[EI_CLASS] == ELFCLASS64 && len >= sizeof(Elf64_Ehdr)) {
        memcpy(eh, bytes, sizeof(*eh));
        return true;
    }
    if (bytes[EI_CLASS] == ELFCLASS32 && len >= sizeof(Elf32_Ehdr)) {
        Elf32_Ehdr e;
        memcpy(&e, bytes, sizeof(e));
        *eh = (Elf64_Ehdr){ .e_entry = e.e_entry, .e_phoff = e.e_phoff, .e_phnum = e.e_phnum, .e_phentsize = e.e_phentsize };
        return true;
    }
    return fail(err, "its ELF header is truncated or of an unknown class");
}

static Elf64_Phdr elf_program_header(const uint8_t *at, bool is32)
{
    Elf64_Phdr ph;
    if (!is32) {
        memcpy(&ph, at, sizeof(ph));
        return ph;
    }
    Elf32_Phdr p;
    memcpy(&p, at, sizeof(p));
    return (Elf64_Phdr){ .p_type = p.p_type, .p_offset = p.p_offset, .p_vaddr = p.p_vaddr, .p_paddr = p.p_paddr,
                         .p_filesz = p.p_filesz, .p_memsz = p.p_memsz };
}

static bool elf_image(const uint8_t *bytes, uint64_t len, unsigned word_bits, BootImage *image, Error *err)
{
    Elf64_Ehdr eh;
    if (!elf_header(bytes, len, &eh, err)) {
        return false;
    }
    bool is32 = bytes[EI_CLASS] == ELFCLASS32;
    size_t want = is32 ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
    if (bytes[EI_DATA] != ELFDATA2LSB) {
        return fail(err, "it is a big-endian ELF file");
    }
    if (is32 != (word_bits == 32)) {
        return fail(err, "it is a %s-bit ELF file", is32 ? "32" : "64");
    }
    if (eh.e_phentsize != want || eh.e_phoff > len || (len - eh.e_phoff) / want < eh.e_phnum) {
        return fail(err, "its ELF program headers lie outside the file");
    }
    BootSegment *segments = own(g_new0(BootSegment, SEGMENTS_MAX));
    bool entry_found = false;
    for (unsigned i = 0; i < eh.e_phnum; i++) {
        Elf64_Phdr ph = elf_program_header(bytes + eh.e_phoff + i * want, is32);
        if (ph.p_type != PT_LOAD || ph.p_memsz == 0) {
            continue;
        }
        if (ph.p_offset > len || len - ph.p_offset < ph.p_filesz || ph.p_memsz < ph.p_filesz) {
            return fail(err, "ELF segment %u lies outside the file", i);
        }
        if (image->nsegments == SEGMENTS_MAX) {
            return fail(err, "it has more than %d ELF segments", SEGMENTS_MAX);
        }
        segments[image->nsegments++] = (BootSegment){ .gpa = ph.p_paddr, .bytes = bytes + ph.p_offset, .len = ph.p_filesz,
                                                      .zero_bytes = ph.p_memsz - ph.p_filesz };
        if (!entry_found && eh.e_entry >= ph.p_vaddr && eh.e_entry - ph.p_vaddr < ph.p_memsz) {
            image->entry = ph.p_paddr + (eh.e_entry - ph.p_vaddr); // CPUs start without translation
            entry_found = true;
        }
    }
    image->segments = segments;
    return image->nsegments ? true : fail(err, "its ELF file has nothing to load");
}

static void flat_image(const uint8_t *bytes, uint64_t len, BootImage *image)
{
    BootSegment *segment = own(g_new0(BootSegment, 1));
    *segment = (BootSegment){ .bytes = bytes, .len = len };
    image->segments = segment;
    image->nsegments = 1;
    image->flat = true;
}

bool loader_file(const char *path, unsigned word_bits, bool raw, BootImage *image, Error *err)
{
    static const uint8_t uimage[4] = { 0x27, 0x05, 0x19, 0x56 };
    uint8_t *bytes;
    uint64_t len;
    if (!loader_read("specified image", path, &bytes, &len, err)) {
        return false;
    }
    *image = (BootImage){ .name = own(g_strdup(path)) };
    own(bytes);
    if (!raw && len >= EI_NIDENT && !memcmp(bytes, ELFMAG, SELFMAG)) {
        return elf_image(bytes, len, word_bits, image, err) || fail_prefix(err, "could not load specified image '%s'", path);
    }
    if (!raw && len >= sizeof(uimage) && !memcmp(bytes, uimage, sizeof(uimage))) {
        return fail(err, "could not load specified image '%s': uImage files are not yet supported", path);
    }
    flat_image(bytes, len, image);
    return true;
}

bool loader_image(const char *what, const char *path, unsigned word_bits, BootImage *image, Error *err)
{
    uint8_t *bytes;
    uint64_t len;
    if (!loader_read(what, path, &bytes, &len, err)) {
        return false;
    }
    *image = (BootImage){ .name = path };
    bool ok = !(len >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b) || gunzip(&bytes, &len, err);
    own(bytes);
    if (ok && len >= EI_NIDENT && !memcmp(bytes, ELFMAG, SELFMAG)) {
        ok = elf_image(bytes, len, word_bits, image, err);
    } else if (ok) {
        flat_image(bytes, len, image);
    }
    return ok ? true : fail_prefix(err, "could not load %s '%s'", what, path);
}

char *loader_find(const char *name, const char *const *dirs)
{
    static const char *const standard[] = { "/usr/share/qemu", "/usr/local/share/qemu", NULL };
    if (g_path_is_absolute(name)) {
        return access(name, R_OK) == 0 ? g_strdup(name) : NULL;
    }
    const char *const *lists[] = { dirs, standard };
    for (unsigned n = 0; n < 2; n++) {
        for (unsigned i = 0; lists[n] && lists[n][i]; i++) {
            char *path = g_build_filename(lists[n][i], name, NULL);
            if (access(path, R_OK) == 0) {
                return path;
            }
            g_free(path);
        }
    }
    return NULL;
}

char *loader_hash(const BootImage *image)
{
    uint64_t hash = image->entry;
    for (size_t i = 0; i < image->nsegments; i++) {
        hash = XXH3_64bits_withSeed(image->segments[i].bytes, image->segments[i].len, hash ^ image->segments[i].gpa);
    }
    return g_strdup_printf("%016" G_GINT64_MODIFIER "x", hash);
}

char *loader_hash_bytes(const uint8_t *bytes, uint64_t len)
{
    return g_strdup_printf("%016" G_GINT64_MODIFIER "x", (uint64_t)XXH3_64bits(bytes, len));
}
