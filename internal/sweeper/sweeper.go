// Package sweeper deletes trials that nobody needs any more: every stack of an
// environment on demand, some days after something was last deployed to it.
//
// # What it promises
//
// It deletes the stacks of an environment in the order in which they can go, and
// whole environments only. It touches no environment that it was told to keep,
// and none that it does not recognize by all of these: the tag with the blog's
// name, the tag with the environment's, a stack's name that begins with both, and
// the tag with the days, on each of its stacks. Termination protection on any of
// them keeps the environment: `aws cloudformation update-termination-protection`
// is how a person keeps a trial. IAM holds it to the same tags (infra/sweeper.go),
// so that a fault here is not enough to lose what readers see.
//
// # How
//
// A run deletes one wave: what nothing that is left depends on. It waits for
// nothing and remembers nothing; the next run, an hour later, finds the wave gone
// and takes the next one. A deployment in between, which makes an environment
// young again, thus stops it. CloudFormation deletes with the role that it was
// given when the stack was made: whoever calls this needs no other permission
// than to ask for it.
//
// # What can go wrong
//
// A stack that cannot be deleted is tried again with each run, and is an error
// of each run, which raises an alarm: a person has to look. A region that cannot
// be asked stops the run, because the environments seen would be parts.
//
// The tag holds a number of days and not a date, so that a template does not
// depend on the day it was made. Days count from the newest change of any of the
// stacks: a deployment changes those that differ, and not all.
package sweeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/victorleungtw/blog/internal/names"
)

// prod is never a trial, also for a sweeper that was told nothing.
const prod = "prod"

// API is the part of CloudFormation that is used, in one region.
type API interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
	DeleteStack(context.Context, *cloudformation.DeleteStackInput, ...func(*cloudformation.Options)) (*cloudformation.DeleteStackOutput, error)
}

// Sweeper deletes the trials of one blog.
type Sweeper struct {
	Blog    string   // the blog's name
	Keep    []string // environments that are no trials, whatever their tags say
	Regions map[string]API
	Now     func() time.Time
	Log     *slog.Logger
}

// stack is what is looked at of a stack.
type stack struct {
	id, name, region string
	env, part        string
	status           types.StackStatus
	days             int // 0: the tag is missing, or is no number
	protected        bool
	changed          time.Time
}

// Sweep deletes what is due now.
func (s *Sweeper) Sweep(ctx context.Context) error {
	trials := map[string][]stack{}
	for region, api := range s.Regions {
		pages := cloudformation.NewDescribeStacksPaginator(api, &cloudformation.DescribeStacksInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return fmt.Errorf("listing the stacks in %s: %w", region, err)
			}
			for _, d := range page.Stacks {
				if st, ok := s.ours(d, region); ok {
					trials[st.env] = append(trials[st.env], st)
				}
			}
		}
	}
	var errs []error
	for env, stacks := range trials {
		why, due := s.due(stacks)
		s.Log.InfoContext(ctx, "trial", "env", env, "stacks", len(stacks), "decision", why)
		if !due {
			continue
		}
		for _, st := range wave(stacks) {
			errs = append(errs, s.delete(ctx, st))
		}
	}
	return errors.Join(errs...)
}

// ours says whether a stack is of a trial, or could be.
func (s *Sweeper) ours(d types.Stack, region string) (stack, bool) {
	tags := map[string]string{}
	for _, t := range d.Tags {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	st := stack{
		id: aws.ToString(d.StackId), name: aws.ToString(d.StackName), region: region,
		env: tags[names.TagEnv], status: d.StackStatus,
		protected: aws.ToBool(d.EnableTerminationProtection),
		changed:   aws.ToTime(d.CreationTime),
	}
	if t := aws.ToTime(d.LastUpdatedTime); t.After(st.changed) {
		st.changed = t
	}
	n, err := names.New(s.Blog, st.env)
	if err != nil || tags[names.TagBlog] != s.Blog || st.env == prod || slices.Contains(s.Keep, st.env) {
		return stack{}, false
	}
	var named bool
	if st.part, named = strings.CutPrefix(st.name, n.Stack("")); !named {
		return stack{}, false
	}
	if days, err := strconv.Atoi(tags[names.TagTrialDays]); err == nil && days > 0 {
		st.days = days
	}
	return st, true
}

// due says whether an environment is to go, and why or why not.
func (s *Sweeper) due(stacks []stack) (why string, due bool) {
	var changed time.Time
	days := 0
	for _, st := range stacks {
		switch {
		case st.protected:
			return "kept: termination protection of " + st.name, false
		case st.days == 0:
			return "kept: no days on " + st.name, false
		case strings.HasSuffix(string(st.status), "_IN_PROGRESS") && st.status != types.StackStatusDeleteInProgress:
			return "later: somebody works on " + st.name, false
		}
		days = max(days, st.days)
		if st.changed.After(changed) {
			changed = st.changed
		}
	}
	if end := changed.AddDate(0, 0, days); s.Now().Before(end) {
		return "young: until " + end.UTC().Format(time.RFC3339), false
	}
	return fmt.Sprintf("expired: last changed %s, %d days", changed.UTC().Format(time.RFC3339), days), true
}

// Wave is when a stack can be deleted, by the part of its name that its
// environment's stacks do not share: after those of the waves before. What is not
// known here is taken for something that depends on the rest.
func Wave(part string) int {
	for i, prefix := range []string{"edge", "render-", "content-", "global"} {
		if strings.HasPrefix(part, prefix) {
			return 1 + i
		}
	}
	return 0
}

// wave are the stacks that nothing which is left depends on.
func wave(stacks []stack) []stack {
	first := slices.MinFunc(stacks, func(a, b stack) int { return Wave(a.part) - Wave(b.part) })
	var out []stack
	for _, st := range stacks {
		if Wave(st.part) == Wave(first.part) {
			out = append(out, st)
		}
	}
	return out
}

// delete asks for a deletion. The id is that of the stack which was looked at,
// and not of one that was made since under its name.
func (s *Sweeper) delete(ctx context.Context, st stack) error {
	if st.status == types.StackStatusDeleteInProgress {
		return nil
	}
	_, err := s.Regions[st.region].DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &st.id})
	if err != nil {
		return fmt.Errorf("deleting %s in %s: %w", st.name, st.region, err)
	}
	s.Log.InfoContext(ctx, "deleting", "stack", st.name, "region", st.region)
	if st.status == types.StackStatusDeleteFailed {
		return fmt.Errorf("%s in %s could not be deleted before, and is tried again", st.name, st.region)
	}
	return nil
}
