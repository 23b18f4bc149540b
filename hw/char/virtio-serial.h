// SPDX-License-Identifier: GPL-2.0-or-later
// The bus that virtio-serial offers to its ports.
#pragma once
#include "core/device.h"

// The virtio-serial device that a port of this type plugs into, by the name of its bus ("ID.0",
// "virtio-serial-bus.N"; NULL: the first with a free port).
Device *virtio_serial_slot(Machine *machine, const DeviceType *type, const char *bus, Error *err);
