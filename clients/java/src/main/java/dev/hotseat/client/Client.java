package dev.hotseat.client;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** Knows whether this pod leads, for as long as the last answer of the sidecar holds. */
public final class Client implements AutoCloseable {
    /** Where a sidecar answers. */
    public static final String DEFAULT_URL = "http://127.0.0.1:4040";

    /** After so long without an event the watch is begun anew. */
    private static final long SILENCE = TimeUnit.SECONDS.toNanos(10);
    /** Until a sidecar that has no watch is tried again. */
    private static final long NO_WATCH = TimeUnit.SECONDS.toNanos(30);
    private static final long SHORT_PAUSE = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(5);
    /** Between two questions, however many events there are; milliseconds. */
    private static final long SHORTEST_PAUSE = 10;

    private final System.Logger log = System.getLogger("dev.hotseat.client");
    private final Builder options;
    private final long hold;
    private final Sidecar sidecar;
    private final Clock clock = new Clock();
    private final ReentrantLock lock = new ReentrantLock();
    /** A change, or the end of belief has moved. */
    private final Condition news = lock.newCondition();
    /** Something says that it is time to ask. */
    private final Condition bell = lock.newCondition();
    private final Belief belief;
    private final Deque<Belief.Change> changes = new ArrayDeque<>();
    /** Each gives what completes a future, once that can be. */
    private final List<Supplier<Runnable>> waiting = new ArrayList<>();
    private final Thread asking = Threads.thread(this::askOn);
    private final Thread telling = Threads.thread(this::tellOn);
    private final Thread watching = Threads.thread(this::watchOn);
    private boolean rung;
    private boolean watched;
    private volatile boolean closing;
    private int failures;
    private long lettingGo;

    Client(Builder options) {
        this.options = options;
        hold = options.hold.toNanos();
        sidecar = new Sidecar(options.url);
        belief = new Belief(hold, options.onLost != null);
    }

    Client begin() {
        List.of(asking, telling, watching).forEach(Thread::start);
        return this;
    }

    /**
     * Whether this pod leads at this very moment.
     *
     * @return true until the last answer of the sidecar holds no longer
     */
    public boolean isLeader() {
        return token().isPresent();
    }

    /**
     * The fencing token of this pod's term, to be sent along with each write.
     *
     * @return empty if this pod does not lead
     */
    public OptionalLong token() {
        return locked(this::led);
    }

    /**
     * The name of the leader, whichever pod it is.
     *
     * @return empty if nobody is known to lead
     */
    public String leader() {
        return locked(() -> belief.leader(clock.now()));
    }

    /**
     * Waits until this pod leads.
     *
     * @param timeout how long at most
     * @return the fencing token; empty if it took longer, or the client is closed
     * @throws InterruptedException if the thread is interrupted
     */
    public OptionalLong awaitLeader(Duration timeout) throws InterruptedException {
        long left = timeout.toNanos();
        lock.lockInterruptibly();
        try {
            while (led().isEmpty() && !closing && left > 0) {
                left = news.awaitNanos(left);
            }
            return led();
        } finally {
            lock.unlock();
        }
    }

    /**
     * As {@link #awaitLeader}, to be composed.
     *
     * @return done with the fencing token when this pod leads; cancelled when the client is closed
     */
    public CompletableFuture<Long> elected() {
        CompletableFuture<Long> elected = new CompletableFuture<>();
        return wait(elected, () -> {
            OptionalLong token = led();
            return token.isPresent() ? () -> elected.complete(token.getAsLong()) : null;
        });
    }

    /**
     * Waits until a term is over.
     *
     * @param token of that term
     * @return done when this pod leads it no more
     */
    public CompletableFuture<Void> ended(long token) {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        return wait(ended, () -> led().orElse(0) != token ? () -> ended.complete(null) : null);
    }

    /**
     * Says whether the application is ready to lead.
     *
     * @param ready whether it is
     * @param ttl after which nothing is said; null: never
     * @throws SidecarException if the sidecar cannot be reached or refuses
     */
    public void ready(boolean ready, Duration ttl) throws SidecarException {
        sidecar.ask(hold, "PUT", withTtl("/v1/ready", ttl), String.valueOf(ready), "text/plain");
    }

    /**
     * Sets a signal for the policy; the heartbeat is one, {@code signal("app.heartbeat", "true", ttl)}.
     *
     * @param key its key
     * @param json its value, as JSON
     * @param ttl how long it holds; null: until it is unset
     * @throws SidecarException if the sidecar cannot be reached or refuses
     */
    public void signal(String key, String json, Duration ttl) throws SidecarException {
        sidecar.ask(hold, "PUT", withTtl(signalPath(key), ttl), json, "application/json");
    }

    /**
     * Takes a signal back.
     *
     * @param key its key
     * @throws SidecarException if it is not set, or the sidecar cannot be reached
     */
    public void unsetSignal(String key) throws SidecarException {
        sidecar.ask(hold, "DELETE", signalPath(key), "", "");
    }

    /**
     * Says that the application acts no more for a term, which ends if it is on. That is sent to the sidecar in the
     * background, again and again until it has heard it.
     *
     * @param token of that term
     */
    public void letGo(long token) {
        locked(() -> {
            lettingGo = Math.max(lettingGo, token);
            apply(belief.letGo(token, clock.now()));
            return ring();
        });
    }

    /** Ends a term of this pod, as the application acts no more, and the threads. */
    @Override
    public void close() {
        locked(() -> {
            apply(belief.end(clock.now()));
            closing = true;
            news.signalAll();
            look();
            return ring();
        });
        if (!List.of(asking, telling, watching).contains(Thread.currentThread())) {
            Threads.join(asking); // the watch may be in the middle of a read
        }
    }

    private <T> T locked(Supplier<T> act) {
        lock.lock();
        try {
            return act.get();
        } finally {
            lock.unlock();
        }
    }

    private OptionalLong led() {
        long token = belief.leads(clock.now());
        return token == 0 ? OptionalLong.empty() : OptionalLong.of(token);
    }

    private <T> CompletableFuture<T> wait(CompletableFuture<T> future, Supplier<Runnable> done) {
        return locked(() -> {
            waiting.add(() -> {
                Runnable complete = future.isDone() ? () -> { } : done.get();
                return complete == null && closing ? () -> future.cancel(false) : complete;
            });
            look();
            return future;
        });
    }

    /** Completes futures on threads of the common pool, since what depends on them is not for the lock. */
    private void look() {
        waiting.removeIf(waits -> {
            Runnable complete = waits.get();
            if (complete != null) {
                ForkJoinPool.commonPool().execute(complete);
            }
            return complete != null;
        });
    }

    private void apply(List<Belief.Change> more) {
        changes.addAll(more);
        news.signalAll();
        look();
    }

    private boolean ring() {
        rung = true;
        bell.signalAll();
        return true;
    }

    /** Asks, and nothing else extends belief. */
    private void askOn() {
        while (!closing) {
            ask();
            Threads.sleep(SHORTEST_PAUSE);
            locked(() -> {
                long left = pause();
                while (!rung && !closing && left > 0) {
                    left = Threads.await(bell, left);
                }
                rung = false;
                return null;
            });
        }
        Threads.join(telling); // the last term's callbacks still run
        tellLetGo();
    }

    /** How long it waits for the bell. */
    private long pause() {
        long pace = hold / 4;
        if (belief.term() != 0 || lettingGo != 0 || failures == 0 && !watched) {
            return pace;
        }
        return failures > 0 ? Math.min(pace << Math.min(failures, 10), LONGEST_PAUSE) : Long.MAX_VALUE;
    }

    private void ask() {
        tellLetGo();
        long asked = clock.now(); // before the question: whatever it takes counts against the belief
        try {
            Belief.Answer answer = sidecar.leader(hold / 2);
            locked(() -> {
                failures = 0;
                if (!closing) {
                    apply(belief.answered(asked, clock.now(), answer));
                }
                return null;
            });
        } catch (SidecarException e) {
            log.log(System.Logger.Level.DEBUG, "no answer of the sidecar", e);
            locked(() -> failures++);
        }
    }

    private void tellLetGo() {
        long token = locked(() -> lettingGo);
        if (token == 0) {
            return;
        }
        try {
            sidecar.ask(hold / 2, "PUT", "/v1/released?token=" + token, "", "");
        } catch (SidecarException e) {
            if (e.status() < 400 || e.status() >= 500) {
                return; // it is sent once more
            }
        }
        locked(() -> lettingGo = lettingGo == token ? 0 : lettingGo);
    }

    /**
     * Watches. An event says that it is time to ask, and nothing else: it may have waited in a buffer, and
     * does not say for how long.
     */
    private void watchOn() {
        long pause = SHORT_PAUSE;
        while (!closing) {
            long began = System.nanoTime();
            boolean missing = false;
            try {
                sidecar.watch(SILENCE, () -> watched(true), () -> locked(this::ring) && !closing);
            } catch (SidecarException e) {
                missing = e.status() != 0;
                log.log(System.Logger.Level.DEBUG, "the watch has ended", e);
            }
            watched(false);
            boolean lived = System.nanoTime() - began >= LONGEST_PAUSE;
            pause = lived ? SHORT_PAUSE : Math.min(2 * pause, LONGEST_PAUSE);
            long away = missing ? NO_WATCH : pause;
            locked(() -> {
                for (long left = away; left > 0 && !closing; ) {
                    left = Threads.await(news, left);
                }
                return null;
            });
        }
    }

    private void watched(boolean is) {
        locked(() -> {
            watched = is;
            return ring();
        });
    }

    /** Tells the application. */
    private void tellOn() {
        for (Belief.Change change = next(); change != null; change = next()) {
            try {
                tell(change);
            } catch (RuntimeException e) {
                log.log(System.Logger.Level.ERROR, "a function for " + change.kind() + " has failed", e);
            }
            if (change.kind() == Belief.Kind.LOST && belief.isFinal) {
                letGo(change.token());
            }
        }
    }

    /** Waits for something to tell; null at the end. */
    private Belief.Change next() {
        return locked(() -> {
            for (;;) {
                List<Belief.Change> expired = belief.expired(clock.now());
                if (!expired.isEmpty()) {
                    apply(expired);
                }
                if (!changes.isEmpty() || closing) {
                    return changes.poll();
                }
                Threads.await(news, belief.term() == 0 ? Long.MAX_VALUE : belief.until() - clock.now());
            }
        });
    }

    private void tell(Belief.Change change) {
        switch (change.kind()) {
            case ELECTED -> options.onElected.accept(change.token());
            case DRAINING -> {
                Duration left = Duration.ofNanos(Math.max(change.until() - clock.now(), 0));
                options.onDraining.accept(left, change.token());
            }
            case LOST -> {
                if (options.onLost != null) {
                    options.onLost.accept(change.token());
                }
            }
        }
    }

    private static String signalPath(String key) {
        return "/v1/signals/" + URLEncoder.encode(key, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static String withTtl(String path, Duration ttl) {
        return ttl == null ? path : path + "?ttl=" + ttl.toMillis() + "ms";
    }
}
