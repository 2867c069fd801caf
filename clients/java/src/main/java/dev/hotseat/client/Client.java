package dev.hotseat.client;

import java.lang.System.Logger.Level;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Knows whether this pod leads, for as long as the last answer of the sidecar holds. */
public final class Client implements AutoCloseable {
    /** Where a sidecar answers. */
    public static final String DEFAULT_URL = "http://127.0.0.1:4040";

    /** Until a sidecar that has no watch is tried again. */
    private static final long NO_WATCH = TimeUnit.SECONDS.toNanos(30);
    private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(5);
    private static final long SHORT_PAUSE = TimeUnit.MILLISECONDS.toNanos(100);
    /** Between two questions, however many events there are. */
    private static final long SHORTEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(10);

    private final System.Logger log = System.getLogger("dev.hotseat.client");
    private final Builder options;
    private final Sidecar sidecar;
    private final Clock clock = new Clock();
    private final Belief belief;
    /** Each says whether its future is done with, and is asked with each change. */
    private final List<BooleanSupplier> waiting = new ArrayList<>();
    private final List<Thread> threads = List.of(thread(this::askOn), thread(this::tellOn), thread(this::watchOn));
    /** Something says that it is time to ask. */
    private volatile boolean rung;
    private volatile boolean watched;
    private volatile boolean closing;
    private volatile long lettingGo;
    /** Of the thread that asks. */
    private int failures;

    Client(Builder options) {
        this.options = options;
        sidecar = new Sidecar(options.url);
        belief = new Belief(options.hold.toNanos(), options.onLost != null);
    }

    Client begin() {
        threads.forEach(Thread::start);
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
    public synchronized OptionalLong token() {
        long token = belief.leads(clock.now());
        return token == 0 ? OptionalLong.empty() : OptionalLong.of(token);
    }

    /**
     * The name of the leader, whichever pod it is.
     *
     * @return empty if nobody is known to lead
     */
    public synchronized String leader() {
        return belief.leader(clock.now());
    }

    /**
     * Waits until this pod leads.
     *
     * @param timeout how long at most
     * @return the fencing token; empty if it took longer, or the client is closed
     * @throws InterruptedException if the thread is interrupted
     */
    public OptionalLong awaitLeader(Duration timeout) throws InterruptedException {
        await(timeout.toNanos(), () -> closing || isLeader());
        return token();
    }

    /**
     * As {@link #awaitLeader}, to be composed.
     *
     * @return done with the fencing token when this pod leads; cancelled when the client is closed
     */
    public CompletableFuture<Long> elected() {
        return future(() -> isLeader() ? belief.term : null);
    }

    /**
     * Waits until a term is over.
     *
     * @param token of that term
     * @return done when this pod leads it no more
     */
    public CompletableFuture<Void> ended(long token) {
        return future(() -> belief.leads(clock.now()) == token ? null : token).thenAccept(over -> { });
    }

    /**
     * Says whether the application is ready to lead.
     *
     * @param ready whether it is
     * @param ttl after which nothing is said; null: never
     * @throws SidecarException if the sidecar cannot be reached or refuses
     */
    public void ready(boolean ready, Duration ttl) throws SidecarException {
        put("/v1/ready", String.valueOf(ready), ttl);
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
        put(signalPath(key), json, ttl);
    }

    /**
     * Takes a signal back.
     *
     * @param key its key
     * @throws SidecarException if it is not set, or the sidecar cannot be reached
     */
    public void unsetSignal(String key) throws SidecarException {
        sidecar.ask(belief.hold, "DELETE " + signalPath(key), "");
    }

    /**
     * Says that the application acts no more for a term, which ends if it is on. That is sent to the sidecar in the
     * background, again and again until it has heard it.
     *
     * @param token of that term
     */
    public synchronized void letGo(long token) {
        lettingGo = Math.max(lettingGo, token);
        belief.letGo(token, clock.now());
        rung = true;
        changed();
    }

    /** Ends a term of this pod, as the application acts no more, and the threads. */
    @Override
    public void close() {
        synchronized (this) {
            belief.end(clock.now());
            closing = true;
            changed();
        }
        if (!threads.contains(Thread.currentThread())) {
            join(threads.get(0)); // the watch may be in the middle of a read
        }
    }

    private void put(String path, String json, Duration ttl) throws SidecarException {
        String query = ttl == null ? "" : "?ttl=" + ttl.toMillis() + "ms";
        sidecar.ask(belief.hold, "PUT " + path + query, json);
    }

    private static String signalPath(String key) {
        return "/v1/signals/" + URLEncoder.encode(key, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** Done with the value once there is one; cancelled when the client is closed before. */
    private synchronized <T> CompletableFuture<T> future(Supplier<T> value) {
        CompletableFuture<T> future = new CompletableFuture<>();
        waiting.add(() -> {
            T found = value.get();
            // On threads of the common pool, since what depends on it is not for the lock.
            if (found != null) {
                future.completeAsync(() -> found);
            } else if (closing) {
                ForkJoinPool.commonPool().execute(() -> future.cancel(false));
            }
            return found != null || closing || future.isDone();
        });
        changed();
        return future;
    }

    /** Wakes all who wait for a change. */
    private synchronized void changed() {
        waiting.removeIf(BooleanSupplier::getAsBoolean);
        notifyAll();
    }

    /** Waits until that holds, for so many nanoseconds at most. */
    private synchronized void await(long within, BooleanSupplier holds) throws InterruptedException {
        long end = System.nanoTime() + within;
        for (long left = within; left > 0 && !holds.getAsBoolean(); left = end - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }

    /** As that, on a thread of the client's own, which nobody interrupts. */
    private void pause(long within, BooleanSupplier holds) {
        try {
            await(within, holds);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Thread thread(Runnable run) {
        Thread thread = new Thread(run, "hotseat");
        thread.setDaemon(true);
        return thread;
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Asks, and nothing else extends belief. */
    private void askOn() {
        while (!closing) {
            ask();
            pause(SHORTEST_PAUSE, () -> closing);
            pause(untilAsked(), () -> rung || closing);
            rung = false;
        }
        join(threads.get(1)); // the last term's callbacks still run
        tellLetGo();
    }

    /** How long it waits for something that rings. */
    private long untilAsked() {
        long pace = belief.hold / 4;
        if (isLeader() || lettingGo != 0 || failures == 0 && !watched) {
            return pace;
        }
        return failures == 0 ? LONGEST_PAUSE : Math.min(pace << Math.min(failures, 10), LONGEST_PAUSE);
    }

    private void ask() {
        tellLetGo();
        long asked = clock.now(); // before the question: whatever it takes counts against the belief
        try {
            Belief.Answer answer = sidecar.leader(belief.hold / 2);
            failures = 0;
            synchronized (this) {
                if (!closing) {
                    belief.answered(asked, clock.now(), answer);
                    changed();
                }
            }
        } catch (SidecarException e) {
            failures++;
            log.log(Level.DEBUG, "no answer of the sidecar", e);
        }
    }

    private void tellLetGo() {
        long token = lettingGo;
        if (token == 0) {
            return;
        }
        try {
            sidecar.ask(belief.hold / 2, "PUT /v1/released?token=" + token, "");
        } catch (SidecarException e) {
            if (e.status() / 100 != 4) {
                return; // it is sent once more
            }
        }
        synchronized (this) {
            lettingGo = lettingGo == token ? 0 : lettingGo;
        }
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
                sidecar.watch(() -> watching(true));
            } catch (SidecarException e) {
                missing = e.status() != 0;
                log.log(Level.DEBUG, "the watch has ended", e);
            }
            watching(false);
            boolean lived = System.nanoTime() - began >= LONGEST_PAUSE;
            pause = lived ? SHORT_PAUSE : Math.min(2 * pause, LONGEST_PAUSE);
            pause(missing ? NO_WATCH : pause, () -> closing);
        }
    }

    /** Rings; whether the watch goes on. */
    private boolean watching(boolean is) {
        watched = is;
        rung = true;
        changed();
        return !closing;
    }

    /** Tells the application. */
    private void tellOn() {
        for (Belief.Change change = next(); change != null; change = next()) {
            try {
                tell(change);
            } catch (RuntimeException e) {
                log.log(Level.ERROR, "a function for " + change.kind() + " has failed", e);
            }
            if (change.kind() == Belief.Kind.LOST && belief.isFinal) {
                letGo(change.token());
            }
        }
    }

    /** Waits for something to tell; null at the end. */
    private synchronized Belief.Change next() {
        for (;;) {
            belief.expired(clock.now());
            changed();
            if (!belief.changes.isEmpty() || closing) {
                return belief.changes.poll();
            }
            long left = belief.term == 0 ? LONGEST_PAUSE : belief.until - clock.now();
            pause(left, () -> closing || !belief.changes.isEmpty());
        }
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
}
