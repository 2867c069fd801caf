// Command worker works while its pod leads, and lets go of the seat when it leads no more.
//
//	worker [URL OF THE SIDECAR]
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	hotseat "hotseat.dev/client"
)

func main() {
	url := hotseat.DefaultURL
	if len(os.Args) > 1 {
		url = os.Args[1]
	}
	client, err := hotseat.Start(hotseat.Options{URL: url, Lead: lead})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	if err := client.Ready(ctx, true, 0); err != nil {
		log.Print(err)
	}
	for range time.Tick(500 * time.Millisecond) {
		if err := client.Signal(ctx, "app.heartbeat", true, 3*time.Second); err != nil {
			log.Print("no heartbeat: ", err)
		}
	}
}

// lead runs in each term. Its context is done when the term is over.
func lead(ctx context.Context, token uint64) {
	fmt.Println("leads with the token", token)
	for ctx.Err() == nil {
		work(ctx, token)
	}
	fmt.Println("has let go of", token)
}

// work does one piece of work, with the token in each write.
func work(ctx context.Context, _ uint64) {
	select {
	case <-ctx.Done():
	case <-time.After(100 * time.Millisecond):
	}
}
