package main

import (
	"time"

	"github.com/victorleungtw/blog/internal/faultproxy"
	"github.com/victorleungtw/blog/internal/routes/kvsfake"
)

// table is a place's route table.
type table struct {
	address string // for --routes
	proxy   *faultproxy.Proxy
}

func newTable(p *place, rtt time.Duration) (*table, error) {
	store := kvsfake.New()
	url, err := p.serve(store)
	if err != nil {
		return nil, err
	}
	proxy, err := p.proxy(url, rtt)
	if err != nil {
		return nil, err
	}
	return &table{address: store.Address(proxy.URL()), proxy: proxy}, nil
}
