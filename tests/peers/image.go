package main

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
)

const leaderKey = "control-plane.alpha.kubernetes.io/leader"

// record is what the 0.4 image kept in the annotation.
type record struct {
	HolderIdentity       string      `json:"holderIdentity"`
	LeaseDurationSeconds int         `json:"leaseDurationSeconds"`
	AcquireTime          metav1.Time `json:"acquireTime"`
	RenewTime            metav1.Time `json:"renewTime"`
	LeaderTransitions    int         `json:"leaderTransitions"`
}

// image campaigns as the 0.4 image did: it reads the object at its own pace, waits for its own lease
// from its own sight of a change, takes an object without a record at once, tells no release from
// any other record, and gives nothing back when it ends.
type image struct {
	client   kubernetes.Interface
	o        options
	observed record
	since    time.Time
}

func runImage(ctx context.Context, client kubernetes.Interface, o options) error {
	i := &image{client: client, o: o}
	i.createBare(ctx)
	for ctx.Err() == nil {
		acquired := make(chan struct{})
		wait.JitterUntil(func() {
			if i.tryAcquireOrRenew(ctx) {
				close(acquired)
			}
		}, o.retry, 1.2, true, either(acquired, ctx.Done()))
		if ctx.Err() != nil {
			break
		}
		say("began", 0)
		for ctx.Err() == nil {
			err := wait.Poll(o.retry, o.deadline, func() (bool, error) {
				return i.tryAcquireOrRenew(ctx), nil
			})
			if err != nil {
				break
			}
		}
		say("ended", 0)
	}
	return nil
}

// createBare makes the object without a record, as the image did when it started.
func (i *image) createBare(ctx context.Context) {
	bare := &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Name: i.o.election}}
	// The image ended where another was faster, and was started again.
	_, _ = i.endpoints().Create(ctx, bare, metav1.CreateOptions{})
}

func (i *image) tryAcquireOrRenew(ctx context.Context) bool {
	now := metav1.Now()
	next := record{
		HolderIdentity:       i.o.id,
		LeaseDurationSeconds: int(i.o.lease / time.Second),
		AcquireTime:          now,
		RenewTime:            now,
	}
	object, err := i.endpoints().Get(ctx, i.o.election, metav1.GetOptions{})
	if errors.IsNotFound(err) {
		object = &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Name: i.o.election}}
		return i.write(ctx, object, next, true)
	}
	if err != nil {
		return false
	}
	var old record
	if text, found := object.Annotations[leaderKey]; found {
		if json.Unmarshal([]byte(text), &old) != nil {
			return false
		}
		if !reflect.DeepEqual(i.observed, old) {
			i.observed, i.since = old, time.Now()
		}
		if i.since.Add(i.o.lease).After(now.Time) && old.HolderIdentity != i.o.id {
			return false
		}
	}
	if old.HolderIdentity == i.o.id {
		next.AcquireTime = old.AcquireTime
	} else {
		next.LeaderTransitions = old.LeaderTransitions + 1
	}
	return i.write(ctx, object, next, false)
}

func (i *image) write(ctx context.Context, object *corev1.Endpoints, next record, create bool) bool {
	text, err := json.Marshal(next)
	if err != nil {
		return false
	}
	if object.Annotations == nil {
		object.Annotations = map[string]string{}
	}
	object.Annotations[leaderKey] = string(text)
	sent := bootTime()
	if create {
		_, err = i.endpoints().Create(ctx, object, metav1.CreateOptions{})
	} else {
		_, err = i.endpoints().Update(ctx, object, metav1.UpdateOptions{})
	}
	if err != nil {
		return false
	}
	say("wrote", sent)
	i.observed, i.since = next, time.Now()
	return true
}

func (i *image) endpoints() endpointsClient {
	return i.client.CoreV1().Endpoints(i.o.namespace)
}

// endpointsClient is the part of the client that is used here.
type endpointsClient interface {
	Create(context.Context, *corev1.Endpoints, metav1.CreateOptions) (*corev1.Endpoints, error)
	Update(context.Context, *corev1.Endpoints, metav1.UpdateOptions) (*corev1.Endpoints, error)
	Get(context.Context, string, metav1.GetOptions) (*corev1.Endpoints, error)
}

// either is closed when one of the two is.
func either(first, second <-chan struct{}) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-first:
		case <-second:
		}
	}()
	return done
}
