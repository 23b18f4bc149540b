// SPDX-License-Identifier: GPL-2.0-or-later
// What network cards share.
#pragma once
#include "core/device.h"

enum { NIC_FRAME_MIN = 14, NIC_FRAME_MAX = 1518 }; // bytes: header; header, VLAN tag, 1500

// Fills in the default address if `mac` is all zero: the first of 52:54:00:12:34:56, …:57, … that
// no card created before this one has. Cards are the devices with a property of kind PROP_MAC. From
// `realize`.
void nic_default_mac(Device *dev, uint8_t mac[6]);
