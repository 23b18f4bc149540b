#pragma once
#include "net/net.h"
typedef struct NetNic { const char *model, *netdev_id, *mac; } NetNic;
bool net_netdev_add(const char *o, Error *err);
bool net_nic_add(const char *o, Error *err);
bool net_net_add(const char *o, Error *err);
bool net_object_add(const char *o, Error *err);
unsigned net_nic_count(void);
const NetNic *net_nic_at(unsigned i);
bool net_open_all(Machine *m, ReplayMode mode, Error *err);
