package main

import (
	"context"

	"github.com/victorleungtw/blog/internal/release"
)

// publish publishes the plan. Files that turn out to be damaged when they are
// decoded are published as they are, by a plan that knows it: as many times as
// others are found, which is once, because all are looked at.
func (j *job) publish(ctx context.Context, c release.Commit) (*release.Result, error) {
	for {
		res, err := j.pub.Publish(ctx, j.plan, c, j.coming...)
		broken := release.Broken(err)
		if len(broken) == 0 {
			return res, err
		}
		for sum, why := range broken {
			j.loader.Broken(sum, why)
		}
		if err := j.load(ctx); err != nil {
			return nil, err
		}
	}
}
