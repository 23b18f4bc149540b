// SPDX-License-Identifier: GPL-2.0-or-later
// What network cards share: default addresses, as QEMU numbers them.
#include "hw/net/nic.h"

#include <string.h>

static const uint8_t *nic_mac(const Device *dev)
{
    for (size_t i = 0; i < dev->type->nprops; i++) {
        if (dev->type->props[i].kind == PROP_MAC) {
            return (const uint8_t *)dev + dev->type->props[i].offset;
        }
    }
    return NULL;
}

static bool mac_taken(const Device *dev, const uint8_t mac[6])
{
    for (unsigned i = 0; i < dev->index; i++) {
        const uint8_t *other = nic_mac(dev->machine->devices->pdata[i]);
        if (other && memcmp(other, mac, 6) == 0) {
            return true;
        }
    }
    return false;
}

void nic_default_mac(Device *dev, uint8_t mac[6])
{
    static const uint8_t none[6];
    if (memcmp(mac, none, 6) != 0) {
        return;
    }
    uint8_t candidate[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    while (mac_taken(dev, candidate)) {
        candidate[5]++; // ends: a machine has fewer cards than addresses
    }
    memcpy(mac, candidate, 6);
}
