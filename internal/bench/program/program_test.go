package program

import (
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if Launched() {
		return
	}
	os.Exit(m.Run())
}

// The memory of a program is its own and not that of who started it.
func TestMeasure(t *testing.T) {
	ballast := make([]byte, 256<<20)
	for i := range ballast {
		ballast[i] = 1
	}
	u, said, err := Measure(t.Context(), os.Environ(), []string{"sh", "-c", "echo said"})
	if err != nil || said != "said\n" {
		t.Errorf("%q %v", said, err)
	}
	if u.Wall <= 0 || u.RSS == 0 || u.RSS >= int64(len(ballast)) {
		t.Errorf("%+v beside %d bytes of this process", u, len(ballast))
	}
	ballast[0]++
	u, _, err = Measure(t.Context(), os.Environ(), []string{"sh", "-c", "echo why; exit 7"})
	if u.Exit != 7 || err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("a program that fails: %+v %v", u, err)
	}
	if _, _, err := Measure(t.Context(), os.Environ(), []string{"/there/is/no/such/program"}); err == nil {
		t.Error("a program that does not exist ran")
	}
}

func TestToolName(t *testing.T) {
	for module, want := range map[string]string{
		"github.com/peak/s5cmd/v2": "s5cmd",
		"github.com/gohugoio/hugo": "hugo",
		"example.com/x/version":    "version",
	} {
		if got := toolName(module); got != want {
			t.Errorf("%s: %s", module, got)
		}
	}
}
