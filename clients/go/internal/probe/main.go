// Command probe does what the driver of all clients asks on standard input, and says in JSON lines what
// happens.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	hotseat "hotseat.dev/client"
	"hotseat.dev/client/internal/belief"
)

var output sync.Mutex

func say(event string, more map[string]any) {
	line := map[string]any{"event": event}
	for key, value := range more {
		line[key] = value
	}
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	output.Lock()
	defer output.Unlock()
	fmt.Println(string(text))
}

// sample says from when to when the client was seen to lead, in microseconds of the wall clock.
func sample(client *hotseat.Client, over <-chan struct{}) {
	var first, last int64
	for {
		before := time.Now().UnixMicro()
		leads := client.IsLeader()
		after := time.Now().UnixMicro()
		switch {
		case leads && first == 0:
			first, last = after, before
		case leads:
			last = before
		case first != 0:
			say("led", map[string]any{"from": first, "to": last})
			first = 0
		}
		select {
		case <-time.After(2 * time.Millisecond):
		case <-over:
			if first != 0 {
				say("led", map[string]any{"from": first, "to": last})
			}
			return
		}
	}
}

func serve(url string, hold time.Duration, callbacks bool) error {
	options := hotseat.Options{URL: url, Hold: hold}
	if callbacks {
		options.OnElected = func(token uint64) { say("elected", map[string]any{"token": token}) }
		options.OnDraining = func(token uint64, _ time.Duration) { say("draining", map[string]any{"token": token}) }
		options.OnLost = func(token uint64) { say("lost", map[string]any{"token": token}) }
	}
	client, err := hotseat.Start(options)
	if err != nil {
		return err
	}
	over, sampled := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(sampled)
		sample(client, over)
	}()
	say("started", nil)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		do(client, strings.Fields(lines.Text()))
	}
	close(over)
	<-sampled
	client.Close()
	say("closed", nil)
	return nil
}

func do(client *hotseat.Client, words []string) {
	var err error
	ctx := context.Background()
	switch words[0] {
	case "ask":
		token, leads := client.Token()
		say("asked", map[string]any{"leads": leads, "token": token, "name": client.Leader()})
		return
	case "ready":
		err = client.Ready(ctx, words[1] == "true", millis(words[2]))
	case "signal":
		err = client.Signal(ctx, words[1], json.RawMessage(words[2]), millis(words[3]))
	case "unset":
		err = client.UnsetSignal(ctx, words[1])
	case "let-go":
		client.LetGo(number(words[1]))
	}
	if err != nil {
		say("refused", map[string]any{"why": err.Error()})
		return
	}
	say("done", nil)
}

func number(text string) uint64 {
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return number
}

func millis(text string) time.Duration { return time.Duration(number(text)) * time.Millisecond }

// believe plays one belief in virtual time, in milliseconds.
func believe(hold time.Duration, final bool) {
	b := belief.Belief{Hold: hold, Final: final}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		now := millis(words[len(words)-1])
		switch words[0] {
		case "answer":
			answer := belief.Answer{Token: number(words[1]) * number(words[2]), Remaining: millis(words[3])}
			b.Answered(millis(words[4]), now, answer)
		case "let-go":
			b.LetGo(number(words[1]), now)
		case "look":
		case "end":
			b.End(now)
		default:
			b.Expired(now)
		}
		shown := []string{}
		for _, change := range b.Changes {
			if !change.Over {
				shown = append(shown, fmt.Sprintf("elected %d", change.Token))
				continue
			}
			if change.Until != 0 {
				shown = append(shown, fmt.Sprintf("draining %d until %d", change.Token, change.Until.Milliseconds()))
			}
			shown = append(shown, fmt.Sprintf("lost %d", change.Token))
		}
		b.Changes = nil
		say("belief", map[string]any{"changes": shown, "leads": b.Leads(now) != 0})
	}
}

func main() {
	var err error
	if os.Args[1] == "belief" {
		believe(millis(os.Args[2]), os.Args[3] == "final")
	} else {
		err = serve(os.Args[1], millis(os.Args[2]), os.Args[3] == "callbacks")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
