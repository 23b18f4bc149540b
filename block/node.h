// SPDX-License-Identifier: GPL-2.0-or-later
// NodeSpec: what -blockdev, blockdev-add, `json:` names and the nested part of -drive say about one
// node of an image's tree. Host half.
//
//     qcow2 'disk'  -- file -->     file  'd.qcow2'
//                   -- backing -->  raw   -- file --> file 'base.img'
//
// A child is another node's definition, or a reference to a node by its name.
#pragma once
#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdint.h>

#include "util/error.h"

typedef enum NodeChoice { NODE_DEFAULT = -1, NODE_OFF = 0, NODE_ON = 1, NODE_UNMAP = 2 } NodeChoice;

typedef struct NodeSpec NodeSpec;
struct NodeSpec {
    char *ref;      // a reference: nothing else counts
    char *name;     // node-name; NULL: none given
    char *driver;   // NULL: the file is looked at
    char *filename; // of drivers file and host_device
    NodeSpec *file, *backing, *image; // children, owned; image: of blkreplay
    bool no_backing;                  // backing=null
    NodeChoice read_only, auto_read_only, direct, no_flush, discard, detect_zeroes, locking;
    NodeChoice aio;         // 1: native
    NodeChoice read_zeroes; // null-co, null-aio
    bool size_given;
    uint64_t offset, size; // of raw: the part of the file; of null-co: the disk
};

// Options as text have a nested form, "file.driver=raw"; JSON has types. `drive`: the words of
// -drive for what is unknown.
typedef enum NodeSource { NODE_TEXT, NODE_JSON, NODE_DRIVE } NodeSource;

NodeSpec *node_new(void);
void node_free(NodeSpec *node); // NULL is legal
NodeSpec *node_parse(JsonObject *object, NodeSource source, Error *err); // NULL: err
// -blockdev's argument: JSON if it begins with a brace.
NodeSpec *node_parse_text(const char *text, Error *err);
// `json:{…}`, what may stand where a file name does.
NodeSpec *node_parse_pseudo(const char *name, Error *err);
// Puts "a.b.c" = value into nested objects.
bool node_nest(JsonObject *object, const char *key, const char *value, Error *err);
bool node_is_protocol(const char *driver); // file, host_device, null-co, null-aio: no file of its own
bool node_is_null(const char *driver);
bool node_id_ok(const char *name);   // letters, digits, "-._", a letter first
bool node_name_ok(const char *name); // and not too long
