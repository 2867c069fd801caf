// Command use uses the module as it is fetched: a term from its beginning to its end, beside the sidecar for
// tests.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	hotseat "hotseat.dev/client"
	"hotseat.dev/client/hotseattest"
)

func main() {
	sidecar := hotseattest.New()
	defer sidecar.Close()
	client, err := hotseat.Start(hotseat.Options{URL: sidecar.URL, OnLost: func(uint64) {}})
	if err != nil {
		log.Fatal(err)
	}
	token := sidecar.Lead()
	got, err := client.WaitLeader(context.Background())
	if err != nil || got != token || !client.IsLeader() {
		log.Fatalf("token %d, and not %d: %v", got, token, err)
	}
	client.Close()
	if client.IsLeader() {
		log.Fatal("a closed client leads")
	}
	if err := sidecar.WaitReleased(token, 30*time.Second); err != nil {
		log.Fatal(err)
	}
	fmt.Println("Go: used as it is packed")
}
