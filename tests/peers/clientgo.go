package main

import (
	"context"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// runClientGo campaigns by client-go's elector, and again after each loss, until it is asked to end.
func runClientGo(ctx context.Context, client kubernetes.Interface, o options) error {
	lock, err := resourcelock.New(o.lock, o.namespace, o.election,
		client.CoreV1(), client.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: o.id})
	if err != nil {
		return err
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:            telling{lock},
		LeaseDuration:   o.lease,
		RenewDeadline:   o.deadline,
		RetryPeriod:     o.retry,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { say("began", 0) },
			OnStoppedLeading: func() { say("ended", 0) },
		},
	})
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		elector.Run(ctx)
	}
	return nil
}

// telling is a lock that tells of its writes.
type telling struct{ resourcelock.Interface }

func (t telling) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	sent := bootTime()
	err := t.Interface.Create(ctx, record)
	return wrote(err, sent, record)
}

func (t telling) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	if record.HolderIdentity == "" {
		// After a missed deadline client-go gives the lock up before it tells its application, a
		// fault of its own in which no other candidate has a part.
		say("ended", 0)
	}
	sent := bootTime()
	err := t.Interface.Update(ctx, record)
	return wrote(err, sent, record)
}

func wrote(err error, sent int64, record resourcelock.LeaderElectionRecord) error {
	if err == nil && record.HolderIdentity != "" {
		say("wrote", sent)
	}
	return err
}
