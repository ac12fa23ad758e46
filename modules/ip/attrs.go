package ip

import "pinch/internal/py"

// families are the address families that are written, in their order.
var families = []string{"inet", "inet6"}

// debianNames are the options of /etc/network/interfaces behind the names that
// Salt gives them.
var debianNames = map[string]string{
	"dns": "dns-nameservers", "search": "dns-search", "hwaddr": "hwaddress",
	"ipaddr": "address", "ipaddrs": "addresses", "addr": "address", "addrs": "addresses",
}

var tunnelModes = oneOf("gre", "GRE", "ipip", "IPIP", "802.3ad")

var inetAttrs = map[string]validator{
	"proto":   oneOf("bootp", "dhcp", "static", "manual", "loopback", "ppp"),
	"address": ipv4, "addresses": anything, "netmask": netmask4, "broadcast": ipv4, "metric": integer, "gateway": ipv4,
	"pointopoint": ipv4, "hwaddress": mac, "mtu": integer, "scope": oneOf("global", "link", "host"),
	// dhcp and bootp
	"hostname": anything, "leasehours": integer, "leasetime": integer, "vendor": anything, "client": anything,
	"bootfile": anything, "server": ipv4, "hwaddr": mac,
	// tunnels, bonds, ppp
	"mode": tunnelModes, "endpoint": ipv4, "dstaddr": ipv4, "local": ipv4, "ttl": integer,
	"slaves": anything, "provider": anything, "unit": integer, "options": anything,
	// resolvconf, vlan
	"dns-nameservers": words, "dns-search": words, "vlan-raw-device": anything,
	"network": anything, "test": anything, "enable_ipv4": anything, "enable_ipv6": anything,
}

var inet6Attrs = map[string]validator{
	"proto":   exactly("auto", "loopback", "static", "manual", "dhcp", "v4tunnel", "6to4"),
	"address": ipv6, "addresses": anything, "netmask": netmask6, "broadcast": ipv6, "gateway": ipv6, "hwaddress": mac, "mtu": integer,
	"scope":   oneOf("global", "site", "link", "host"),
	"privext": upTo(2), "dhcp": upTo(1), "media": anything, "accept_ra": upTo(2), "autoconf": upTo(1),
	"preferred-lifetime": integer, "dad-attempts": integer, "dad-interval": float, "slaves": anything,
	"mode": tunnelModes, "endpoint": ipv4, "local": ipv4, "ttl": integer,
	"dns-nameservers": words, "dns-search": words, "vlan-raw-device": anything,
	"test": anything, "enable_ipv4": anything, "enable_ipv6": anything,
}

var wirelessAttrs = map[string]validator{
	"wireless-essid": anything, "wireless-mode": anything, "wpa-ap-scan": upTo(2), "wpa-conf": anything, "wpa-driver": anything,
	"wpa-group": anything, "wpa-key-mgmt": anything, "wpa-pairwise": anything, "wpa-psk": anything, "wpa-proto": anything,
	"wpa-roam": anything, "wpa-ssid": anything,
}

// validate looks an option up for an address family; one that it does not have
// is not valid.
func validate(attr string, v py.Value, family string) (bool, py.Value, error) {
	var own map[string]validator
	switch family {
	case "inet":
		own = inetAttrs
	case "inet6":
		own = inet6Attrs
	default:
		return false, v, nil
	}
	f := own[attr]
	if f == nil {
		f = wirelessAttrs[attr]
	}
	if f == nil {
		return false, v, nil
	}
	return f(v)
}

func knownAttr(attr string) bool {
	return wirelessAttrs[attr] != nil || inetAttrs[attr] != nil || inet6Attrs[attr] != nil
}

// ethtoolNames are the options of /etc/network/interfaces that set the device,
// by Salt's names.
var ethtoolNames = map[string]string{
	"speed": "link-speed", "duplex": "link-duplex", "autoneg": "ethernet-autoneg", "ethernet-port": "ethernet-port", "wol": "ethernet-wol",
	"driver-message-level": "driver-message-level", "ethernet-pause-rx": "ethernet-pause-rx", "ethernet-pause-tx": "ethernet-pause-tx",
	"ethernet-pause-autoneg": "ethernet-pause-autoneg",
	"rx":                     "offload-rx", "tx": "offload-tx", "sg": "offload-sg", "tso": "offload-tso", "ufo": "offload-ufo", "gso": "offload-gso",
	"gro": "offload-gro", "lro": "offload-lro",
	"hardware-irq-coalesce-adaptive-rx": "hardware-irq-coalesce-adaptive-rx", "hardware-irq-coalesce-adaptive-tx": "hardware-irq-coalesce-adaptive-tx",
	"hardware-irq-coalesce-rx-usecs": "hardware-irq-coalesce-rx-usecs", "hardware-irq-coalesce-rx-frames": "hardware-irq-coalesce-rx-frames",
	"hardware-dma-ring-rx": "hardware-dma-ring-rx", "hardware-dma-ring-rx-mini": "hardware-dma-ring-rx-mini",
	"hardware-dma-ring-rx-jumbo": "hardware-dma-ring-rx-jumbo", "hardware-dma-ring-tx": "hardware-dma-ring-tx",
}

// isEthtool says whether an option of /etc/network/interfaces is one of ethtoolNames.
func isEthtool(attr string) bool {
	for _, name := range ethtoolNames {
		if name == attr {
			return true
		}
	}
	return false
}

// commands are the options that hold commands, by their names in Salt.
var commands = map[string]string{
	"up": "up_cmds", "pre-up": "pre_up_cmds", "post-up": "post_up_cmds", "down": "down_cmds", "pre-down": "pre_down_cmds", "post-down": "post_down_cmds",
}
