// Candidates that are not Hotseat, for elections in which both take part: by client-go's elector, with
// every lock that it had, and by the 0.4 image's own algorithm.
//
// A line of JSON on standard output tells each change of what the candidate believes, and each write
// of it, by the boot-time clock, which all processes of a machine share.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// options are the same for every kind of candidate.
type options struct {
	namespace, election, id, lock string
	lease, deadline, retry        time.Duration
}

func main() {
	var o options
	kind := flag.String("kind", "client-go", "client-go, or image for the 0.4 image's algorithm")
	flag.StringVar(&o.namespace, "namespace", "default", "namespace of the lock")
	flag.StringVar(&o.election, "election", "", "name of the lock")
	flag.StringVar(&o.id, "id", "", "name of the candidate")
	flag.StringVar(&o.lock, "lock", "endpoints", "client-go's word for the lock")
	flag.DurationVar(&o.lease, "lease-duration", 15*time.Second, "how long others wait")
	flag.DurationVar(&o.deadline, "renew-deadline", 10*time.Second, "how long a leader tries")
	flag.DurationVar(&o.retry, "retry-period", 2*time.Second, "the pace")
	flag.Parse()
	client, err := connect()
	if err != nil {
		fail(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	go func() {
		<-asked
		// The application stops before the lock is given up.
		say("ended", 0)
		cancel()
	}()
	if *kind == "image" {
		err = runImage(ctx, client, o)
	} else {
		err = runClientGo(ctx, client, o)
	}
	if err != nil {
		fail(err)
	}
}

func connect() (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return nil, err
	}
	// No request outlives the time in which another may be made.
	config.Timeout = time.Second
	config.QPS, config.Burst = 100, 100
	return kubernetes.NewForConfig(config)
}

// What a line says.
type line struct {
	// began, ended, or wrote.
	Event string `json:"event"`
	// Nanoseconds of CLOCK_BOOTTIME.
	At int64 `json:"at"`
	// When the write was sent that this is about, by the same clock.
	Sent int64 `json:"sent,omitempty"`
}

var saying sync.Mutex

func say(event string, sent int64) {
	saying.Lock()
	defer saying.Unlock()
	text, _ := json.Marshal(line{Event: event, At: bootTime(), Sent: sent})
	fmt.Println(string(text))
}

// bootTime reads CLOCK_BOOTTIME, which Go's own clocks leave out.
func bootTime() int64 {
	const clockBootTime = 7
	var now syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockBootTime, uintptr(unsafe.Pointer(&now)), 0)
	return now.Nano()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
