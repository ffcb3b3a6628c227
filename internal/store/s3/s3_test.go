package s3_test

import (
	"testing"

	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/lab"
	"github.com/victorleungtw/blog/internal/store/s3"
	"github.com/victorleungtw/blog/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	_, newBucket := lab.Start(t)
	client := lab.Client(t)
	storetest.Run(t, func(t *testing.T) store.Bucket { return s3.New(client, newBucket(t)) })
}

func TestJanitor(t *testing.T) {
	_, newBucket := lab.Start(t)
	client := lab.Client(t)
	storetest.RunJanitor(t, func(t *testing.T) store.Janitor { return s3.New(client, newBucket(t)) })
}
