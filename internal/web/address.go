package web

import (
	"net/http"
	"net/netip"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
)

// proxies are the networks of the machines that hand requests on to the hub and say truly whom they have them from.
type proxies []netip.Prefix

// parseProxies reads CIDR networks or single addresses. One that holds every address is refused: anyone could then say that
// they are somebody else.
func parseProxies(texts []string) (proxies, error) {
	var out proxies
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if a, err2 := netip.ParseAddr(text); err != nil && err2 == nil && a.Zone() == "" {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || p.Bits() == 0 || p.Addr().Is4In6() {
			return nil, ailleurs.Refuse("web.config_proxy", "Proxies", "got", text)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

func (p proxies) hold(a netip.Addr) bool {
	for _, n := range p {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// client is the address that a request comes from: its peer or, where that is a proxy of ours, the last address in
// X-Forwarded-For that is not. What stands before it anybody may have written. It is invalid when the peer is no address.
func (p proxies) client(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	from := plain(peer.Addr())
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(said) - 1; i >= 0 && p.hold(from); i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(said[i]))
		if err != nil {
			break // nobody known said more than this
		}
		from = plain(a)
	}
	return from
}

func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// address returns the network that a request comes from, coarsely: what pays for failed sign-ins, and all that is ever
// known of it.
func (s *Server) address(r *http.Request) string {
	a := s.proxies.client(r)
	bits := 24
	if a.Is6() {
		bits = 48
	}
	n, err := a.Prefix(bits)
	if err != nil || !a.IsValid() {
		return "unknown"
	}
	return n.String()
}
