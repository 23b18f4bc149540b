#include "net/net-host.h"
#include "monitor/monitor.h"
#include "net/net.h"
bool net_netdev_add(const char *o, Error *err) { return fail(err, "no net"); }
bool net_nic_add(const char *o, Error *err) { return true; }
bool net_net_add(const char *o, Error *err) { return true; }
bool net_object_add(const char *o, Error *err) { return true; }
unsigned net_nic_count(void) { return 0; }
const NetNic *net_nic_at(unsigned i) { return 0; }
bool net_open_all(Machine *m, ReplayMode mode, Error *err) { return true; }
NetPort *net_port_new(Machine *machine, const char *netdev_id, Device *dev, NetRx *rx, Error *err) { return (NetPort*)1; }
void net_port_send(NetPort *port, const uint8_t *frame, size_t len) {}
void net_port_credit(NetPort *port, size_t frames) {}
