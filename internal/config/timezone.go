package config

import (
	"fmt"
	"time"
	_ "time/tzdata" // 450 KB, so that a zone means the same on a machine without the database

	"go.yaml.in/yaml/v3"
)

// timezone reads a zone's name in the IANA time zone database
// (https://www.iana.org/time-zones).
func (r *reader) timezone(to *string) func(*yaml.Node) {
	return r.scalar("timezone", to, func(s string) (string, string) {
		const hint = "a name such as Asia/Hong_Kong or Europe/Berlin"
		if s == "" || s == "Local" { // LoadLocation takes both, and they are not the author's choice
			return fmt.Sprintf("%q is not a time zone", s), hint
		}
		if _, err := time.LoadLocation(s); err != nil {
			return fmt.Sprintf("%q is not a time zone", s), hint
		}
		return "", ""
	})
}

// Location is the zone of dates that name none: Timezone, or UTC. The error is
// for a Timezone that Load has not checked.
func (s *Site) Location() (*time.Location, error) {
	loc, err := time.LoadLocation(s.Timezone) // "" is UTC
	if err != nil {
		return nil, fmt.Errorf("timezone: %w", err)
	}
	return loc, nil
}
