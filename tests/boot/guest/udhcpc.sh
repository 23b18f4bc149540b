#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# udhcpc.sh: what the guest's DHCP client calls. Sets the leased address, route and name server.
# Not modelled: renewals that change the address.

case $1 in
deconfig) ip link set "$interface" up ;;
bound | renew)
    ip addr add "$ip/${mask:-24}" dev "$interface" 2>/dev/null
    [ -z "$router" ] || ip route add default via "${router%% *}" 2>/dev/null
    : >/etc/resolv.conf
    for server in $dns; do echo "nameserver $server" >>/etc/resolv.conf; done
    ;;
esac
