package firewalld

type noArgs struct{}

type permanentArgs struct {
	Permanent bool `arg:"permanent" default:"True" doc:"The permanent settings; else those at work."`
}

type zoneArgs struct {
	Zone      string `arg:"zone" doc:"The zone; the default one when not given."`
	Permanent bool   `arg:"permanent" default:"True" doc:"The permanent settings; else those at work."`
}

type inZoneArgs struct {
	Zone      string `arg:"zone,required" doc:"The zone."`
	Permanent bool   `arg:"permanent" default:"True" doc:"The permanent settings; else those at work."`
}

type newZoneArgs struct {
	Zone    string `arg:"zone,required" doc:"The zone."`
	Restart bool   `arg:"restart" default:"True" doc:"Load the settings anew."`
}

type oneZoneArgs struct {
	Zone string `arg:"zone,required" doc:"The zone."`
}

type newServiceArgs struct {
	Name    string `arg:"name,required" doc:"The service."`
	Restart bool   `arg:"restart" default:"True" doc:"Load the settings anew."`
}

type serviceInZoneArgs struct {
	Service   string `arg:"service,required" doc:"The service."`
	Zone      string `arg:"zone" doc:"The zone; the default one when not given."`
	Permanent bool   `arg:"permanent" default:"True" doc:"The permanent settings; else those at work."`
}

type serviceArgs struct {
	Service string `arg:"service,required" doc:"The service."`
}

type servicePortArgs struct {
	Service string `arg:"service,required" doc:"The service."`
	Port    string `arg:"port,required" doc:"The port, such as 22/tcp."`
}

type serviceProtocolArgs struct {
	Service  string `arg:"service,required" doc:"The service."`
	Protocol string `arg:"protocol,required" doc:"The protocol, such as ipv6."`
}

type addPortArgs struct {
	Zone       string `arg:"zone,required" doc:"The zone."`
	Port       string `arg:"port,required" doc:"The port, such as 22/tcp."`
	Permanent  bool   `arg:"permanent" default:"True" doc:"The permanent settings; else those at work."`
	Masquerade bool   `arg:"force_masquerade" default:"False" doc:"Make the zone masquerade too."`
}

type portArgs struct {
	Zone      string `arg:"zone,required" doc:"The zone."`
	Port      string `arg:"port,required" doc:"The port, such as 22/tcp."`
	Permanent bool   `arg:"permanent" default:"True" doc:"The permanent settings; else those at work."`
}

type addForwardArgs struct {
	Zone       string `arg:"zone,required" doc:"The zone."`
	Src        string `arg:"src,required" doc:"The port here."`
	Dest       string `arg:"dest,required" doc:"The port there."`
	Proto      string `arg:"proto" default:"tcp" doc:"tcp or udp."`
	Addr       string `arg:"dstaddr" default:"''" doc:"The address to go to; this host when not given."`
	Permanent  bool   `arg:"permanent" default:"True" doc:"The permanent settings; else those at work."`
	Masquerade bool   `arg:"force_masquerade" default:"False" doc:"Make the zone masquerade too."`
}

type forwardArgs struct {
	Zone      string `arg:"zone,required" doc:"The zone."`
	Src       string `arg:"src,required" doc:"The port here."`
	Dest      string `arg:"dest,required" doc:"The port there."`
	Proto     string `arg:"proto" default:"tcp" doc:"tcp or udp."`
	Addr      string `arg:"dstaddr" default:"''" doc:"The address to go to; this host when not given."`
	Permanent bool   `arg:"permanent" default:"True" doc:"The permanent settings; else those at work."`
}

type icmpArgs struct {
	Zone      string `arg:"zone,required" doc:"The zone."`
	ICMP      string `arg:"icmp,required" doc:"The ICMP type, such as echo-reply."`
	Permanent bool   `arg:"permanent" default:"True" doc:"The permanent settings; else those at work."`
}

type interfaceArgs struct {
	Zone      string `arg:"zone,required" doc:"The zone."`
	Interface string `arg:"interface,required" doc:"The interface."`
	Permanent bool   `arg:"permanent" default:"True" doc:"The permanent settings; else those at work."`
}

type sourceArgs struct {
	Zone      string `arg:"zone,required" doc:"The zone."`
	Source    string `arg:"source,required" doc:"The address or network."`
	Permanent bool   `arg:"permanent" default:"True" doc:"The permanent settings; else those at work."`
}

type ruleArgs struct {
	Zone      string `arg:"zone,required" doc:"The zone."`
	Rule      string `arg:"rule,required" doc:"The rule in the rich language."`
	Permanent bool   `arg:"permanent" default:"True" doc:"The permanent settings; else those at work."`
}
