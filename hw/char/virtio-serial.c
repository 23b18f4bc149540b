// SPDX-License-Identifier: GPL-2.0-or-later
// virtio-serial: consoles and serial ports on a virtio transport, and their ports.
//
// Spec: VIRTIO 1.1, section 5.3. Queues: 0 and 1 receive and transmit of port 0, 2 and 3 control,
// then two a port. What comes for a port waits in its FIFO, whose free bytes are its credit, until the
// driver offers buffers; what a driver sends leaves at once. A port with a chardev counts as
// connected at its host's side: whether somebody is there isn't known below the seam.
// Not modelled: console sizes, hot-plugging of ports.
#include "hw/char/virtio-serial.h"

#include <assert.h>
#include <string.h>

#include "chardev/chardev.h"
#include "hw/virtio/virtio.h"

enum { PORTS_MAX = 31, QUEUE_SIZE = 128, FIFO_BYTES = 4096, CONTROL_MAX = 128 };
enum { CONTROL_RXQ = 2, CONTROL_TXQ = 3, CONFIG_BYTES = 12, CONFIG_EMERGENCY = 8 };
enum { // control messages, 5.3.6.2
    DEVICE_READY = 0, PORT_ADD = 1, PORT_READY = 3, CONSOLE_PORT = 4, PORT_OPEN = 6, PORT_NAME = 7,
    MESSAGE_BYTES = 8,
};

#define F_MULTIPORT VIRTIO_F(1)
#define F_EMERG_WRITE VIRTIO_F(2)

typedef struct Port Port;

// A message to the driver that waits for a buffer.
typedef struct Message {
    uint32_t port;
    uint16_t event, value;
} Message;

typedef struct Serial {
    VirtioDevice vdev;
    uint32_t max_ports;
    bool emergency_write;
    char *bus_name;
    Port *port[PORTS_MAX];
    struct SerialState {
        VirtioState v;
        Message messages[CONTROL_MAX]; // oldest first
        uint32_t nmessages;
        uint8_t pad[4];
    } s;
} Serial;

struct Port {
    Device dev;
    char *chardev, *name;
    uint32_t number;     // property nr; UINT32_MAX: the first free one
    Serial *serial;      // NULL: not realized
    CharPort *char_port;
    struct PortState {
        uint8_t fifo[FIFO_BYTES]; // ring
        uint16_t head, count;     // of fifo, bytes
        uint8_t guest_open;       // 0 or 1: the driver said so
        uint8_t pad[3];
    } s;
};

static const Field serial_fields[] = {
    VIRTIO_FIELDS(struct SerialState),
    FIELD_ARRAY(struct SerialState, messages),
    FIELD(struct SerialState, nmessages),
    FIELD(struct SerialState, pad),
};

static const Field port_fields[] = {
    FIELD_ARRAY(struct PortState, fifo), FIELD(struct PortState, head),
    FIELD(struct PortState, count),      FIELD(struct PortState, guest_open),
    FIELD(struct PortState, pad),
};

// ---- queues ----

static unsigned port_rxq(const Port *port)
{
    return port->number ? 2 + 2 * port->number : 0;
}

static Port *port_of_queue(const Serial *serial, unsigned queue)
{
    unsigned number = queue < 2 ? 0 : queue / 2 - 1;
    return number < PORTS_MAX ? serial->port[number] : NULL;
}

static bool is_console(const Port *port)
{
    return strcmp(port->dev.type->name, "virtconsole") == 0;
}

// Without MULTIPORT there is one port, and it is always open.
static bool port_open(const Port *port)
{
    const VirtioDevice *vdev = &port->serial->vdev;
    return is_console(port) || port->s.guest_open || !virtio_has(vdev, F_MULTIPORT);
}

// ---- receiving ----

static void port_update_credit(const Port *port)
{
    bool ready = virtqueue_usable(&port->serial->vdev, port_rxq(port)) && port_open(port);
    char_port_credit(port->char_port, ready ? (size_t)(FIFO_BYTES - port->s.count) : 0);
}

// Moves what the FIFO holds into the driver's buffers.
static void port_flush(Port *port)
{
    VirtioDevice *vdev = &port->serial->vdev;
    unsigned queue = port_rxq(port);
    VirtChain chain;
    for (unsigned n = virtqueue_available(vdev, queue); n > 0 && port->s.count > 0; n--) {
        if (!virtqueue_pop(vdev, queue, &chain)) {
            break;
        }
        uint64_t written = 0;
        while (port->s.count > 0 && written < chain.in_bytes) {
            unsigned run = MIN((unsigned)port->s.count, (unsigned)FIFO_BYTES - port->s.head);
            uint64_t part = chain_write(vdev, &chain, written, port->s.fifo + port->s.head,
                                        MIN(run, chain.in_bytes - written));
            if (part == 0) { // the device broke
                return;
            }
            port->s.head = (uint16_t)((port->s.head + part) % FIFO_BYTES);
            port->s.count = (uint16_t)(port->s.count - part);
            written += part;
        }
        virtqueue_push(vdev, queue, chain.head, (uint32_t)written);
    }
    virtqueue_interrupt(vdev, queue);
    port_update_credit(port);
}

// Bytes beyond the credit, or for a port that nobody reads, are lost, as on a line.
static void port_rx(Device *dev, const uint8_t *buf, size_t len)
{
    Port *port = (Port *)dev;
    if (!virtqueue_usable(&port->serial->vdev, port_rxq(port)) || !port_open(port)) {
        return;
    }
    for (size_t i = 0; i < len && port->s.count < FIFO_BYTES; i++) {
        port->s.fifo[(port->s.head + port->s.count++) % FIFO_BYTES] = buf[i];
    }
    port_flush(port);
}

// ---- transmitting ----

static void port_transmit(Port *port, const VirtChain *chain)
{
    uint8_t buf[PAGE_SIZE];
    for (uint64_t done = 0; done < chain->out_bytes;) {
        uint64_t part = chain_read(&port->serial->vdev, chain, done, buf, sizeof buf);
        if (part == 0) {
            return;
        }
        char_port_write(port->char_port, buf, part);
        done += part;
    }
}

// ---- control ----

// A message, and for PORT_NAME the name after it.
static void message_write(Serial *serial, const VirtChain *chain, const Message *message)
{
    uint8_t bytes[MESSAGE_BYTES + 64];
    uint64_t len = MESSAGE_BYTES;
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(message->port >> 8 * i);
    }
    for (unsigned i = 0; i < 2; i++) {
        bytes[4 + i] = (uint8_t)(message->event >> 8 * i);
        bytes[6 + i] = (uint8_t)(message->value >> 8 * i);
    }
    const Port *port = message->port < PORTS_MAX ? serial->port[message->port] : NULL;
    if (message->event == PORT_NAME && port && port->name) {
        size_t name = MIN(strlen(port->name), sizeof bytes - MESSAGE_BYTES);
        memcpy(bytes + MESSAGE_BYTES, port->name, name);
        len += name;
    }
    uint64_t written = chain_write(&serial->vdev, chain, 0, bytes, MIN(len, chain->in_bytes));
    virtqueue_push(&serial->vdev, CONTROL_RXQ, chain->head, (uint32_t)written);
}

static void messages_flush(Serial *serial)
{
    VirtChain chain;
    uint32_t sent = 0;
    for (unsigned n = virtqueue_available(&serial->vdev, CONTROL_RXQ);
         n > 0 && sent < serial->s.nmessages; n--) {
        if (!virtqueue_pop(&serial->vdev, CONTROL_RXQ, &chain)) {
            break;
        }
        message_write(serial, &chain, &serial->s.messages[sent++]);
    }
    if (sent) {
        serial->s.nmessages -= sent;
        memmove(serial->s.messages, serial->s.messages + sent,
                serial->s.nmessages * sizeof(Message));
        memset(serial->s.messages + serial->s.nmessages, 0, sent * sizeof(Message));
        virtqueue_interrupt(&serial->vdev, CONTROL_RXQ);
    }
}

// More than CONTROL_MAX at once only come of a driver that asks again and again without reading.
static void message_queue(Serial *serial, uint32_t port, uint16_t event, uint16_t value)
{
    if (serial->s.nmessages < CONTROL_MAX) {
        serial->s.messages[serial->s.nmessages++] = (Message){port, event, value};
    } else {
        guest_error(&serial->vdev.dev, "control message lost: the driver doesn't read them");
    }
}

static void port_is_ready(Serial *serial, Port *port)
{
    if (is_console(port)) {
        message_queue(serial, port->number, CONSOLE_PORT, 1);
    }
    if (port->name) {
        message_queue(serial, port->number, PORT_NAME, 1);
    }
    if (port->chardev) {
        message_queue(serial, port->number, PORT_OPEN, 1);
    }
}

static void port_set_open(Port *port, bool open)
{
    port->s.guest_open = open;
    if (!open && !port_open(port)) {
        port->s.head = port->s.count = 0;
    }
    port_update_credit(port);
}

static void control_message(Serial *serial, const uint8_t bytes[MESSAGE_BYTES])
{
    uint32_t number = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                      (uint32_t)bytes[3] << 24;
    unsigned event = bytes[4] | bytes[5] << 8, value = bytes[6] | bytes[7] << 8;
    Port *port = number < PORTS_MAX ? serial->port[number] : NULL;
    if (event == DEVICE_READY) {
        for (unsigned i = 0; value && i < PORTS_MAX; i++) {
            if (serial->port[i]) {
                message_queue(serial, i, PORT_ADD, 1);
            }
        }
    } else if (!port) {
        guest_error(&serial->vdev.dev, "control message %u for port %u", event, number);
    } else if (event == PORT_READY && value) {
        port_is_ready(serial, port);
    } else if (event == PORT_OPEN) {
        port_set_open(port, value);
    }
}

static void serial_notified(VirtioDevice *vdev, unsigned queue)
{
    Serial *serial = (Serial *)vdev;
    Port *port = port_of_queue(serial, queue);
    VirtChain chain;
    if (queue == CONTROL_RXQ) {
        messages_flush(serial);
        return;
    }
    if (queue != CONTROL_TXQ && queue % 2 == 0) {
        if (port) {
            port_flush(port);
        }
        return;
    }
    for (unsigned n = virtqueue_available(vdev, queue); n > 0; n--) {
        if (!virtqueue_pop(vdev, queue, &chain)) {
            break;
        }
        uint8_t bytes[MESSAGE_BYTES];
        if (queue != CONTROL_TXQ && port) {
            port_transmit(port, &chain);
        } else if (queue == CONTROL_TXQ &&
                   chain_read(vdev, &chain, 0, bytes, sizeof bytes) == sizeof bytes) {
            control_message(serial, bytes);
        }
        virtqueue_push(vdev, queue, chain.head, 0);
    }
    virtqueue_interrupt(vdev, queue);
    messages_flush(serial);
}

// ---- the device ----

static uint64_t serial_features(VirtioDevice *vdev)
{
    return F_MULTIPORT | (((const Serial *)vdev)->emergency_write ? F_EMERG_WRITE : 0);
}

// 5.3.4: cols, rows, max_nr_ports, emerg_wr
static void serial_config(VirtioDevice *vdev, uint8_t config[VIRTIO_CONFIG_MAX])
{
    config[4] = (uint8_t)((const Serial *)vdev)->max_ports;
}

// A character for the first console, wherever the driver is in its start: the low byte of emerg_wr.
static void serial_config_write(VirtioDevice *vdev, unsigned offset, uint8_t value)
{
    const Serial *serial = (const Serial *)vdev;
    if (offset < CONFIG_EMERGENCY || !serial->emergency_write) {
        guest_error(&vdev->dev, "configuration written at %u", offset);
    } else if (offset == CONFIG_EMERGENCY && serial->port[0]) {
        char_port_write(serial->port[0]->char_port, &value, 1);
    }
}

static unsigned serial_queues(const VirtioDevice *vdev)
{
    return 2 + 2 * ((const Serial *)vdev)->max_ports;
}

static void serial_reset(VirtioDevice *vdev)
{
    Serial *serial = (Serial *)vdev;
    memset(serial->s.messages, 0, sizeof serial->s.messages);
    serial->s.nmessages = 0;
    for (unsigned i = 0; i < PORTS_MAX; i++) {
        Port *port = serial->port[i];
        if (port) {
            memset(&port->s, 0, sizeof port->s);
            port_update_credit(port);
        }
    }
}

static bool serial_realize(Device *dev, Error *err)
{
    Serial *serial = (Serial *)dev;
    unsigned before = 0;
    if (serial->max_ports < 1 || serial->max_ports > PORTS_MAX) {
        return fail(err, "maximum ports supported: %d", PORTS_MAX);
    }
    for (unsigned i = 0; i < dev->index; i++) {
        before += ((const Device *)dev->machine->devices->pdata[i])->type == dev->type;
    }
    const char *id = dev->id ? dev->id : dev->parent ? dev->parent->id : NULL;
    serial->bus_name = id ? g_strdup_printf("%s.0", id)
                          : g_strdup_printf("virtio-serial-bus.%u", before);
    return virtio_realize(&serial->vdev, err);
}

static void serial_unrealize(Device *dev) { g_free(((Serial *)dev)->bus_name); }

// ---- ports ----

static bool choose_number(Port *port, const Serial *serial, Error *err)
{
    if (port->number == UINT32_MAX) {
        // Port 0 belongs to a console: drivers without MULTIPORT know no other.
        port->number = is_console(port) ? 0 : 1;
        while (port->number < PORTS_MAX && serial->port[port->number]) {
            port->number++;
        }
    }
    if (port->number == 0 && !is_console(port)) {
        return fail(err, "Port number 0 on virtio-serial devices reserved for virtconsole devices "
                         "for backward compatibility.");
    }
    if (port->number >= serial->max_ports) {
        return fail(err, "virtio-serial-bus: Out-of-range port id specified, max. allowed: %u",
                    serial->max_ports - 1);
    }
    if (serial->port[port->number]) {
        return fail(err, "virtio-serial-bus: A port already exists at id %u", port->number);
    }
    return true;
}

static bool port_realize(Device *dev, Error *err)
{
    Port *port = (Port *)dev;
    Serial *serial = (Serial *)dev->parent;
    if (!serial) {
        return fail(err, "%s needs a virtio-serial device to plug into", dev->type->name);
    }
    for (unsigned i = 0; port->name && i < PORTS_MAX; i++) {
        if (serial->port[i] && g_strcmp0(serial->port[i]->name, port->name) == 0) {
            return fail(err, "virtio-serial-bus: A port already exists by name %s", port->name);
        }
    }
    if (!choose_number(port, serial, err)) {
        return false;
    }
    port->char_port = char_port_new(dev->machine, port->chardev, dev, port_rx, err);
    if (!port->char_port) {
        return false;
    }
    port->serial = serial;
    serial->port[port->number] = port;
    return true;
}

static void port_loaded(Device *dev)
{
    if (((Port *)dev)->serial) {
        port_update_credit((Port *)dev);
    }
}

Device *virtio_serial_slot(Machine *machine, const DeviceType *type, const char *bus, Error *err)
{
    for (unsigned i = 0; i < machine->devices->len; i++) {
        Device *dev = machine->devices->pdata[i];
        if (dev->type->offers && !strcmp(dev->type->offers, type->bus) &&
            (!bus || g_strcmp0(((Serial *)dev)->bus_name, bus) == 0)) {
            return dev;
        }
    }
    if (bus) {
        fail(err, "Bus '%s' not found", bus);
    } else {
        fail(err, "No '%s' bus found for device '%s'", type->bus, type->name);
    }
    return NULL;
}

// ---- types ----

static const Prop serial_props[] = {
    {"max_ports", "ports, 1 to 31", PROP_U32, offsetof(Serial, max_ports), "31"},
    {"emergency-write", "a character for the console by configuration space", PROP_BOOL,
     offsetof(Serial, emergency_write), "on"},
};

static const Prop port_props[] = {
    {"chardev", "id of the character device", PROP_CHARDEV, offsetof(Port, chardev), NULL},
    {"name", "name that the guest sees", PROP_STRING, offsetof(Port, name), NULL},
    {"nr", "port number (default: the first free one)", PROP_U32, offsetof(Port, number),
     "4294967295"},
};

static const VirtioClass serial_class = {
    .device_id = 3, .nqueues = VIRTIO_QUEUES_MAX, .queues = serial_queues,
    .queue_size = QUEUE_SIZE, .config_bytes = CONFIG_BYTES,
    .features = serial_features, .config = serial_config, .config_write = serial_config_write,
    .notified = serial_notified, .reset = serial_reset,
};

const DeviceType device_virtio_serial_device = {
    .name = "virtio-serial-device",
    .desc = "virtio serial ports",
    .bus = "virtio",
    .offers = "virtio-serial-bus",
    .instance_size = sizeof(Serial),
    .state_offset = offsetof(Serial, s), .state_size = sizeof(struct SerialState),
    .fields = serial_fields, .nfields = G_N_ELEMENTS(serial_fields),
    .props = serial_props, .nprops = G_N_ELEMENTS(serial_props),
    .realize = serial_realize, .unrealize = serial_unrealize, .reset = virtio_reset,
    .class = &serial_class,
};

#define PORT_TYPE \
    .bus = "virtio-serial-bus", .instance_size = sizeof(Port), \
    .state_offset = offsetof(Port, s), .state_size = sizeof(struct PortState), \
    .fields = port_fields, .nfields = G_N_ELEMENTS(port_fields), \
    .props = port_props, .nprops = G_N_ELEMENTS(port_props), \
    .realize = port_realize, .loaded = port_loaded

const DeviceType device_virtconsole = {
    .name = "virtconsole", .desc = "console on virtio-serial", PORT_TYPE,
};
const DeviceType device_virtserialport = {
    .name = "virtserialport", .desc = "serial port on virtio-serial", PORT_TYPE,
};
