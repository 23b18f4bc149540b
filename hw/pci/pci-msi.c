// SPDX-License-Identifier: GPL-2.0-or-later
// Message-signalled interrupts: MSI and MSI-X.
//
// Spec: PCI Local Bus 3.0, section 6.8. A message is a write of 32 bits by the function, so bus
// mastering must be on. It reaches RAM, or what the host bridge knows as an interrupt controller;
// one that would reach another device's register is dropped, or two devices could keep each other
// busy for ever within one instruction. What was masked is sent when it is unmasked.
#include "hw/pci/pci.h"

#include <assert.h>

enum { // MSI with 64-bit address and masking, 6.8.1
    MSI_CONTROL = 2, MSI_ADDRESS = 4, MSI_DATA = 12, MSI_MASK = 16, MSI_PENDING = 20, MSI_BYTES = 24,
    MSI_ENABLE = 0x01, MSI_64 = 0x80, MSI_MASKING = 0x100,
};
enum { // MSI-X, 6.8.2
    MSIX_CONTROL = 2, MSIX_TABLE = 4, MSIX_PBA = 8, MSIX_BYTES = 12,
    MSIX_ENABLE = 0x8000, MSIX_FUNCTION_MASK = 0x4000,
    VECTOR_BYTES = 16, VECTOR_MASKED = 1,
};

static void send(PciDevice *pci, uint64_t gpa, uint32_t value)
{
    const PciBus *bus = pci->bus;
    while (bus->bridge) {
        bus = bus->bridge->bus;
    }
    const PciHost *host = bus->owner->type->provides;
    if (host->message && host->message(bus->owner, gpa, value)) {
        return;
    }
    uint32_t bytes = GUINT32_TO_LE(value);
    if (!dma_write(pci->dev.machine, gpa, &bytes, 4)) {
        guest_error(&pci->dev, "interrupt message to 0x%llx, where nothing takes it",
                    (unsigned long long)gpa);
    }
}

// ---- MSI ----

void pci_msi_init(PciDevice *pci, unsigned vectors)
{
    assert(vectors >= 1 && vectors <= 32 && (vectors & (vectors - 1)) == 0);
    unsigned log = (unsigned)__builtin_ctz(vectors);
    unsigned at = pci_add_capability(pci, PCI_CAP_MSI, MSI_BYTES);
    pci->msi = (uint8_t)at;
    pci_initial(pci, at + MSI_CONTROL, 2, MSI_64 | MSI_MASKING | log << 1);
    pci_writable(pci, at + MSI_CONTROL, 2, MSI_ENABLE | 0x70);
    pci_writable(pci, at + MSI_ADDRESS, 4, ~3u);
    pci_writable(pci, at + MSI_ADDRESS + 4, 4, UINT32_MAX);
    pci_writable(pci, at + MSI_DATA, 2, 0xffff);
    pci_writable(pci, at + MSI_MASK, 4, UINT32_MAX >> (32 - vectors));
}

bool pci_msi_enabled(const PciDevice *pci)
{
    return pci->msi && (pci->p->config[pci->msi + MSI_CONTROL] & MSI_ENABLE);
}

// Software may have granted fewer vectors than there are: their numbers wrap.
static void msi_send(PciDevice *pci, unsigned vector)
{
    uint32_t control = pci_get(pci, pci->msi + MSI_CONTROL, 2);
    unsigned granted = 1u << MIN(control >> 4 & 7, control >> 1 & 7);
    uint64_t gpa = pci_get(pci, pci->msi + MSI_ADDRESS, 4) |
                   (uint64_t)pci_get(pci, pci->msi + MSI_ADDRESS + 4, 4) << 32;
    uint32_t message = pci_get(pci, pci->msi + MSI_DATA, 2);
    send(pci, gpa, (message & ~(granted - 1)) | (vector & (granted - 1)));
}

void pci_msi_notify(PciDevice *pci, unsigned vector)
{
    assert(vector < 32);
    if (pci_msi_enabled(pci)) {
        uint32_t pending = pci_get(pci, pci->msi + MSI_PENDING, 4);
        pci_put(pci, pci->msi + MSI_PENDING, 4, pending | 1u << vector);
        pci_msi_update(pci);
    }
}

static void msi_update(PciDevice *pci)
{
    uint32_t pending = pci_get(pci, pci->msi + MSI_PENDING, 4);
    uint32_t due = pending & ~pci_get(pci, pci->msi + MSI_MASK, 4);
    pci_put(pci, pci->msi + MSI_PENDING, 4, pending & ~due);
    for (unsigned vector = 0; vector < 32; vector++) {
        if (due >> vector & 1) {
            msi_send(pci, vector);
        }
    }
}

// ---- MSI-X ----

bool pci_msix_init(PciDevice *pci, unsigned vectors, unsigned bar, uint32_t pba, Error *err)
{
    if (vectors < 1 || vectors > PCI_MSIX_MAX) {
        return fail(err, "%u MSI-X vectors: 1 to %d are supported", vectors, PCI_MSIX_MAX);
    }
    unsigned at = pci_add_capability(pci, PCI_CAP_MSIX, MSIX_BYTES);
    pci->msix = (uint8_t)at;
    pci->vectors = (uint16_t)vectors;
    pci_initial(pci, at + MSIX_CONTROL, 2, vectors - 1);
    pci_initial(pci, at + MSIX_TABLE, 4, bar);
    pci_initial(pci, at + MSIX_PBA, 4, pba | bar);
    pci_writable(pci, at + MSIX_CONTROL, 2, MSIX_ENABLE | MSIX_FUNCTION_MASK);
    return true;
}

static uint32_t msix_control(const PciDevice *pci)
{
    return pci->msix ? pci_get(pci, pci->msix + MSIX_CONTROL, 2) : 0;
}

bool pci_msix_enabled(const PciDevice *pci)
{
    return msix_control(pci) & MSIX_ENABLE;
}

static void msix_update(PciDevice *pci)
{
    if ((msix_control(pci) & (MSIX_ENABLE | MSIX_FUNCTION_MASK)) != MSIX_ENABLE) {
        return;
    }
    for (unsigned i = 0; i < pci->vectors; i++) {
        uint64_t *pending = &pci->p->pending[i / 64], bit = UINT64_C(1) << i % 64;
        const PciVector *vector = &pci->p->vector[i];
        if ((*pending & bit) && !(vector->control & VECTOR_MASKED)) {
            *pending &= ~bit;
            send(pci, vector->address_low | (uint64_t)vector->address_high << 32, vector->message);
        }
    }
}

void pci_msix_notify(PciDevice *pci, unsigned vector)
{
    if (vector < pci->vectors && pci_msix_enabled(pci)) {
        pci->p->pending[vector / 64] |= UINT64_C(1) << vector % 64;
        pci_msi_update(pci);
    }
}

uint64_t pci_msix_region_read(PciDevice *pci, uint64_t reg, uint32_t pba)
{
    const PciVector *vector = &pci->p->vector[MIN(reg / VECTOR_BYTES, PCI_MSIX_MAX - 1)];
    if (reg >= pba && (reg - pba) / 8 < PCI_MSIX_MAX / 64) {
        return (uint32_t)(pci->p->pending[(reg - pba) / 8] >> 8 * (reg & 4));
    }
    if (reg / VECTOR_BYTES >= pci->vectors) {
        return 0;
    }
    switch (reg % VECTOR_BYTES) {
    case 0:  return vector->address_low;
    case 4:  return vector->address_high;
    case 8:  return vector->message;
    default: return vector->control;
    }
}

void pci_msix_region_write(PciDevice *pci, uint64_t reg, uint32_t value)
{
    if (reg / VECTOR_BYTES >= pci->vectors) {
        guest_error(&pci->dev, "write beyond the MSI-X table, at 0x%x", (unsigned)reg);
        return;
    }
    PciVector *vector = &pci->p->vector[reg / VECTOR_BYTES];
    switch (reg % VECTOR_BYTES) {
    case 0:  vector->address_low = value & ~3u; break;
    case 4:  vector->address_high = value; break;
    case 8:  vector->message = value; break;
    default: vector->control = value & VECTOR_MASKED; break;
    }
    pci_msi_update(pci);
}

void pci_msi_update(PciDevice *pci)
{
    if ((pci->msi || pci->msix) && pci_masters(pci)) {
        if (pci_msi_enabled(pci)) {
            msi_update(pci);
        }
        msix_update(pci);
    }
}
