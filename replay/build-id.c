// SPDX-License-Identifier: GPL-2.0-or-later
// The program's build id, from the note that the linker puts into ELF files (NT_GNU_BUILD_ID), and
// UUIDs (RFC 4122, version 4).
//
// The build id tells which binary made a log, to the commit and the compiler's flags; replaying
// needs only the machine model version.
#include "replay/build-id.h"

#include <elf.h>
#include <glib.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { BUILD_ID_TEXT_BYTES = 48 };

// Notes are (name length, contents length, type, name, contents), each of the last two padded to 4
// bytes.
static bool note_find(const uint8_t *at, size_t len, char *out)
{
    while (len >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, at, sizeof(note));
        size_t name = (note.n_namesz + 3u) & ~3u, desc = (note.n_descsz + 3u) & ~3u;
        if (name + desc > len - sizeof(note)) {
            return false;
        }
        const uint8_t *contents = at + sizeof(note) + name;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(at + sizeof(note), "GNU", 4) == 0 && note.n_descsz * 2 < BUILD_ID_TEXT_BYTES) {
            for (size_t i = 0; i < note.n_descsz; i++) {
                snprintf(out + 2 * i, 3, "%02x", contents[i]);
            }
            return true;
        }
        at = contents + desc;
        len -= sizeof(note) + name + desc;
    }
    return false;
}

// The first object is the program itself.
static int object_visit(struct dl_phdr_info *object, size_t size, void *out)
{
    (void)size;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type == PT_NOTE &&
            note_find((const uint8_t *)(object->dlpi_addr + segment->p_vaddr), segment->p_memsz,
                      out)) {
            break;
        }
    }
    return 1;
}

void build_id_get(char out[48])
{
    memset(out, 0, BUILD_ID_TEXT_BYTES);
    dl_iterate_phdr(object_visit, out);
    if (!out[0]) {
        snprintf(out, BUILD_ID_TEXT_BYTES, "version %s", BACKSTEP_VERSION);
    }
}

void uuid_new(uint8_t out[16])
{
    char *text = g_uuid_string_random();
    size_t n = 0;
    for (const char *p = text; *p && n < 16; p++) {
        if (*p != '-') {
            out[n++] = (uint8_t)(g_ascii_xdigit_value(p[0]) << 4 | g_ascii_xdigit_value(p[1]));
            p++;
        }
    }
    g_free(text);
}

void uuid_text(const uint8_t uuid[16], char out[40])
{
    char *at = out;
    for (size_t i = 0; i < 16; i++) {
        at += snprintf(at, 4, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid[i]);
    }
}
