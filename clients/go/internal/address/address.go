// Package address reads the addresses of servers, and makes pools of connections to them.
package address

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

const (
	connectTimeout  = 10 * time.Second
	idleTimeout     = 60 * time.Second // the server closes idle connections after 75 s
	idleConnections = 16
	readBufferBytes = 64 << 10
)

// Address is where a server is. The zero value is none.
type Address struct {
	base   url.URL
	socket string // the path of a Unix socket, or ""
}

// Parse reads http://HOST:PORT, https://HOST, either with a path, or unix:PATH.
func Parse(text string) (Address, error) {
	if socket, isUnix := strings.CutPrefix(text, "unix:"); isUnix {
		socket = strings.TrimPrefix(socket, "//")
		if socket == "" {
			return Address{}, fmt.Errorf("%q names no socket", text)
		}
		return Address{base: url.URL{Scheme: "http", Host: "localhost"}, socket: socket}, nil
	}
	base, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" ||
		base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return Address{}, fmt.Errorf("%q is not an address: http://HOST:PORT, https://HOST or unix:PATH", text)
	}
	return Address{base: *base}, nil
}

// Base is what the paths of requests are appended to; it does not end with a slash.
func (a Address) Base() url.URL { return a.base }

// IsUnix tells a Unix socket.
func (a Address) IsUnix() bool { return a.socket != "" }

// IsLocal tells whether the server is on this machine.
func (a Address) IsLocal() bool {
	host := a.base.Hostname()
	ip, err := netip.ParseAddr(host)
	return a.IsUnix() || host == "localhost" || (err == nil && ip.IsLoopback())
}

// Pool makes a pool of connections; config may be nil.
func (a Address) Pool(config *tls.Config) *http.Transport {
	dialer := &net.Dialer{
		Timeout: connectTimeout,
		// A peer that vanished without a word is noticed within half a minute.
		KeepAliveConfig: net.KeepAliveConfig{
			Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3,
		},
	}
	pool := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       config,
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   connectTimeout,
		ExpectContinueTimeout: time.Second,
		MaxIdleConns:          idleConnections,
		MaxIdleConnsPerHost:   idleConnections,
		IdleConnTimeout:       idleTimeout,
		// Arrow has its own; what is saved must be what was sent; web views decode no coded bodies.
		DisableCompression: true,
		ReadBufferSize:     readBufferBytes,
	}
	if a.IsUnix() {
		pool.Proxy = nil
		pool.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", a.socket)
		}
	}
	return pool
}
