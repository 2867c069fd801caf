package hotseat_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	hotseat "hotseat.dev/client"
	"hotseat.dev/client/hotseattest"
)

const soon = 30 * time.Second

// What is Go's own about the client; clients/cases.json has what all clients have to do.

func start(t *testing.T, options hotseat.Options) *hotseat.Client {
	t.Helper()
	client, err := hotseat.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func leader(t *testing.T, client *hotseat.Client) uint64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	token, err := client.WaitLeader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestATermFromItsBeginningToItsEnd(t *testing.T) {
	sidecar := hotseattest.New()
	defer sidecar.Close()
	seen := make(chan string, 9)
	client := start(t, hotseat.Options{
		URL:        sidecar.URL,
		OnElected:  func(uint64) { seen <- "elected" },
		OnDraining: func(_ uint64, left time.Duration) { seen <- "draining " + left.Round(2*time.Second).String() },
		OnLost:     func(uint64) { seen <- "lost" },
	})
	token := sidecar.Lead()
	if leader(t, client) != token || client.Leader() != "me" {
		t.Fatal("another leads")
	}
	sidecar.StandBy("other")
	if err := sidecar.WaitReleased(token, soon); err != nil {
		t.Fatal(err)
	}
	if client.IsLeader() || client.Leader() != "other" {
		t.Error("it goes on")
	}
	all := []string{<-seen, <-seen, <-seen}
	if !reflect.DeepEqual(all, []string{"elected", "draining 2s", "lost"}) {
		t.Error(all)
	}
}

func TestAContextLastsForATerm(t *testing.T) {
	sidecar := hotseattest.New()
	defer sidecar.Close()
	began, ended := make(chan uint64, 1), make(chan error, 1)
	start(t, hotseat.Options{URL: sidecar.URL, Lead: func(ctx context.Context, token uint64) {
		began <- token
		<-ctx.Done()
		ended <- ctx.Err()
	}})
	token := sidecar.Lead()
	if <-began != token {
		t.Error("another token")
	}
	sidecar.StandBy("")
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := sidecar.WaitReleased(token, soon); err != nil {
		t.Error(err)
	}
}

func TestWhoReturnsFromLeadGivesTheSeatUp(t *testing.T) {
	sidecar := hotseattest.New()
	defer sidecar.Close()
	client := start(t, hotseat.Options{URL: sidecar.URL, Lead: func(context.Context, uint64) {}})
	token := sidecar.Lead()
	if err := sidecar.WaitReleased(token, soon); err != nil {
		t.Error(err)
	}
	if client.IsLeader() {
		t.Error("it leads a term that it has let go of")
	}
}

func TestClosingLetsGoOfTheTerm(t *testing.T) {
	sidecar := hotseattest.New()
	defer sidecar.Close()
	client, err := hotseat.Start(hotseat.Options{URL: sidecar.URL, OnLost: func(uint64) {}})
	if err != nil {
		t.Fatal(err)
	}
	token := sidecar.Lead()
	leader(t, client)
	client.Close()
	if err := sidecar.WaitReleased(token, 0); err != nil || client.IsLeader() {
		t.Error(err)
	}
	if _, err := client.WaitLeader(context.Background()); !errors.Is(err, hotseat.ErrClosed) {
		t.Error(err)
	}
}

func TestWhatTheApplicationSaysReachesTheSidecar(t *testing.T) {
	sidecar := hotseattest.New()
	defer sidecar.Close()
	client, ctx := start(t, hotseat.Options{URL: sidecar.URL}), context.Background()
	for _, err := range []error{
		client.Ready(ctx, true, soon),
		client.Signal(ctx, "app/heart beat", true, soon),
		client.Signal(ctx, "app.lag", 0.25, 0),
		client.UnsetSignal(ctx, "app.lag"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if sidecar.Ready() != "true" || sidecar.Signal("app/heart beat") != "true" || sidecar.Signal("app.lag") != "" {
		t.Error(sidecar.Ready(), sidecar.Signal("app/heart beat"), sidecar.Signal("app.lag"))
	}
	if err := client.UnsetSignal(ctx, "app.lag"); err == nil || !strings.Contains(err.Error(), ": 404: ") {
		t.Error(err)
	}
}

func TestWhatCannotBeUsedIsNamed(t *testing.T) {
	for _, url := range []string{"localhost:4040", "https://localhost", "http://localhost:x", "http://h/path"} {
		if _, err := hotseat.Start(hotseat.Options{URL: url}); err == nil || !strings.Contains(err.Error(), "not an address of a sidecar: give") {
			t.Error(url, err)
		}
	}
	if _, err := hotseat.Start(hotseat.Options{Hold: time.Hour}); err == nil || !strings.Contains(err.Error(), "from 100ms to 1m") {
		t.Error(err)
	}
}
